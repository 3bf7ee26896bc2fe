"""Columns found by name, and the nearest where a name is wrong."""

import pytest

from poku_batch.contacts import find_phone_column, nearest, require_column
from poku_batch.errors import ContactsError


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["name", "Phone Number"], "Phone Number"),
        (["mobile", "PHONE"], "PHONE"),
        (["cell", "Mobile"], "Mobile"),
        (["Téléphone"], "Téléphone"),
        (["nombre", "Teléfono-Móvil"], "Teléfono-Móvil"),
        (["Handy"], "Handy"),
        (["telefoon_nummer"], "telefoon_nummer"),
        (["Celular"], "Celular"),
        (["Cellulare"], "Cellulare"),
        (["to"], "to"),
        (["phone", "Phone"], "phone"),
        (["name", "phonetic", "total", "account number"], None),
        ([], None),
    ],
)
def test_the_likeliest_phone_column_is_found(columns: list[str], found: str | None) -> None:
    assert find_phone_column(columns) == found


def test_the_nearest_name_ignores_case_and_spaces() -> None:
    assert nearest("first name", ["last_name", "First_Name"]) == "First_Name"
    assert nearest("fone", ["phone", "zip"]) == "phone"
    assert nearest("x", ["phone"]) is None
    assert nearest("x", []) is None


def test_a_required_column_gives_its_position_or_the_nearest_name() -> None:
    columns = ["name", "phone"]
    assert require_column("phone", columns, file="s.csv", key="contacts.phone") == 1
    with pytest.raises(ContactsError) as caught:
        require_column("Phone", columns, file="s.csv", key="contacts.phone")
    assert str(caught.value) == (
        's.csv: contacts.phone: there is no column "Phone" '
        '(did you mean "phone"? the columns are name, phone)'
    )


def test_a_long_list_of_columns_is_cut() -> None:
    with pytest.raises(ContactsError, match="c29 and 70 more"):
        require_column("zzz", [f"c{n}" for n in range(100)], file="s.csv", key="contacts.key")
