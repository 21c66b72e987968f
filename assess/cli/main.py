"""The command line's one way in, and the one place where an error becomes text."""

from __future__ import annotations

import codecs
import errno
import os
import sys
import traceback
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup

from assess.clean import clean
from assess.cli.baseline import baseline
from assess.cli.demo import demo
from assess.cli.distill import distill
from assess.cli.doctor import doctor
from assess.cli.exit_codes import ExitCode
from assess.cli.fidelity import fidelity
from assess.cli.fit import fit
from assess.cli.gate import gate
from assess.cli.history import history
from assess.cli.inspect import inspect
from assess.cli.interrupts import end_interrupted, quit_on_signals, quit_on_signals_again, raise_on_signals
from assess.cli.judge import judge
from assess.cli.lab import lab
from assess.cli.list import list_
from assess.cli.measure import measure
from assess.cli.profile import profile
from assess.cli.stderr import complain, unfailing
from assess.cli.suite import suite
from assess.cli.target import target
from assess.errors import AssessError, ProcessFailedError

#: What writing to a stream fails with; anything else without a file's name is another fault of the system.
_OF_OUTPUT = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)


class _Commands(TyperGroup):
    """Turns what goes wrong below into text and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            raise_on_signals()
            return super().invoke(ctx)
        except AssessError as error:
            complain(error)
            failed = isinstance(error, ProcessFailedError)
            raise typer.Exit(ExitCode.FAILED if failed else ExitCode.BAD_INPUT) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:  # Whoever read our output has seen enough, as `head` does.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - or Python complains when it flushes at its end
            raise typer.Exit(ExitCode.CUT_OFF) from None
        except OSError as error:  # A path that the system refuses, or the output itself.
            of_output = error.filename is None and error.errno in _OF_OUTPUT
            where = "standard output" if of_output else clean(str(error.filename or "the system refuses"))
            typer.echo(f"error: {where:.200}: {error.strerror or error}", err=True)
            raise typer.Exit(ExitCode.BAD_INPUT) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            # The tool's own vocabulary of errors ends here; usage errors of the command line have one of their own.
            if hasattr(error, "exit_code"):
                raise
            traceback.print_exc()
            typer.echo("error: assess itself failed; this is a bug, please report it with the lines above", err=True)
            raise typer.Exit(ExitCode.BUG) from None
        finally:  # Python may take a moment to end, and would tell an exception with a traceback.
            quit_on_signals_again()


app = typer.Typer(
    cls=_Commands,
    name="assess",
    help="Is this ONNX model ready for that device and that job, and how do we know?",
    epilog="Start with: assess demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (fit, inspect, measure, judge, gate, history, fidelity, suite, doctor, demo):
    app.command()(_command)
app.command("list")(list_)
app.add_typer(baseline, name="baseline")
app.add_typer(profile, name="profile")
app.add_typer(distill, name="distill")
app.add_typer(target, name="target")
app.add_typer(lab, name="lab")


def _version(wanted: bool) -> None:
    if wanted:
        from assess import __version__

        typer.echo(f"assess {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Is this ONNX model ready for that device and that job, and how do we know?"""


def _open_missing_streams() -> None:
    """Stand in for standard streams that were closed: else the next file or pipe takes their place."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115, PTH123
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Characters that the output has no bytes for, as JSON and TOML escape them: in these it is the same text then."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end


def main() -> None:
    """Run the command line."""
    _open_missing_streams()
    sys.stderr = unfailing(sys.stderr)
    # Names of files may be no text, and terminals lack letters: no reason to fail once there is a result.
    codecs.register_error("assess.escape", _escape)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="assess.escape")
    quit_on_signals()
    try:
        app(prog_name="assess")
    except SystemExit as ended:
        if ended.code == ExitCode.INTERRUPTED:
            end_interrupted()
        raise
    sys.exit(0)
