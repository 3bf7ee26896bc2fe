"""The commands of ``poku-batch`` put together, and what they end with told."""

import sys
import traceback
from typing import Annotated

import typer

from poku_batch.cli.checking import check, schema
from poku_batch.cli.controlling import pause, resume, stop
from poku_batch.cli.dashboarding import dashboard
from poku_batch.cli.deciding import resolve, retry
from poku_batch.cli.do_not_calling import do_not_call
from poku_batch.cli.exits import ExitCode
from poku_batch.cli.front import version_line
from poku_batch.cli.leaving import INTERRUPTED
from poku_batch.cli.ledgers import forget, ledger
from poku_batch.cli.previewing import preview
from poku_batch.cli.reading import export, status
from poku_batch.cli.recording import recordings
from poku_batch.cli.remembering import history
from poku_batch.cli.reporting import report
from poku_batch.cli.running import run
from poku_batch.cli.simulating import simulator
from poku_batch.cli.starting import init
from poku_batch.cli.terminal import print_error, say
from poku_batch.cli.test_calling import call_own_phone
from poku_batch.cli.usage import is_usage_error, usage_words
from poku_batch.cli.working import worker
from poku_batch.errors import PokuBatchError

app = typer.Typer(
    name="poku-batch",
    help="Call everyone in a spreadsheet through the Poku voice API, and get the spreadsheet back "
    "with what came of every call.",
    epilog="Begin with a rehearsal: poku-batch run CAMPAIGN --simulate. No phone rings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version_line())
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    pass


for command in (init, run, check, preview, status, retry, resolve, history, export, report):
    app.command()(command)
for control in (pause, resume, stop):
    app.command()(control)
app.command()(recordings)
app.command("test-call")(call_own_phone)
app.add_typer(do_not_call)
app.add_typer(ledger)
app.command()(forget)
app.command()(worker)
app.command()(dashboard)
app.command()(simulator)
app.command()(schema)


def run_command() -> int:
    """Run the command that the arguments ask for; give the exit code."""
    try:
        code = app(prog_name="poku-batch", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        print_error("stopped")
        return ExitCode.STOPPED
    except PokuBatchError as error:
        print_error(str(error))
        return error.exit_code
    except Exception as error:
        if is_usage_error(error):
            return _wrong_usage(error)
        from poku_batch.cli.terminal import err

        err.print(traceback.format_exc(), markup=False, soft_wrap=True)
        print_error("this is a fault in poku-batch; what was called is in the ledger")
        return ExitCode.FAULT
    if code == INTERRUPTED:
        print_error("stopped")
        return ExitCode.STOPPED
    return code if isinstance(code, int) else ExitCode.OK


def _wrong_usage(error: Exception) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        from poku_batch.cli.terminal import err

        say(err, str(error))
    else:
        print_error(usage_words(error))
    return ExitCode.USAGE
