# SPDX-License-Identifier: GPL-3.0-or-later
"""The program `stipt`: its commands, and the one way out of it.

Command modules import what is heavy inside their functions, so that
`stipt --help` stays quick.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, NoReturn

import typer

from worker.cli import replaying
from worker.cli.failure import ExitCode, failure_of
from worker.cli.output import result, say

app = typer.Typer(
    name="stipt",
    help="Service level agreements as code, beside the helpdesk you already have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

_Command = tuple[str, Callable[..., None], str]

_COMMANDS: tuple[_Command, ...] = (("replay", replaying.replay, replaying.EPILOG),)

for _name, _function, _epilog in _COMMANDS:
    app.command(_name, epilog=_epilog)(_function)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        result(f"stipt {version('stipt')}")
        raise typer.Exit


@app.callback()
def _stipt(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Service level agreements as code, beside the helpdesk you already have."""
    del version


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command line; its exit code. Every error ends here."""
    command = next((one for one in arguments if not one.startswith("-")), "")
    try:
        code = app(args=list(arguments), prog_name="stipt", standalone_mode=False)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last stop: a sentence, an id, never a traceback
        if isinstance(error, _WRONG_USAGE):
            return _wrong_usage(error)
        failure = failure_of(error, command)
        for line in failure.lines:
            say(line)
        return failure.code
    return code if isinstance(code, int) else ExitCode.DONE


_WRONG_USAGE = typer.BadParameter.__mro__[1]
"""typer's base of every wrong usage; it has no public name of its own."""


def _wrong_usage(error: BaseException) -> int:
    show = getattr(error, "show", None)
    if callable(show):
        show()
    # typer ends with 2 here, which `plan --detailed-exitcode` needs for "there are changes".
    return ExitCode.USAGE


if __name__ == "__main__":
    main()
