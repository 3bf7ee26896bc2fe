"""``init``: from somebody's own sheet to a campaign that rehearses."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import anyio
import openpyxl
import pexpect
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.app.checking import check_campaign
from poku_batch.app.starting import look_at, start_campaign
from poku_batch.campaign import load_campaign
from poku_batch.drafting.purposes import PLANS, Purpose
from poku_batch.drafting.settling import settle
from poku_batch.errors import PokuBatchError, UsageError
from tests.drafting.drafting_sheets import Defaults, numbers
from tests.program import Program, Result

_PEOPLE = (
    ("Booking ID", "First Name", "Mobile", "Date", "Time", "Doctor"),
    ("B-1", "Ana", "(415) 555-0123", "2027-03-02", "09:30", "Dr. Osei"),
    ("B-2", "Ben", "(212) 555-0147", "2027-03-02", "10:15", "Dr. Osei"),
    ("B-3", "Chen", "(312) 555-0168", "2027-03-03", "14:00", ""),
)
_COMPANY = ("--company", "Cedar Street Clinic")
_APPOINTMENT = ("--purpose", "appointment", *_COMPANY)


def write_csv(path: Path, rows: Sequence[Sequence[str]] = _PEOPLE) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


class Desk:
    """A folder of somebody's, and the program."""

    def __init__(self, path: Path, program: Program) -> None:
        self.path = path
        self._program = program

    def do(self, *args: str | Path) -> Result:
        return self._program.run(*args, cwd=self.path)

    def init(self, *args: str | Path) -> Result:
        return self.do("init", *args)

    def talk(self, *args: str | Path) -> "pexpect.spawn[str]":
        return self._program.spawn("init", *args, cwd=self.path, size=(40, 200))

    def names(self) -> set[str]:
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file()}


@pytest.fixture
def desk(tmp_path: Path, program: Program) -> Desk:
    path = tmp_path / "my desk"
    path.mkdir()
    return Desk(path, program)


@pytest.mark.parametrize("purpose", Purpose)
def test_each_purpose_gives_a_campaign_that_checks_and_rehearses(
    desk: Desk, purpose: Purpose
) -> None:
    write_csv(desk.path / "people.csv")
    before = (desk.path / "people.csv").read_bytes()
    written = desk.init("--sheet", "people.csv", "--purpose", purpose, *_COMPANY)
    assert written.code == 0, written
    name = PLANS[purpose].name
    assert desk.names() == {"people.csv", f"{name}.yaml", f"prompts/{name}.md.j2"}
    assert (desk.path / "people.csv").read_bytes() == before
    assert f"poku-batch check {name}.yaml" in written.out
    check = desk.do("check", f"{name}.yaml")
    assert check.code == 0, check
    # Now or later: it may be night where some of them are.
    assert "To call by country: US 3" in check.out, check.out
    run = desk.do("run", f"{name}.yaml", "--simulate", "--yes")
    assert run.code in {0, 3}, run
    with (desk.path / "results" / f"{name}.simulated.csv").open(encoding="utf-8") as file:
        assert {row["call_status"] for row in csv.DictReader(file)} <= {"done", "failed"}


@pytest.mark.parametrize(
    ("cell", "spoken"),
    [("2027-03-02", True), ("2027-03-02 09:30", True), ("next week 2/3/2027", False)],
)
def test_days_are_put_into_words_where_every_one_of_them_can_be_read(
    desk: Desk, cell: str, *, spoken: bool
) -> None:
    rows = [("+14155550123", cell), ("+14155550124", "2027-04-02 10:30"), ("+14155550125", "")]
    write_csv(desk.path / "people.csv", [("Phone", "Appointment"), *rows])
    assert desk.init(*_APPOINTMENT).code == 0
    preview = desk.do("preview", "appointment-confirmations.yaml")
    assert preview.code == 0, preview
    assert ("March" in preview.out) is spoken
    assert (f"on {cell}" in preview.out) is not spoken


