"""The program ``poku-batch``: its commands put together, its errors told, its exit codes kept."""

import sys
import traceback
from typing import Annotated

import typer

from poku_batch.cli.checking import check, preview, schema
from poku_batch.cli.exits import ExitCode
from poku_batch.cli.reading import export, status
from poku_batch.cli.running import run
from poku_batch.cli.simulating import simulator
from poku_batch.cli.terminal import err, print_error
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


for command in (run, check, preview, status, export, simulator, schema):
    app.command()(command)


def main() -> None:
    """Run the program and leave with its exit code."""
    sys.exit(_run())


def _run() -> int:
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.USAGE
    except PokuBatchError as error:
        print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        print_error("stopped")
        return ExitCode.STOPPED
    except BrokenPipeError:
        # The reader of our output has left, as ``head`` does; what was to be kept is in files.
        sys.stderr.close()
        return ExitCode.FAULT
    except Exception:
        err.print(traceback.format_exc(), markup=False, soft_wrap=True)
        print_error("this is a fault in poku-batch; what was called is in the ledger")
        return ExitCode.FAULT
    return ExitCode.OK
