# SPDX-License-Identifier: GPL-3.0-or-later
"""Results go to standard output, messages to standard error, colour to terminals that want it."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]


def result(text: str = "") -> None:
    """Print a line of the answer."""
    typer.echo(text)


def say(text: str) -> None:
    """Print a message beside the answer."""
    typer.echo(text, err=True)


def as_json(document: Mapping[str, object]) -> None:
    """Print the answer as one JSON object."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def counted(n: int, noun: str) -> str:
    """A number with its noun: "1 tier", "3 tiers"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def coloured(text: str, colour: str) -> str:
    """The text in a colour where standard output is a terminal that wants colours."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return typer.style(text, fg=colour)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns; the first column to the left, the others to the right."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))] if rows else []
    return [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
