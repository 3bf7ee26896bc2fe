"""The program ``poku-batch``: its commands put together, its errors told, its exit codes kept."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.checking import check, schema
from poku_batch.cli.deciding import resolve, retry
from poku_batch.cli.do_not_calling import do_not_call
from poku_batch.cli.exits import ExitCode
from poku_batch.cli.leaving import INTERRUPTED, leave_in_order
from poku_batch.cli.ledgers import forget, ledger
from poku_batch.cli.previewing import preview
from poku_batch.cli.reading import export, status
from poku_batch.cli.remembering import history
from poku_batch.cli.running import run
from poku_batch.cli.simulating import simulator
from poku_batch.cli.starting import init
from poku_batch.cli.streams import keep_streams
from poku_batch.cli.terminal import err, print_error, say
from poku_batch.cli.test_calling import call_own_phone
from poku_batch.cli.usage import is_usage_error, usage_words
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
        from importlib.metadata import version

        typer.echo(f"poku-batch {version('poku-batch')}")
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


for command in (init, run, check, preview, status, retry, resolve, history, export):
    app.command()(command)
app.command("test-call")(call_own_phone)
app.add_typer(do_not_call)
app.add_typer(ledger)
app.command()(forget)
app.command()(simulator)
app.command()(schema)


def main() -> None:
    """Run the program and leave with its exit code."""
    keep_streams()
    leave_in_order()
    sys.exit(_run())


def _run() -> int:
    try:
        Path.cwd()
    except FileNotFoundError:
        print_error("the folder that this is started in is gone; change into another one")
        return ExitCode.USAGE
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
        err.print(traceback.format_exc(), markup=False, soft_wrap=True)
        print_error("this is a fault in poku-batch; what was called is in the ledger")
        return ExitCode.FAULT
    if code == INTERRUPTED:
        print_error("stopped")
        return ExitCode.STOPPED
    return code if isinstance(code, int) else ExitCode.OK


def _wrong_usage(error: Exception) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        say(err, str(error))
    else:
        print_error(usage_words(error))
    return ExitCode.USAGE
