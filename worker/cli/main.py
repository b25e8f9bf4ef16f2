# SPDX-License-Identifier: GPL-3.0-or-later
"""The program `stipt`: its commands, and the one way out of it.

Only the command that is asked for is imported, and it imports what is heavy
inside its functions, so that `stipt --help` stays quick.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from worker.cli.command_list import COMMANDS, GROUPS
from worker.cli.exit_codes import ExitCode
from worker.cli.wrong_usage import show_wrong_usage

if TYPE_CHECKING:
    from typer._click import Context


_HELP = "Service level agreements as code, beside the helpdesk you already have."


def program(wanted: str | None) -> typer.Typer:
    """The program with all its commands, of which only `wanted` is loaded (None: all are)."""
    app = typer.Typer(
        name="stipt",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_stipt)
    groups = {
        name: typer.Typer(help=told, no_args_is_help=True, cls=_group_of(name))
        for name, told in GROUPS.items()
    }
    for command in COMMANDS:
        loaded = wanted is None or wanted == (command.group or command.name)
        function = command.function() if loaded else _not_loaded
        register = groups.get(command.group, app).command(
            command.own_name, help=command.summary, epilog=f"Example: {command.example}"
        )
        register(function)
    for name, group in groups.items():
        app.add_typer(group, name=name)
    return app


class _Reports(typer.core.TyperGroup):
    """`stipt report acme` means `stipt report customer acme`."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Put the command in where none is named."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["customer", *args]
        return super().parse_args(ctx, args)


def _group_of(name: str) -> type[typer.core.TyperGroup] | None:
    return _Reports if name == "report" else None


def _not_loaded() -> None:
    """Stands in the list of commands for one that was not asked for."""


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"stipt {version('stipt')}")
        raise typer.Exit


def _stipt(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    del version


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command line; its exit code. Every error ends here."""
    command = next((one for one in arguments if not one.startswith("-")), "")
    completing = "_STIPT_COMPLETE" in os.environ
    try:
        app = program(None if completing else command)
        code = app(args=list(arguments), prog_name="stipt", standalone_mode=False)
    except typer.Abort as aborted:
        # A question was left unanswered: by Ctrl-C, or because nobody is there to answer.
        if isinstance(aborted.__context__, KeyboardInterrupt):
            return ExitCode.INTERRUPTED
        typer.echo("\nno answer, so nothing was changed; --yes does not ask", err=True)
        return ExitCode.ERROR
    except typer.TyperException as error:
        return show_wrong_usage(error)
    except SystemExit as end:
        # Whoever read the output has seen enough: `stipt plan | head`.
        if isinstance(end.__context__, BrokenPipeError):
            return ExitCode.UNREAD
        raise
    except Exception as error:  # noqa: BLE001 - the last stop: a sentence or an id, no traceback
        from worker.cli.failure import failure_of

        failure = failure_of(error, command)
        for line in failure.lines:
            typer.echo(line, err=True)
        return failure.code
    return code if isinstance(code, int) else ExitCode.DONE


if __name__ == "__main__":
    main()