def test_without_a_sheet_there_is_one_to_begin_with(desk: Desk) -> None:
    result = desk.init("demo", "--purpose", "appointment")
    assert result.code == 0, result
    assert "demo/people.csv: a sheet of invented people" in result.out
    assert desk.names() == {
        "demo/people.csv",
        "demo/appointment-confirmations.yaml",
        "demo/prompts/appointment-confirmations.md.j2",
    }
    assert desk.do("check", "demo/appointment-confirmations.yaml").code == 0


def test_the_only_sheet_of_a_folder_is_taken_and_of_several_one_must_be_named(desk: Desk) -> None:
    write_csv(desk.path / "people.csv")
    (desk.path / "~$people.xlsx").write_bytes(b"a lock")
    assert desk.init(*_APPOINTMENT).code == 0
    write_csv(desk.path / "others.csv")
    asked = desk.init(*_APPOINTMENT, "--name", "second")
    assert asked.code == 2
    assert "--sheet" in asked.err
    assert "One of others.csv, people.csv, sample." in asked.err


def test_what_is_missing_is_told_at_once_and_nothing_is_written(desk: Desk) -> None:
    rows = [[f"Person {n}", number] for n, number in enumerate(numbers("SE"))]
    write_csv(desk.path / "people.csv", [["Name", "Phone"], *rows])
    result = desk.init("new/folder", "--sheet", "people.csv", "--yes")
    assert result.code == 2
    for option in ("--purpose", "--company", "--region"):
        assert option in result.err
    assert "could be from" in result.err
    assert desk.names() == {"people.csv"}
    assert not (desk.path / "new").exists()


def test_a_second_campaign_in_the_folder_needs_another_name_and_writes_over_nothing(
    desk: Desk,
) -> None:
    write_csv(desk.path / "people.csv")
    assert desk.init(*_APPOINTMENT).code == 0
    campaign = desk.path / "appointment-confirmations.yaml"
    campaign.write_text("name: mine\n")
    for name in ((), ("--name", "appointment-confirmations")):
        again = desk.init(*_APPOINTMENT, *name)
        assert again.code == 2
        assert "appointment-confirmations.yaml is there already" in again.err
        assert "appointment-confirmations-2" in again.err
    assert campaign.read_text() == "name: mine\n"
    assert desk.init(*_APPOINTMENT, "--name", "appointment-confirmations-2").code == 0
    assert desk.init("--purpose", "survey", *_COMPANY).code == 0


def test_a_link_that_leads_nowhere_is_not_written_through(desk: Desk) -> None:
    write_csv(desk.path / "people.csv")
    (desk.path / "mine.yaml").symlink_to(desk.path / "elsewhere.yaml")
    result = desk.init(*_APPOINTMENT, "--name", "mine")
    assert result.code == 2
    assert not (desk.path / "elsewhere.yaml").exists()
    assert not (desk.path / "prompts").exists()


def test_a_workbook_with_a_title_and_several_worksheets_is_read_as_it_is(desk: Desk) -> None:
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes.title = "Notes"
    notes.append(["read me"])
    people = book.create_sheet("March 2027")
    people.append(["Appointments of March"])
    people.append([])
    for row in _PEOPLE:
        people.append(list(row))
    book.save(desk.path / "clinic.xlsx")
    result = desk.init(
        "calls", *_APPOINTMENT, "--sheet", "clinic.xlsx", "--worksheet", "March 2027"
    )
    assert result.code == 0, result
    assert "row 3" in result.out
    campaign = load_campaign(desk.path / "calls" / "appointment-confirmations.yaml")
    assert campaign.contacts.sheet == "March 2027"
    assert campaign.contacts.header_row == 3
    assert campaign.contacts.file.path == desk.path / "clinic.xlsx"
    check = desk.do("check", "calls/appointment-confirmations.yaml")
    assert check.code == 0, check
    assert "To call by country: US 3" in check.out, check.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Name,Phone\n", "no rows"),
        (b"Name,Name\na,b\n", "have the same name"),
        (b"Name,Phone,call_status\nAna,+14155550123,done\n", "call_status"),
        (b"PK\x03\x04nonsense", "people.csv"),
        (b"Name,Mail\nAna,a@example.com\n", "no column looks like phone numbers"),
        (b"Name,Phone\nAna,12\n", "--phone"),
    ],
)
def test_a_sheet_that_cannot_be_used_is_refused_with_why(
    desk: Desk, content: bytes, words: str
) -> None:
    (desk.path / "people.csv").write_bytes(content)
    result = desk.init(*_APPOINTMENT)
    assert result.code == 2, result
    assert words in result.err
    assert desk.names() == {"people.csv"}


