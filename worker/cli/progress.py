# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of long work: a bar on a terminal, a line now and then elsewhere, nothing if quiet."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.cli.output import say

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how many are done, and of how many where that is known."""

_LINE_EVERY_S = 5.0


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Something to tell of progress while the block runs."""
    if quiet:
        yield _nothing
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines()


def _nothing(what: str, done: int, total: int | None) -> None:
    del what, done, total


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )


def _lines() -> Progress:
    told_at = time.monotonic()

    def tell(what: str, done: int, total: int | None) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _LINE_EVERY_S:
            told_at = time.monotonic()
            say(f"{what}: {done}" + ("" if total is None else f" of {total}"))

    return tell
