"""Which column is what, for sheets as clinics, shops and agencies have them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from poku_batch.drafting.campaign_text import draft_campaign
from poku_batch.drafting.columns import Column
from poku_batch.drafting.numbers import guess_region, looks_like_number
from tests.drafting.drafting_sheets import columns_of, numbers, settled


@dataclass(frozen=True)
class Case:
    """Headings, what their cells are, and what is to be found.

    A cell's kind is a country (its numbers as people write them there), ``XX!`` for E.164, or one
    of ``_CELLS``. ``region`` is a country, ``-`` where none is needed, ``?`` where it is asked.
    """

    headings: str
    cells: str
    phone: str
    region: str = "-"
    key: str = ""
    language: str = "en-US"


_CELLS: dict[str, Callable[[int], str]] = {
    "id": lambda n: f"B-{1000 + n * 7}",
    "seq": lambda n: str(n + 1),
    "long": lambda n: str(4150000000 + n * 7919),
    "name": lambda n: ["Ana", "Ben", "Chen", "Dora", "Eve", "Finn", "Gül", "Hugo"][n % 8],
    "same": lambda _n: "west",
    "day": lambda n: f"2027-03-{n + 1:02}",
    "dmy": lambda n: f"{n + 1:02}.03.2027",
    "birth": lambda n: f"19{50 + n}-05-0{n + 1}",
    "clock": lambda n: f"{9 + n}:30",
    "moment": lambda n: f"2027-03-{n + 1:02} 09:30",
    "mail": lambda n: f"a{n}@example.com",
    "zip": lambda n: str(10115 + n),
    "money": lambda n: f"{n * 10},50 €",
    "empty": lambda _n: "",
    "zone": lambda _n: "Europe/Berlin",
    "words": lambda n: ["Spanish", "English"][n % 2],
    "tags": lambda n: ["de-DE", "fr-FR"][n % 2],
    "yes": lambda n: ["yes", "no"][n % 2],
}

CASES = [
    # English
    Case("First Name,Last Name,Phone", "name,name,US", "Phone", "US"),
    Case(
        "Name,Phone Number,Appointment",
        "name,US,moment",
        "Phone Number",
        "US",
        "Phone Number,Appointment",
    ),
    Case(
        "What's your name?,What number can we reach you on?",
        "name,US",
        "What number can we reach you on?",
        "US",
    ),
    Case("Booking ID,Name,Phone", "id,name,US", "Phone", "US", "Booking ID"),
    Case(
        "Patient ID,First Name,Mobile Phone,Home Phone",
        "id,name,US,US",
        "Mobile Phone",
        "US",
        "Patient ID",
    ),
    Case("Name,Home Phone,Cell Phone", "name,US,US", "Cell Phone", "US"),
    Case("name,phone,fax", "name,US,US", "phone", "US"),
    Case("name,fax number,tel", "name,US,US", "tel", "US"),
    Case("Name,Emergency Contact Phone,Phone", "name,US,US", "Phone", "US"),
    Case("Customer,Number", "name,US!", "Number"),
    Case("to,message", "US!,name", "to"),
    Case("Name,Contact Number,DOB", "name,US,birth", "Contact Number", "US"),
    Case("Account,Phone", "long,US", "Phone", "US", "Account"),
    Case("Member No,Name,Phone", "long,name,US", "Phone", "US", "Member No"),
    Case("#,Name,Phone", "seq,name,US", "Phone", "US"),
    Case("No.,Name,Phone", "seq,name,US", "Phone", "US"),
    Case("Name,Zip Code,Phone", "name,zip,US", "Phone", "US"),
    Case(
        "Order Number,Customer,Mobile Number", "id,name,US", "Mobile Number", "US", "Order Number"
    ),
    Case("First Name,Phone,City", "name,CA,same", "Phone", "CA"),
    Case("Full Name,Mobile", "name,GB", "Mobile", "GB", language="en-GB"),
    Case("Name,Mobile", "name,AU!", "Mobile", language="en-AU"),
    Case("Name,Mobile", "name,NZ", "Mobile", "NZ", language="en-NZ"),
    Case("Name,Cell", "name,ZA!", "Cell", language="en-GB"),
    Case(
        "Name,Phone,Language",
        "name,US,words",
        "Phone",
        "US",
        language="{{ {\"english\": 'en-US', \"spanish\": 'es-419'}"
        ".get(language | trim | lower, 'en-US') }}",
    ),
    Case(
        "Name,Phone,Preferred Language",
        "name,DE!,tags",
        "Phone",
        language="{{ preferred_language or 'de-DE' }}",
    ),
    Case("Client,Column1,Column2", "name,US!,mail", "Column1"),
    Case(
        "firstName,lastName,phoneNumber,orderId", "name,name,US,id", "phoneNumber", "US", "orderId"
    ),
    Case("Name,WhatsApp", "name,IN!", "WhatsApp", language="en-IN"),
    # German
    Case("Vorname,Nachname,Telefon,Handy", "name,name,DE,DE", "Handy", "DE", language="de-DE"),
    Case(
        "Kundennummer,Name,Mobilnummer", "id,name,DE", "Mobilnummer", "DE", "Kundennummer", "de-DE"
    ),
    Case(
        "Kunde,Rufnummer,Termin,Uhrzeit",
        "name,DE,dmy,clock",
        "Rufnummer",
        "DE",
        "Rufnummer,Termin",
        "de-DE",
    ),
    Case(
        "Nachname,Telefon geschäftlich,Handynummer,Betrag",
        "name,DE,DE,money",
        "Handynummer",
        "DE",
        language="de-DE",
    ),
    Case("Lfd Nr,Vorname,Telefon", "seq,name,AT", "Telefon", "AT", language="de-DE"),
    Case("Vorname,Mobil,PLZ", "name,CH,zip", "Mobil", "CH", language="de-DE"),
    # French
    Case("Prénom,Nom,Téléphone", "name,name,FR", "Téléphone", "FR", language="fr-FR"),
    Case(
        "Nom,Tél. fixe,Tél. portable,Date de RDV",
        "name,FR,FR,dmy",
        "Tél. portable",
        "FR",
        "Tél. portable,Date de RDV",
        "fr-FR",
    ),
    Case(
        "N° client,Nom,Numéro de téléphone",
        "id,name,FR",
        "Numéro de téléphone",
        "FR",
        language="fr-FR",
    ),
    Case("Référence,Prénom,Portable", "id,name,BE!", "Portable", key="Référence", language="fr-FR"),
    # Spanish
    Case("Nombre,Apellidos,Móvil", "name,name,ES", "Móvil", "ES", language="es-ES"),
    Case(
        "Nombre,Teléfono fijo,Celular,Fecha,Hora",
        "name,MX,MX,dmy,clock",
        "Celular",
        "MX",
        "Celular,Fecha",
        "es-419",
    ),
    Case("Código,Nombre,Teléfono", "id,name,AR", "Teléfono", "AR", "Código", "es-419"),
    # Portuguese
    Case("Nome,Celular,Data", "name,BR,dmy", "Celular", "BR", "Celular,Data", "pt-BR"),
    Case(
        "Nome,Telemóvel,Consulta", "name,PT,dmy", "Telemóvel", "PT", "Telemóvel,Consulta", "pt-PT"
    ),
    # Dutch
    Case("Voornaam,Achternaam,Mobiel", "name,name,NL", "Mobiel", "NL", language="nl-NL"),
    Case(
        "Klantnummer,Naam,Telefoonnummer,Afspraak",
        "id,name,NL,dmy",
        "Telefoonnummer",
        "NL",
        "Klantnummer",
        "nl-NL",
    ),
    Case("Voornaam,GSM", "name,BE", "GSM", "BE", language="nl-BE"),
    # Italian, and where the country must be asked
    Case("Nome,Cognome,Cellulare", "name,name,IT", "Cellulare", "IT", language="it-IT"),
    Case("Namn,Mobil", "name,SE", "Mobil", "?"),
    Case("Name,Phone", "name,JP", "Phone", "?"),
    Case("Name,Phone", "name,ZA", "Phone", "?"),
    Case("Name,Phone", "name,AU", "Phone", "?"),
]


def table_of(case: Case) -> list[list[str]]:
    headings, kinds = case.headings.split(","), case.cells.split(",")
    columns = []
    for kind in kinds:
        if kind in _CELLS:
            columns.append([_CELLS[kind](n) for n in range(8)])
        else:
            style = "plus" if kind.endswith("!") else "national"
            columns.append(numbers(kind.rstrip("!"), style=style))
    return [headings, *map(list, zip(*columns, strict=True))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.headings)
def test_a_sheet_of_any_kind_is_understood(case: Case) -> None:
    found, asked = settled(table_of(case))
    assert found is not None
    choices = found.choices
    assert choices.phone == case.phone
    if case.region == "?":
        assert list(asked.missing) == ["--region"]
        return
    assert not asked.missing
    assert choices.region == (None if case.region == "-" else case.region)
    assert ",".join(choices.key) == case.key
    assert choices.language == case.language


@pytest.mark.parametrize(
    "table",
    [
        [["Name", "Email"], ["Ana", "a@example.com"]],
        [["Name", "Phone"], ["Ana", ""]],
        [["Name", "Phone"], ["Ana", "ask her"]],
        [["Name", "Phone"], ["Ana", "123"]],
        [["Name", "Date"], ["Ana", "2027-03-02"], ["Ben", "2027-03-03"]],
        [["ID", "Name"], ["4150000000", "Ana"], ["4150000001", "Ben"], ["4150000002", "Eve"]],
        [["Name", "Fax"], ["Ana", "+14155550123"]],
    ],
)
def test_without_numbers_to_call_no_column_is_taken_for_them(table: list[list[str]]) -> None:
    found, asked = settled(table)
    assert found is None
    assert "--phone" in asked.missing


@pytest.mark.parametrize("region", ["US", "CA", "GB", "DE", "FR", "ES", "NL", "BR", "IT", "AU"])
@pytest.mark.parametrize("style", ["national", "bare", "international", "plus", "00"])
def test_a_country_that_is_taken_makes_the_numbers_valid_and_of_that_country(
    region: str, style: str
) -> None:
    column = Column(name="Phone", letter="A", cells=tuple(numbers(region, style=style)))
    guess = guess_region(column, [column])
    if style in {"international", "plus"}:
        assert (guess.region, guess.sure) == (None, True)
    elif guess.sure:
        assert guess.region == region, guess.why
    else:
        assert guess.region in {None, *guess.others}


def test_numbers_with_a_country_code_tell_where_the_others_are_from() -> None:
    cells = (*numbers("SE", style="plus"), *numbers("SE"))
    column = Column(name="Mobil", letter="A", cells=cells)
    assert guess_region(column, [column]).region == "SE"


def test_a_column_of_countries_tells_where_numbers_are_from() -> None:
    table = [["Phone", "Country"], *[[number, "Austria"] for number in numbers("AT")]]
    columns = columns_of(table)
    assert guess_region(columns[0], columns).region == "AT"
    mixed = columns_of([*table, ["0664 123456", "Germany"]])
    assert "country column" not in guess_region(mixed[0], mixed).why


def test_a_phone_column_that_is_mostly_empty_does_not_come_first() -> None:
    rows = [["Ana", "" if n else number, number] for n, number in enumerate(numbers("US"))]
    found, _ = settled([["Name", "Mobile", "Home Phone"], *rows])
    assert found is not None
    assert found.choices.phone == "Home Phone"


def test_a_number_in_several_rows_is_told_apart_by_its_day() -> None:
    number = numbers("US")[0]
    rows = [[number, f"2027-03-0{day}"] for day in (1, 2, 3)]
    found, _ = settled([["Phone", "Appointment"], *rows], purpose="survey")
    assert found is not None
    assert found.choices.key == ("Phone", "Appointment")
    assert "\n  # duplicates: all #" in draft_campaign(found.choices)
    twice, _ = settled([["Phone", "Appointment"], *rows, rows[0]], purpose="survey")
    assert twice is not None
    assert twice.choices.key == ()
    assert any("only the first" in note for note in twice.notes)


def test_a_number_of_rows_that_stands_twice_is_told_and_not_taken() -> None:
    rows = [[f"L-{min(n, 6)}", number] for n, number in enumerate(numbers("US"))]
    found, _ = settled([["Lead ID", "Phone"], *rows])
    assert found is not None
    assert found.choices.key == ()
    assert any(
        "column A, Lead ID, would number the rows, but 'L-6' stands in 2" in note
        for note in found.notes
    )


@pytest.mark.parametrize(
    ("purpose", "day", "key"),
    [
        ("appointment", "2027-03-02", ("Phone", "Appointment")),
        ("reminder", "2027-03-02", ("Phone", "Appointment")),
        ("appointment", "", ()),
        ("survey", "2027-03-02", ()),
        ("outreach", "2027-03-02", ()),
    ],
)
def test_whoever_has_another_appointment_next_week_is_called_for_that_too(
    purpose: str, day: str, key: tuple[str, ...]
) -> None:
    first, second = numbers("US")[:2]
    rows = [["Ana", first, "2027-03-01"], ["Ben", second, day], ["Eve", "", ""]]
    found, _ = settled([["Name", "Phone", "Appointment"], *rows], purpose=purpose)
    assert found is not None
    assert found.choices.key == key


def test_the_place_in_a_list_is_no_key_since_somebody_else_stands_there_tomorrow() -> None:
    for heading in ("#", "No", "Nr.", "Row"):
        rows = [[str(n), number] for n, number in enumerate(numbers("US"), 1)]
        found, _ = settled([[heading, "Phone"], *rows])
        assert found is not None
        assert found.choices.key == (), heading


@pytest.mark.parametrize(
    ("heading", "cells", "values"),
    [
        ("Consent", ["yes", "no", ""], ("yes",)),
        ("Opt-in", ["TRUE", "FALSE", "TRUE"], ("TRUE",)),
        ("Einwilligung", ["ja", "nein", "Ja"], ("ja", "Ja")),
        ("Consent", ["", "", ""], ("yes",)),
        ("Do not call", ["no", "yes", ""], ("no",)),
        ("DNC", ["x", "", ""], ("no",)),
        ("Do Not Call", ["", "", ""], None),
        ("Permission", ["admin", "editor", "editor"], None),
    ],
)
def test_whoever_has_not_agreed_is_not_called(
    heading: str, cells: list[str], values: tuple[str, ...] | None
) -> None:
    rows = list(zip(numbers("US", 6), cells, strict=False))
    found, _ = settled([["Phone", heading], *rows])
    assert found is not None
    permission = found.choices.roles.permission
    assert (permission and permission.values) == values
    assert any(heading in note for note in found.notes)


def test_columns_that_bound_when_a_row_may_be_called_are_used_if_all_can_be_read() -> None:
    phones = numbers("US", 4)
    for cell, used in (("2027-03-01", True), ("next week", False)):
        found, _ = settled([["Phone", "Earliest"], *[[phone, cell] for phone in phones]])
        assert found is not None
        assert (found.choices.roles.not_before is not None) is used
        assert any("Earliest" in note for note in found.notes) is not used


@pytest.mark.parametrize(
    ("headings", "first", "last", "name"),
    [
        ("First Name,Last Name", "First Name", "Last Name", None),
        ("Prénom,Nom", "Prénom", "Nom", None),
        ("Voornaam,Naam", "Voornaam", "Naam", None),
        ("Customer,Company", None, None, "Customer"),
        ("Company Name,Contact", None, None, "Contact"),
        ("Doctor Name,Patient", None, None, "Patient"),
        ("Email,Street", None, None, None),
    ],
)
def test_the_name_of_the_person_to_call_is_found(
    headings: str, first: str | None, last: str | None, name: str | None
) -> None:
    rows = [[phone, "Ana", "Berg"] for phone in numbers("US", 4)]
    found, _ = settled([["Phone", *headings.split(",")], *rows])
    assert found is not None
    roles = found.choices.roles
    names = [column and column.name for column in (roles.first_name, roles.last_name, roles.name)]
    assert names == [first, last, name]


@pytest.mark.parametrize(
    ("headings", "cells", "day", "clock"),
    [
        ("Date,Time", "2027-03-02,09:30", "Date", "Time"),
        ("Termin,Uhrzeit", "02.03.2027,9.30", "Termin", "Uhrzeit"),
        ("Appointment,Time", "2027-03-02 09:30,09:30", "Appointment", None),
        ("DOB,Visit", "1980-03-02,3/2/2027", "Visit", None),
        ("Created at,Due", "2026-01-02,2 March 2027", "Due", None),
        ("Birth Date,Time", "1980-03-02,09:30", None, None),
    ],
)
def test_the_day_of_a_call_is_no_birthday(
    headings: str, cells: str, day: str | None, clock: str | None
) -> None:
    rows = [[phone, *cells.split(",")] for phone in numbers("US", 4)]
    found, _ = settled([["Phone", *headings.split(",")], *rows])
    assert found is not None
    roles = found.choices.roles
    assert (roles.day and roles.day.name) == day
    assert (roles.clock and roles.clock.name) == clock


@pytest.mark.parametrize(
    ("cell", "is_one"),
    [
        ("+1 (415) 555-0123", True),
        ("tel:+14155550123", True),
        ("4.41E+11", True),
        ("030/1234567", True),
        ("415.555.0123 x12", True),
        ("2027-03-02", False),
        ("02.03.2027", False),
        ("02.03.2027 09:30", False),
        ("12345", False),
        ("B-100234567", False),
        ("1234567.89 EUR", False),
    ],
)
def test_a_number_is_told_from_a_date_by_how_it_is_written(cell: str, *, is_one: bool) -> None:
    assert looks_like_number(cell) is is_one


def test_what_is_said_is_taken_whatever_the_sheet_says() -> None:
    rows = [[phone, phone] for phone in numbers("US", 4)]
    found, asked = settled(
        [["Mobile", "Other"], *rows],
        phone="b", region="uk", key="Other,mobile", language="German", name="spring",
    )  # fmt: skip
    assert found is not None
    assert not asked.missing
    choices = found.choices
    assert (choices.phone, choices.region) == ("Other", "GB")
    assert choices.key == ("Other", "Mobile")
    assert (choices.language, choices.name) == ("de-DE", "spring")


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("phone", "Mobil", "did you mean 'Mobile'"),
        ("key", "Mobile,Nmae", "did you mean 'Name'"),
        ("region", "Narnia", "two letters"),
        ("language", "Klingon", "such as en-US"),
        ("from", "12", "+14155550100"),
        ("name", "My Campaign", "did you mean my-campaign"),
        ("company", "  ", "empty"),
        ("purpose", "sell", "outreach"),
    ],
)
def test_an_answer_that_cannot_be_used_says_what_could_be(
    option: str, text: str, words: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        settled([["Mobile", "Name"], ["+14155550123", "Ana"]], **{option: text})
