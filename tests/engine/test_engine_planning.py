"""Rows of a sheet as enrolments and as requests: keys, numbers, call values, faults."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.engine.compose import Composed, Composer, Unfit
from poku_batch.engine.permits import PermitColumns, Permits
from poku_batch.engine.plan import KeyColumns, Planner, enrol
from poku_batch.errors import ContactsError, Fault, PromptError
from poku_batch.languages import LANGUAGES
from poku_batch.models import CallRequest, Enrolment, EnrolmentReport, SheetRow
from poku_batch.prompts import RowTemplates
from tests.engine.engine_clock import START

COLUMNS = ("phone", "day", "name")
BY_NUMBER = KeyColumns(phone=0, key=None)
BY_COLUMNS = KeyColumns(phone=0, key=(1, 2), names=("day", "name"))


def composer(prompt: str = "Hello {{ name }}.", call: Mapping[str, str] | None = None) -> Composer:
    templates = RowTemplates.compile(
        prompt=prompt,
        prompt_name="prompt.j2",
        folder=None,
        call=call or {},
        columns=COLUMNS,
        campaign={"name": "clinic", "wave": ""},
    )
    return Composer(templates, region="US")


def planner_of(maker: Composer, columns: KeyColumns = BY_NUMBER) -> Planner:
    """A planner of a campaign that calls everybody at any time."""
    permits = Permits(
        hours=None,
        timezone="contact",
        default_timezone=None,
        columns=PermitColumns(),
        consent_values=(),
        listed=lambda _number: None,
    )
    return Planner(maker, columns, permits, region="US", now=START)


def planned(
    *cells: str, columns: KeyColumns = BY_NUMBER, maker: Composer | None = None
) -> Enrolment:
    planner = planner_of(maker or composer(), columns)
    [enrolment] = planner.plan([SheetRow(row=7, cells=cells)])
    return enrolment


# --- keys and numbers --------------------------------------------------------------------------


def test_a_row_without_key_columns_is_known_by_its_number() -> None:
    made = planned("(415) 555-0100", "Mon", "Ada")
    assert (made.row, made.key, made.to, made.country) == (7, "+14155550100", "+14155550100", "US")
    assert made.skip_reason is None
    assert made.cells == ("(415) 555-0100", "Mon", "Ada")


def test_a_key_of_several_columns_is_joined_and_stripped() -> None:
    assert planned("4155550100", " Mon ", "Ada", columns=BY_COLUMNS).key == "Mon | Ada"


def test_a_number_in_the_key_has_one_form_however_it_is_written() -> None:
    columns = KeyColumns(phone=0, key=(0, 1), names=("phone", "day"))
    for written in ("(415) 555-0100", "+1 415.555.0100", " 4155550100"):
        assert planned(written, "Mon", "Ada", columns=columns).key == "+14155550100 | Mon"


def test_different_cells_never_make_the_same_key() -> None:
    one = planned("4155550100", "a | b", "c", columns=BY_COLUMNS)
    assert one.key != planned("4155550100", "a", "b | c", columns=BY_COLUMNS).key


def test_a_key_that_is_empty_in_part_is_a_key() -> None:
    assert planned("4155550100", "", "Ada", columns=BY_COLUMNS).key == " | Ada"


def test_a_row_whose_key_is_empty_is_skipped_and_names_the_columns() -> None:
    made = planned("4155550100", " ", "", columns=BY_COLUMNS)
    assert (made.key, made.to) == (None, "+14155550100")
    assert made.skip_reason == "no key: 'day' and 'name' empty in this row"


def test_a_row_with_an_invalid_number_and_a_key_keeps_the_key() -> None:
    made = planned("none yet", "Mon", "Ada", columns=BY_COLUMNS)
    assert (made.key, made.to, made.country) == ("Mon | Ada", None, None)
    assert made.skip_reason == "no number in 'none yet'"


def test_a_row_with_an_invalid_number_and_no_other_key_has_none() -> None:
    made = planned("", "Mon", "Ada")
    assert (made.key, made.to, made.skip_reason) == (None, None, "no number")


def test_the_reason_of_a_row_without_number_and_key_is_the_number() -> None:
    assert planned("", "", "", columns=BY_COLUMNS).skip_reason == "no number"


@given(st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_any_cells_are_planned_without_a_fault(phone: str, day: str, name: str) -> None:
    for columns in (BY_NUMBER, BY_COLUMNS):
        made = planned(phone, day, name, columns=columns)
        assert made.cells == (phone, day, name)
        assert made.skip_reason is not None or (made.key is not None and made.to is not None)


# --- call values -------------------------------------------------------------------------------


def request(call: Mapping[str, str], *cells: str) -> CallRequest | Unfit:
    row = SheetRow(row=2, cells=cells or ("4155550100", "Mon", "Ada"))
    made = composer(call=call).compose(row, to="+14155550100", key="k", number=1)
    return made.request if isinstance(made, Composed) else made


@pytest.mark.parametrize(
    ("cell", "priority"), [("", 0), ("5", 5), ("100", 100), ("7.0", 7), ("007", 7)]
)
def test_a_row_has_the_priority_that_its_expression_gives(cell: str, priority: int) -> None:
    maker = composer(call={"contacts.priority": "{{ name }}"})
    assert planned("4155550100", "Mon", cell, maker=maker).priority == priority


@pytest.mark.parametrize("cell", ["101", "-1", "high", "1.5", "٣"])
def test_a_priority_that_is_no_whole_number_to_100_skips_the_row(cell: str) -> None:
    maker = composer(call={"contacts.priority": "{{ name }}"})
    reason = planned("4155550100", "Mon", cell, maker=maker).skip_reason
    assert reason == f"contacts.priority: {cell!r} is not a whole number from 0 to 100"


def test_a_request_holds_the_prompt_and_leaves_to_the_api_what_is_empty() -> None:
    assert request({}) == CallRequest(to="+14155550100", prompt="Hello Ada.")
    assert request({"language": "", "voice": "{{ '' }}", "transfer_to": ""}) == request({})


@pytest.mark.parametrize("tag", LANGUAGES)
def test_languages_are_taken_in_any_case_and_with_underscores(tag: str) -> None:
    for written in (tag, tag.lower(), tag.upper(), tag.lower().replace("-", "_")):
        made = request({"language": written})
        assert isinstance(made, CallRequest)
        assert made.language == tag


@pytest.mark.parametrize(("written", "voice"), [("FEMALE", "female"), (" Male ", "male")])
def test_voices_are_taken_in_any_case(written: str, voice: str) -> None:
    made = request({"voice": written})
    assert isinstance(made, CallRequest)
    assert made.voice == voice


def test_caller_and_transfer_numbers_are_sent_as_e164() -> None:
    made = request({"from": "415 555 0111", "transfer_to": "+44 20 7946 0018"})
    assert isinstance(made, CallRequest)
    assert (made.from_, made.transfer_to) == ("+14155550111", "+442079460018")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ({"language": "en"}, "call.language: 'en' is not a language of the API"),
        ({"language": "{{ day }}"}, "call.language: 'Mon' is not a language of the API"),
        ({"voice": "robot"}, "call.voice: 'robot' is not one of female, male"),
        ({"transfer_to": "{{ name }}"}, "call.transfer_to: no number in 'Ada'"),
        ({"from": "12"}, "call.from: "),
    ],
)
def test_a_value_that_the_api_does_not_take_skips_the_row_with_its_reason(
    call: Mapping[str, str], reason: str
) -> None:
    unfit = request(call)
    assert isinstance(unfit, Unfit)
    assert unfit.reason.startswith(reason)
    made = planned("4155550100", "Mon", "Ada", maker=composer(call=call))
    assert made.skip_reason == unfit.reason


def test_a_language_that_is_nearly_right_is_suggested() -> None:
    unfit = request({"language": "de-D"})
    assert isinstance(unfit, Unfit)
    assert unfit.reason.endswith("; did you mean de-DE?")


def test_a_long_value_is_cut_in_its_reason() -> None:
    unfit = request({"language": "x" * 10_000})
    assert isinstance(unfit, Unfit)
    assert len(unfit.reason) < 200


# --- template faults ---------------------------------------------------------------------------

BROKEN = "{% if name == 'bad' %}{{ 1 / 0 }}{% endif %}Hello {{ name }}."


def plan_many(bad: int) -> Planner:
    planner = planner_of(composer(BROKEN))
    planner.plan([SheetRow(row=1, cells=("4155550100", "", "good"))])
    planner.plan(
        [SheetRow(row=n + 2, cells=(f"415555{n:04d}", "", "bad")) for n in range(100, 100 + bad)]
    )
    return planner


def test_a_sheet_without_faults_raises_none() -> None:
    plan_many(0).raise_faults()


@pytest.mark.parametrize("bad", [1, 20])
def test_up_to_twenty_faulty_rows_are_told_one_by_one(bad: int) -> None:
    with pytest.raises(PromptError) as raised:
        plan_many(bad).raise_faults()
    assert [fault.row for fault in raised.value.faults] == list(range(102, 102 + bad))


def test_more_than_twenty_faulty_rows_are_counted() -> None:
    with pytest.raises(PromptError) as raised:
        plan_many(1_520).raise_faults()
    assert len(raised.value.faults) == 21
    assert raised.value.faults[-1] == Fault(message="… and 1,500 more rows with such faults")


def test_rows_that_cannot_be_called_are_not_rendered() -> None:
    planner = planner_of(composer(BROKEN))
    [made] = planner.plan([SheetRow(row=2, cells=("nobody", "", "bad"))])
    planner.raise_faults()
    assert made.skip_reason == "no number in 'nobody'"


# --- enrolling ---------------------------------------------------------------------------------


class Kept:
    """An enrolment session that keeps what it is given."""

    def __init__(self) -> None:
        self.batches: list[list[Enrolment]] = []

    async def add(self, rows: Sequence[Enrolment]) -> None:
        self.batches.append(list(rows))

    async def again(self, _source: str) -> None:
        raise AssertionError("not asked for")

    async def preview(self, **_named: object) -> EnrolmentReport:
        raise AssertionError("not asked for")

    async def commit(self, **_named: object) -> EnrolmentReport:
        raise AssertionError("the caller's to do")


def batches(*names: str, fault: Exception | None = None) -> Iterator[list[SheetRow]]:
    for index, name in enumerate(names):
        yield [SheetRow(row=index + 2, cells=(f"415555{index + 100:04d}", "", name))]
    if fault is not None:
        raise fault


@pytest.mark.anyio
async def test_a_sheet_is_handed_over_batch_by_batch_and_its_rows_are_counted() -> None:
    kept, heard = Kept(), list[int]()
    planner = planner_of(composer())
    await enrol(batches("a", "b", "c"), planner, kept, progress=heard.append)
    assert [[made.row for made in batch] for batch in kept.batches] == [[2], [3], [4]]
    assert heard == [1, 2, 3]


@pytest.mark.anyio
async def test_an_empty_sheet_and_an_empty_batch_are_enrolled() -> None:
    kept = Kept()
    await enrol([[], []], planner_of(composer()), kept)
    assert kept.batches == [[], []]


@pytest.mark.anyio
async def test_a_sheet_that_breaks_in_the_middle_raises_its_fault() -> None:
    fault = ContactsError([Fault(message="too many fields", row=4)])
    with pytest.raises(ContactsError, match="too many fields"):
        await enrol(batches("a", fault=fault), planner_of(composer()), Kept())


@pytest.mark.anyio
async def test_rows_that_cannot_be_rendered_raise_when_the_whole_sheet_was_read() -> None:
    kept = Kept()
    with pytest.raises(PromptError):
        await enrol(batches("bad", "good"), planner_of(composer(BROKEN)), kept)
    assert len(kept.batches) == 2
