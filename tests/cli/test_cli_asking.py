"""Before real phones ring: the key, the question, and whoever is not there to be asked."""

import time

import pexpect
import pytest

from tests.program import KEY, Folder
from tests.standin import StandIn, numbers


def test_without_a_key_a_real_run_says_where_to_get_one_and_writes_nothing(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    before = served.names()
    for key in ("", "   "):
        result = served.run(env={"POKU_API_KEY": key})
        assert result.code == 2
        assert "POKU_API_KEY" in result.err
        assert "dashboard" in result.err
        assert "--simulate" in result.err
        assert result.out == ""
    assert served.names() == before
    assert standin.requests == []


@pytest.mark.parametrize(
    "key", [f"{KEY}\nX-Evil: 1", f"{KEY} two words", f"Bearer {KEY}", f"{KEY}é", f"{KEY}\x1b[0m"]
)
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(
    served: Folder, standin: StandIn, key: str
) -> None:
    served.people(numbers(1))
    result = served.run(env={"POKU_API_KEY": key})
    assert result.code == 2
    assert "POKU_API_KEY" in result.err
    assert "Bearer" in result.err
    assert not served.ledger.exists()
    assert standin.requests == []


def test_a_key_copied_with_white_space_around_it_is_the_key(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(1))
    assert served.run(env={"POKU_API_KEY": f"  {KEY}\r\n"}).code == 0
    assert standin.calls[0].header("authorization") == [f"Bearer {KEY}"]


def test_without_a_terminal_and_without_yes_nobody_is_called(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    result = served.do("run")
    assert result.code == 2, result
    assert "--yes" in result.err
    assert "--simulate" in result.err
    assert standin.requests == []
    assert not (served.path / "out.csv").exists()
    assert served.run().code == 0
    assert standin.numbers == numbers(2)


def test_the_question_says_how_many_where_and_from_which_number_and_no_means_no(
    served: Folder, standin: StandIn
) -> None:
    served.people([*numbers(3), "+442079460001", "+12"])
    terminal = served.spawn(size=(30, 200))
    terminal.expect(r"\[y/N\]")
    asked = str(terminal.before)
    assert "4 people" in asked
    assert "US 3, GB 1" in asked
    assert "+14155550100" in asked
    assert standin.url in asked
    terminal.sendline("n")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 4
    assert "nobody was called" in str(terminal.before)
    assert standin.requests == []
    assert served.do("status", "--json").json["states"]["pending"] == 4


def test_yes_at_the_question_calls_everybody_who_was_named(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    served.write(call=None)
    terminal = served.spawn("--limit", "2", size=(30, 200))
    terminal.expect(r"\[y/N\]")
    assert "2 people" in str(terminal.before)
    assert "your account's own number" in str(terminal.before)
    terminal.sendline("y")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 4
    assert standin.numbers == numbers(2)
    assert all("from" not in call.json for call in standin.calls)


def test_ctrl_c_at_the_question_calls_nobody(served: Folder, standin: StandIn) -> None:
    served.people(numbers(3))
    terminal = served.spawn()
    terminal.expect(r"\[y/N\]")
    time.sleep(0.2)
    asked_at = time.monotonic()
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert time.monotonic() - asked_at < 2
    assert terminal.exitstatus == 4
    assert "Traceback" not in str(terminal.before)
    assert "nobody was called" in str(terminal.before)
    assert standin.requests == []
    assert served.run().code == 0
    assert standin.numbers == numbers(3)


def test_where_nobody_is_left_nobody_is_asked(served: Folder, standin: StandIn) -> None:
    served.people(numbers(1))
    assert served.run().code == 0
    again = served.do("run")
    assert again.code == 0
    assert "real phones" not in again.err
    assert len(standin.calls) == 1
