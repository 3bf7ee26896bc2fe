"""The conversation of ``init``: answers by options, by a person, or by what was found."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import typer

from poku_batch.app.starting import (
    Look,
    in_the_way,
    is_pattern,
    likely_worksheet,
    look_at,
    look_at_sample,
    look_at_several,
    sheets_in,
    worksheets_of,
)
from poku_batch.campaign.fields import expanded
from poku_batch.cli.terminal import err, printable, say, shown
from poku_batch.contacts.columns import nearest
from poku_batch.drafting.questions import Question, one_of
from poku_batch.drafting.sample import COMPANY
from poku_batch.drafting.settling import Settled, settle
from poku_batch.errors import UsageError
from poku_batch.progress.words import one_line

_SAMPLE = "sample"


class Answers:
    """Answers questions: by options, else by a person, else by defaults that are sure.

    ``missing`` are the questions that nobody has answered.
    """

    def __init__(self, given: Mapping[str, str | None], *, asks: bool) -> None:
        """Take the options' values by their names, and whether there is somebody to ask."""
        self._given = {option: text for option, text in given.items() if text is not None}
        self._asks = asks
        self.missing: list[Question] = []

    def given(self, option: str) -> str | None:
        """What an option says, unchecked."""
        return self._given.get(option)

    def suppose(self, option: str, text: str) -> None:
        """Answer a question that no option answers."""
        self._given.setdefault(option, text)

    def __call__(self, question: Question) -> str:
        """Give an answer that the question takes; an empty one where there is none."""
        if question.option in self._given:
            try:
                return question.check(self._given[question.option])
            except ValueError as error:
                raise UsageError(f"{question.option}: {error}") from None
        if self._asks and question.is_asked:
            return _asked(question)
        if question.default is None or (question.is_asked and not question.sure):
            self.missing.append(question)
            return ""
        return question.default

    def require_all(self) -> None:
        """Raise ``UsageError`` with what is still to be said, if anything is."""
        if not self.missing:
            return
        lines = ["nobody can be asked here, so options must say this (nothing was written):"]
        lines += [f"  {_wish(question)}" for question in self.missing]
        raise UsageError("\n".join(lines))


def _wish(question: Question) -> str:
    found = f" ({one_line(question.found, limit=300)})" if question.found else ""
    choices = f" One of {', '.join(map(one_line, question.choices))}." if question.choices else ""
    likely = f", perhaps {one_line(question.default)}" if question.default else ""
    return f"{question.option}{likely}: {question.text}{found}{choices}"


def _asked(question: Question) -> str:
    """Ask until the answer is one; Enter takes the default."""
    say(err, "")
    if question.found:
        say(err, one_line(question.found, limit=400), style="dim")
    for number, (choice, meaning) in enumerate((question.choices or {}).items(), 1):
        say(err, f"  {number}  {one_line(choice)}{f': {one_line(meaning)}' if meaning else ''}")
    while True:
        default = question.default
        answer = typer.prompt(
            question.text,
            default="" if default is None else printable(default),
            show_default=bool(default),
            prompt_suffix=" ",
            err=True,
        )
        if default is not None and answer in {"", printable(default)}:
            return default
        if not answer.strip() and default is None:
            say(err, "Enter takes nothing here: please answer, or leave with Ctrl-C.")
            continue
        try:
            return question.check(str(answer))
        except ValueError as error:
            say(err, one_line(str(error), limit=400))


def chosen_look(folder: Path, answers: Answers, *, header_row: int | None) -> Look:
    """The sheet that the campaign is for: the one that is named, one of the folder, or a sample."""
    path = _chosen_sheet(folder, answers)
    if path is None:
        for option in ("--worksheet", "--header-row" if header_row else ""):
            if answers.given(option) is not None or option == "--header-row":
                raise UsageError(f"{option} is for a sheet: name it with --sheet")
        answers.suppose("--company", COMPANY)
        return look_at_sample()
    if is_pattern(path):
        worksheet = answers.given("--worksheet")
        return look_at_several(path, folder, worksheet=worksheet, header_row=header_row)
    worksheet = _chosen_worksheet(path, answers)
    return look_at(path, folder, worksheet=worksheet, header_row=header_row)


def _chosen_sheet(folder: Path, answers: Answers) -> Path | None:
    given = answers.given("--sheet")
    if given is not None:
        if _is_link(given):
            raise UsageError(f"--sheet: {_LINK}")
        return Path(given)
    sheets = sheets_in(folder)
    by_name = {path.name: path for path in sheets}
    names = [*by_name, _SAMPLE]
    question = Question(
        option="--sheet",
        text="Which sheet is it? Its number here, or the path of another:"
        if sheets
        else "Where is your sheet? Its path, or Enter for a small one to begin with:",
        choices={**dict.fromkeys(by_name, ""), _SAMPLE: "a small sheet to begin with"},
        check=partial(_sheet_named, names=names),
        default=names[0],
        sure=len(sheets) <= 1,
        found="" if sheets else f"There is no sheet in {shown(folder)}.",
    )
    answer = answers(question)
    answers.require_all()
    if answer == _SAMPLE:
        return None
    return by_name.get(answer) or expanded(answer)


def _sheet_named(text: str, *, names: list[str]) -> str:
    try:
        return one_of(names)(text)
    except ValueError:
        answer = text.strip()
    path = expanded(answer)
    if path.is_file() or (is_pattern(path) and any(path.parent.glob(path.name))):
        return answer
    if _is_link(answer):
        raise ValueError(_LINK)
    if path.is_dir():
        raise ValueError(f"{answer!r} is a folder: name a sheet in it")
    near = nearest(answer, names)
    raise ValueError(f"there is no file {answer!r}{f'; did you mean {near!r}?' if near else ''}")


_LINK = (
    "a link cannot be looked at here: save what it shows as a .csv file and begin with that; "
    "in the campaign, contacts.file can be the link"
)


def _is_link(text: str) -> bool:
    # A path has lost one of the slashes.
    return text.lower().startswith(("https:/", "http:/"))


def _chosen_worksheet(path: Path, answers: Answers) -> str | None:
    given = answers.given("--worksheet")
    if given is not None:
        return given
    names = worksheets_of(path)
    if len(names) < 2:
        return None
    question = Question(
        option="--worksheet",
        text="Which worksheet has the people to call?",
        choices=dict.fromkeys(names, ""),
        check=one_of(names),
        default=likely_worksheet(path, names),
        found=f"{path.name} has {len(names)} worksheets.",
    )
    return answers(question)


def settled(folder: Path, look: Look, answers: Answers) -> Settled:
    """Settle everything else. Raises ``UsageError`` with all that nobody has said."""
    found = settle(look.sheet, answers, lambda name: _shown_in_the_way(folder, name))
    answers.require_all()
    if found is None:
        raise UsageError("no column holds numbers to call: name one with --phone")
    return found


def _shown_in_the_way(folder: Path, name: str) -> str | None:
    path = in_the_way(folder, name)
    return None if path is None else shown(Path(path))