@pytest.mark.parametrize("name", ["a*b.csv", "what?.csv"])
def test_a_file_that_a_campaign_would_take_for_a_pattern_is_to_be_renamed(
    desk: Desk, name: str
) -> None:
    write_csv(desk.path / name)
    result = desk.init("--sheet", name, *_APPOINTMENT)
    assert result.code == 2
    assert "rename it" in result.err
    assert desk.names() == {name}
    assert not (desk.path / "prompts").exists()


@pytest.mark.parametrize(
    "name", ["~home.csv", "-.csv", "my people: 2027 #1.csv", "yes.csv", "é.csv"]
)
def test_a_file_of_any_other_name_is_found_again(desk: Desk, name: str) -> None:
    write_csv(desk.path / name)
    assert desk.init(*_APPOINTMENT, f"--sheet={name}").code == 0
    assert desk.do("check", "appointment-confirmations.yaml").code == 0


def test_headings_cannot_steer_the_terminal_nor_the_template(desk: Desk) -> None:
    odd = ["Phone", "First Name\x1b[31m{{ 7 * 7 }}", "if", '"]}}{% raw %}']
    write_csv(desk.path / "people.csv", [odd, ["+14155550123", "Ana", "x", "y"]])
    result = desk.init(*_APPOINTMENT, "--key", '"]}}{% raw %}')
    assert result.code == 0, result  # and Result.checked saw no control character
    preview = desk.do("preview", "appointment-confirmations.yaml")
    assert preview.code == 0, preview
    assert "Am I speaking with Ana?" in preview.out


def test_of_a_large_sheet_it_says_how_far_it_was_looked_at(desk: Desk) -> None:
    with (desk.path / "people.csv").open("w") as file:
        file.write("id,phone\n")
        file.writelines(f"B-{n},+1415555{n % 10000:04}\n" for n in range(5_000))
    result = desk.init(*_APPOINTMENT)
    assert result.code == 0, result
    assert "never twice in the first 1,000" in result.out


# --- at a terminal -----------------------------------------------------------------------------


def answered(talk: "pexpect.spawn[str]", *answers: tuple[str, str]) -> str:
    """Answer questions by their words, in order, and give all that was said."""
    said = ""
    for words, answer in answers:
        talk.expect_exact(words)
        said += str(talk.before) + words
        talk.sendline(answer)
    talk.expect(pexpect.EOF)
    talk.close()
    return said + str(talk.before)


def test_a_conversation_leads_from_a_sheet_to_a_campaign(desk: Desk) -> None:
    write_csv(desk.path / "people.csv")
    said = answered(
        desk.talk(),
        ("Which sheet is it?", ""),
        ("What are the calls for?", "7"),
        ("is not one of", "1"),
        ("Who is calling?", "Cedar Street Clinic"),
        ("What do they have with you", "check-up"),
        ("Which column holds the numbers", "Mobil"),
        ("did you mean 'Mobile'?", ""),
        ("Which country are numbers", ""),
        ("What tells a row from the others", ""),
        ("Which language?", ""),
        ("Which number of yours", ""),
        ("What is the campaign called?", "spring"),
    )
    assert "column C, Mobile: 3 of 3 cells are numbers that can be called" in said
    assert "[US]" in said
    assert "[Booking ID]" in said
    assert "poku-batch check spring.yaml" in said
    assert desk.names() == {"people.csv", "spring.yaml", "prompts/spring.md.j2"}
    assert "check-up" in (desk.path / "prompts" / "spring.md.j2").read_text()
    assert desk.do("check", "spring.yaml").code == 0


