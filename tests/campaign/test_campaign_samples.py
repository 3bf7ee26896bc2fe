"""The samples: every row renders, and every number is valid and kept free for fiction."""

import csv
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from poku_batch.campaign import Campaign, load_campaign
from poku_batch.errors import PhoneError
from poku_batch.languages import LANGUAGES, VOICES
from poku_batch.models import SheetRow
from poku_batch.phone import parse_phone
from poku_batch.prompts import RenderedRow, RowTemplates, read_prompt

ROOT = Path(__file__).parents[2]
NAMES = ("appointment_confirmations", "arrival_calls", "rerun_failed_rows", "spreadsheet_outreach")
FICTION = re.compile(
    r"\+1\d{3}55501\d\d|\+44(207946|161496)0\d{3}|\+6125550\d{4}|\+61491570(006|156|157|158|159)"
    r"|\+33199\d{6}|\+493023125\d{3}"
)


def sheet_of(campaign: Campaign) -> list[tuple[str, ...]]:
    file = campaign.contacts.file.path
    assert file is not None
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as stream:
            return [tuple(row) for row in csv.reader(stream)]
    sheet = load_workbook(file).active
    assert sheet is not None
    return [tuple(str(c or "") for c in row) for row in sheet.iter_rows(values_only=True)]


def numbers_of(campaign: Campaign) -> dict[int, str | None]:
    """The number of each row, None where it is invalid."""
    columns, *rows = sheet_of(campaign)
    at = columns.index(campaign.contacts.phone or "phone")
    numbers: dict[int, str | None] = {}
    for row, cells in enumerate(rows, start=2):
        try:
            numbers[row] = parse_phone(cells[at], campaign.contacts.region).e164
        except PhoneError:
            numbers[row] = None
    return numbers


def rendered_rows(campaign: Campaign) -> list[RenderedRow]:
    columns, *rows = sheet_of(campaign)
    assert campaign.prompt.file is not None
    templates = RowTemplates.compile(
        prompt=read_prompt(campaign.prompt.file),
        prompt_name=str(campaign.prompt.file),
        folder=campaign.prompt.file.parent,
        call=campaign.call.templates,
        columns=columns,
        campaign={"name": campaign.name, "wave": campaign.wave},
    )
    assert templates.missing() == []
    return [
        templates.render(SheetRow(row=row, cells=cells), to="+1", key="k", number=1)
        for row, cells in enumerate(rows, start=2)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_renders_to_a_call_that_the_api_takes(name: str) -> None:
    for rendered in rendered_rows(load_campaign(ROOT / "campaigns" / f"{name}.yaml")):
        assert "an AI assistant" in rendered.prompt or "AI assistant" in rendered.prompt
        assert "# Voicemail" in rendered.prompt
        assert "{{" not in rendered.prompt
        assert rendered.call.get("language", "en-US") in LANGUAGES
        assert rendered.call.get("voice", "female") in VOICES
        for key in ("from", "transfer_to"):
            if key in rendered.call:
                assert FICTION.fullmatch(rendered.call[key])


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_number_can_ring(name: str) -> None:
    numbers = numbers_of(load_campaign(ROOT / "campaigns" / f"{name}.yaml"))
    assert all(FICTION.fullmatch(number) for number in numbers.values() if number)


def test_the_appointments_show_one_invalid_number_and_one_duplicate() -> None:
    numbers = numbers_of(load_campaign(ROOT / "campaigns" / "appointment_confirmations.yaml"))
    assert len(numbers) == 24
    assert [row for row, number in numbers.items() if number is None] == [10]
    valid = [number for number in numbers.values() if number]
    assert [row for row, number in numbers.items() if number and valid.count(number) > 1] == [2, 20]


def test_the_arrivals_are_in_ten_cities_and_show_each_reason_not_to_be_called() -> None:
    campaign = load_campaign(ROOT / "campaigns" / "arrival_calls.yaml")
    columns, *cells = sheet_of(campaign)
    rows = [dict(zip(columns, row, strict=True)) for row in cells]
    assert len({row["city"] for row in rows}) == 10
    assert {row["agreed"] for row in rows} == {"yes", "no"}
    for column in ("timezone", "vip", "not_before", "not_after"):
        assert any(row[column] for row in rows)
        assert not all(row[column] for row in rows)
    numbers = numbers_of(campaign)
    assert len(set(numbers.values())) == len(rows) == 40
    with campaign.do_not_call[0].open(encoding="utf-8", newline="") as stream:
        listed = {parse_phone(row["phone"], "US").e164 for row in csv.DictReader(stream)}
    assert len(listed & set(numbers.values())) == 3


def test_the_arrivals_use_every_key_that_says_who_is_called_when() -> None:
    text = (ROOT / "campaigns" / "arrival_calls.yaml").read_text(encoding="utf-8")
    for key in (
        "timezone priority consent from reserve calls_per_minute ramp_up max_calls budget "
        "per_number per_caller_id pricing redial jitter by_outcome calling_hours days between "
        "by_day holidays not_on do_not_call circuit_breaker outcomes outcomes_by labels fields "
        "hooks on_result on_finish"
    ).split():
        assert re.search(rf"\b{key}:", text), key


@pytest.mark.parametrize(("name", "rows"), [("rerun_failed_rows", 8), ("spreadsheet_outreach", 20)])
def test_every_other_sample_row_can_be_called(name: str, rows: int) -> None:
    numbers = list(numbers_of(load_campaign(ROOT / "campaigns" / f"{name}.yaml")).values())
    assert len(set(numbers)) == rows
    assert None not in numbers


def test_the_outreach_speaks_several_languages_and_transfers_by_row() -> None:
    rendered = rendered_rows(load_campaign(ROOT / "campaigns" / "spreadsheet_outreach.yaml"))
    assert len({row.call["language"] for row in rendered}) >= 5
    assert len({row.call.get("transfer_to") for row in rendered}) >= 5
    assert any("transfer_to" not in row.call for row in rendered)


def test_the_rerun_knows_how_the_earlier_call_went() -> None:
    prompts = [row.prompt for row in rendered_rows(
        load_campaign(ROOT / "campaigns" / "rerun_failed_rows.yaml")
    )]  # fmt: skip
    for part in ("it has been corrected", "nobody answered", "the line was engaged"):
        assert any(part in prompt for prompt in prompts)
