# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line that cannot be understood: said in our words, with one exit code."""

import typer

from worker.cli.exit_codes import ExitCode

_WORDS = {
    "int_parsing": '"{input}" is not a whole number',
    "int_parsing_size": '"{input}" is too large',
    "int_from_float": '"{input}" is not a whole number',
    "float_parsing": '"{input}" is not a number',
    "finite_number": '"{input}" is not a number',
    "greater_than_equal": '"{input}" is too small: at least {ge}',
    "less_than_equal": '"{input}" is too large: at most {le}',
}
"""What a value of a flag can be refused for, by the validator's own name for it."""

_LONGEST = 40


def show_wrong_usage(error: typer.TyperException) -> int:
    """Print what is wrong with a command line; its exit code."""
    told = _in_our_words(error)
    if told is not None:
        error.message = told
    show = getattr(error, "show", None)
    if callable(show):
        show()
    # typer's 2 means "there are changes" here (plan --detailed-exitcode), so a typo gets another.
    return ExitCode.USAGE if error.exit_code == 2 else error.exit_code


def _in_our_words(error: typer.TyperException) -> str | None:
    """The validator's message as a sentence; None where it is our own already."""
    cause = error.__cause__
    if cause is None or type(cause).__name__ != "ValidationError":
        return None
    from pydantic import ValidationError

    if not isinstance(cause, ValidationError):
        return None
    first = cause.errors(include_url=False)[0]
    words = _WORDS.get(first["type"])
    written = str(first["input"])
    if words is None or not written.isprintable():
        return None
    bounds = {key: f"{bound:g}" for key, bound in first.get("ctx", {}).items() if key != "error"}
    return words.format(input=written[:_LONGEST], **bounds)