def test_ctrl_c_and_the_end_of_input_leave_nothing_behind(desk: Desk) -> None:
    write_csv(desk.path / "people.csv")
    for leave in ("sendintr", "sendeof"):
        talk = desk.talk("new")
        talk.expect_exact("Where is your sheet?")
        talk.sendline("people.csv")
        talk.expect_exact("What are the calls for?")
        getattr(talk, leave)()
        talk.expect(pexpect.EOF)
        talk.close()
        assert talk.exitstatus == 4
        assert "nothing was written" in str(talk.before)
        assert "Traceback" not in str(talk.before)
    assert desk.names() == {"people.csv"}
    assert not (desk.path / "new").exists()


def test_with_yes_nothing_is_asked_at_a_terminal_either(desk: Desk) -> None:
    write_csv(desk.path / "people.csv")
    said = answered(desk.talk("--yes", *_APPOINTMENT))
    assert "?" not in said
    assert "appointment-confirmations.yaml" in desk.names()


# --- any sheet ---------------------------------------------------------------------------------

_HEADINGS = st.sampled_from(
    "Phone Mobile Name First_Name if row contact Date Time Language Consent DNC ID Zeit {{x}} "
    "{%raw%} #} a:b é Timezone Earliest Country".split()
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
_CELLS = st.sampled_from(
    ["+14155550123", "(415) 555-0123", "030 123456", "Ana", "", "yes", "no", "2027-03-02", "09:30",
     "Spanish", "de-DE", "{{ 7*7 }}", "x" * 300, "4.1E+10", "Europe/Berlin", '"', "\u202e"]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    headings=st.lists(_HEADINGS, min_size=1, max_size=5, unique=True),
    rows=st.lists(st.lists(_CELLS, min_size=5, max_size=5), min_size=1, max_size=4),
    purpose=st.sampled_from(Purpose),
    company=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10),
)
def test_any_sheet_is_refused_or_gives_a_campaign_that_a_run_would_start(
    tmp_path_factory: pytest.TempPathFactory,
    headings: list[str],
    rows: list[list[str]],
    purpose: Purpose,
    company: str,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    sheet = write_csv(folder / "people.csv", [headings, *[row[: len(headings)] for row in rows]])

    async def start() -> None:
        try:
            look = look_at(sheet, folder)
            answers = Defaults(purpose=purpose, company=company, region="US")
            found = settle(look.sheet, answers, lambda _name: None)
            if found is None or answers.missing:
                return
            started = await start_campaign(folder, found.choices, look)
        except (PokuBatchError, ValueError):
            assert {path.name for path in folder.iterdir()} == {"people.csv"}
            return
        report = await check_campaign(load_campaign(started.campaign))
        assert report.report.counts.total

    anyio.run(start)


def test_a_file_that_appears_during_the_conversation_is_not_written_over(tmp_path: Path) -> None:
    look = look_at(write_csv(tmp_path / "people.csv"), tmp_path)
    found = settle(look.sheet, Defaults(purpose="survey", company="C"), lambda _name: None)
    assert found is not None
    mine = tmp_path / "prompts" / "survey.md.j2"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        anyio.run(start_campaign, tmp_path, found.choices, look)
    assert mine.read_text() == "mine"
    assert not (tmp_path / "survey.yaml").exists()


def test_the_order_of_columns_does_not_matter(tmp_path: Path) -> None:
    order = list(range(len(_PEOPLE[0])))
    found = set()
    for seed in range(10):
        random.Random(seed).shuffle(order)  # noqa: S311
        folder = tmp_path / str(seed)
        folder.mkdir()
        sheet = write_csv(folder / "people.csv", [[row[at] for at in order] for row in _PEOPLE])
        settled = settle(
            look_at(sheet, folder).sheet,
            Defaults(purpose="appointment", company="C"),
            lambda _name: None,
        )
        assert settled is not None
        choices = settled.choices
        found.add((choices.phone, choices.key, choices.region, choices.language))
    assert found == {("Mobile", ("Booking ID",), "US", "en-US")}
