"""What is shown without a command: the help as ``commands`` has it, and the version.

The help stands here word for word, so that it need not be put together of all commands each time; a
test compares.
"""

import shutil
from collections.abc import Sequence

#: The help on a terminal that is at least 80 columns wide.
_WIDTH = 80
_HELP = """\
Usage: poku-batch [OPTIONS] COMMAND [ARGS]...

  Call everyone in a spreadsheet through the Poku voice API, and get the
  spreadsheet back with what came of every call.

Options:
  --version             Print the version and leave.
  --install-completion  Install completion for the current shell.
  --show-completion     Show completion for the current shell, to copy it or
                        customize the installation.
  -h, --help            Show this message and exit.

Commands:
  init         Write a campaign and its template for a sheet of yours,...
  run          Call everyone of CAMPAIGN who is due, and write the results.
  check        Find every fault of CAMPAIGN without dialling, and say...
  preview      Show what one row of CAMPAIGN would be sent, and every...
  status       Say how CAMPAIGN stands: contacts by state and outcome,...
  retry        Put contacts of CAMPAIGN back to pending: the next run...
  resolve      Say what came of an unknown contact of CAMPAIGN; the...
  history      Tell who of CAMPAIGN was called when, why, with what...
  export       Write the results of CAMPAIGN again, from the ledger, and...
  report       Write a page of CAMPAIGN: figures, charts, and every contact.
  pause        Let no call of CAMPAIGN begin until it is resumed, in a...
  resume       Let calls of CAMPAIGN begin again, after pause.
  stop         Ask the run of CAMPAIGN that goes on to end, as Ctrl-C...
  recordings   Fetch the recordings of CAMPAIGN's calls into DIR, but for...
  test-call    Call your own phone once, with the prompt of one row of...
  forget       Erase a person from the ledger, in all campaigns and in...
  worker       Make the calls of distributed runs; any number of workers,...
  dashboard    Serve live pages for all campaigns of a folder, until Ctrl-C.
  simulator    Serve a simulated Poku API until Ctrl-C.
  schema       Print the JSON Schema of campaign files, for editors.
  do-not-call  Keep the list of numbers that no campaign of a folder...
  ledger       Look after the ledger: check, copy or move it.

  Begin with a rehearsal: poku-batch run CAMPAIGN --simulate. No phone rings.
"""


def front_page(arguments: Sequence[str]) -> str | None:
    """What a command line without a command is answered with; None where the commands know."""
    match arguments:
        case ["--help" | "-h"] if shutil.get_terminal_size().columns >= _WIDTH:
            return _HELP
        case ["--version"]:
            return f"{version_line()}\n"
        case _:
            return None


def version_line() -> str:
    """Name the program and its version."""
    from importlib.metadata import version

    return f"poku-batch {version('poku-batch')}"
