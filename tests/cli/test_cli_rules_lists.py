"""Who must not be called: consent, do-not-call files and lists, wishes heard in a call."""

from tests.program import Folder, Process, Program
from tests.standin import StandIn, numbers, said


def test_who_has_not_agreed_is_skipped_and_the_row_says_so(
    served: Folder, standin: StandIn
) -> None:
    answers = ["yes", "no", "", "YES", "maybe"]
    rows = [(f"P{n}", number, answers[n]) for n, number in enumerate(numbers(5))]
    served.write_sheet(rows, ("name", "phone", "agreed"))
    served.write(contacts={"file": "sheet.csv", "consent": "agreed"})
    check = served.do("check")
    assert "row 3: no consent: 'no' in column 'agreed'" in check.out
    assert "call 2, skip 3" in check.out
    ended = served.run()
    assert ended.code == 0, ended
    assert standin.numbers == [numbers(5)[0], numbers(5)[3]]
    assert served.states() == ["done", "skipped", "skipped", "done", "skipped"]
    assert "no consent" in served.results()[4]["call_error"]


def test_a_consent_column_that_is_not_there_is_a_fault_and_nobody_is_called(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    served.write(contacts={"file": "sheet.csv", "consent": "agred"})
    for command in ("check", "run"):
        wrong = served.do(command, *(["--yes"] if command == "run" else []))
        assert wrong.code == 2
        assert "contacts.consent.column" in wrong.err
        assert "agred" in wrong.err
    assert standin.requests == []


def test_who_is_in_a_file_is_never_called_and_a_bad_file_stops_the_run_before_it_begins(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    served.write(do_not_call="stop.csv")
    missing = served.run()
    assert missing.code == 2
    assert "stop.csv" in missing.err
    (served.path / "stop.csv").write_text(f"phone\n{numbers(3)[1]}\nnonsense\n")
    wrong = served.run()
    assert wrong.code == 2
    assert "stop.csv" in wrong.err
    assert "3" in wrong.err
    assert standin.requests == []
    (served.path / "stop.csv").write_text(f"phone\n{numbers(3)[1]}\n")
    assert served.run().code == 0
    assert served.states() == ["done", "skipped", "done"]
    assert "stop.csv" in served.results()[1]["call_error"]
    assert standin.numbers == [numbers(3)[0], numbers(3)[2]]


def rehearsing(folder: Folder, program: Program, stop: str) -> Process:
    """A rehearsal of sixty people under way, one every two seconds; an hour takes a minute.

    So do the fifteen seconds between two looks at the file take a quarter of one.
    """
    folder.people(numbers(60))
    (folder.path / "stop.csv").write_text(stop)
    limits = {"concurrency": 60, "calls_per_minute": 30}
    folder.write(do_not_call="stop.csv", limits=limits)
    process = program.start("run", "campaign.yaml", "--simulate", "--speed", "60", cwd=folder.path)
    process.wait_for("60 contacts")
    return process


def test_a_file_that_is_edited_while_a_run_goes_on_is_heeded(
    folder: Folder, program: Program
) -> None:
    process = rehearsing(folder, program, "phone\n")
    (folder.path / "stop.csv").write_text("\n".join(["phone", *numbers(60)[30:]]))
    ended = process.ended().checked()
    assert ended.code in {0, 3}, ended
    states = folder.states("out.simulated.csv")
    assert states[30:] == ["skipped"] * 30
    assert "skipped" not in states[:30]
    assert "stop.csv" in folder.results("out.simulated.csv")[59]["call_error"]


def test_a_file_that_can_no_longer_be_read_is_told_and_what_was_read_stands(
    folder: Folder, program: Program
) -> None:
    process = rehearsing(folder, program, "\n".join(["phone", *numbers(60)[58:]]))
    (folder.path / "stop.csv").write_text("phone\nnonsense\n")
    process.wait_for("what was read before stands")
    assert "stop.csv" in process.err
    assert process.ended().checked().code in {0, 3}
    assert folder.states("out.simulated.csv")[58:] == ["skipped"] * 2


def test_whoever_asks_one_campaign_not_to_be_called_is_skipped_by_the_others(
    served: Folder, standin: StandIn, program: Program
) -> None:
    served.people(numbers(2))
    served.write(outcomes={"confirmed": ["confirmed"]})
    wish = "Confirmed the appointment, and asked not to be called again."
    standin.act(numbers(2)[0], said(wish))
    assert served.run().code == 0
    assert served.results()[0]["call_outcome"] == "confirmed"
    listed = program.run("do-not-call", "list", "campaign.yaml", cwd=served.path)
    assert listed.out.count("heard in a call") == 1

    served.write(name="other", output="other.csv")
    assert "do-not-call list" in served.do("check").out
    assert served.run().code == 0
    assert served.states("other.csv") == ["skipped", "done"]
    assert "do-not-call list" in served.results("other.csv")[0]["call_error"]
    assert standin.numbers == sorted([numbers(2)[0], numbers(2)[1], numbers(2)[1]])


def test_a_row_has_a_time_of_its_own(served: Folder, standin: StandIn) -> None:
    rows = [
        ("Now", numbers(3)[0], "", ""),
        ("Later", numbers(3)[1], "2099-01-01", ""),
        ("Over", numbers(3)[2], "", "2001-01-01"),
    ]
    served.write_sheet(rows, ("name", "phone", "not_before", "not_after"))
    left = served.run("--no-wait")
    assert left.code == 5, left
    assert "not before the row's time" in left.out
    assert served.states() == ["done", "pending", "skipped"]
    assert "not_after" in served.results()[2]["call_error"]
    assert standin.numbers == numbers(1)
