# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that go into a file, which appears when it is complete."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.cli.exit_codes import CommandFailed

Write = Callable[[bytes], object]


@contextmanager
def written_to(out: Path | None) -> Iterator[Write]:
    """Where an answer goes: a file, or standard output where none or `-` is named.

    Raises:
        CommandFailed: the folder of the file does not exist.
        OSError: the file cannot be written; it carries the file's name.
    """
    if out is None or str(out) == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
    elif out.exists() and not out.is_file():
        with out.open("wb") as file:  # a pipe or a device is written to, never replaced
            yield file.write
    else:
        with _complete_or_absent(out) as write:
            yield write


@contextmanager
def _complete_or_absent(out: Path) -> Iterator[Write]:
    if not out.parent.exists():
        raise CommandFailed(f"{out}: its folder {out.parent} does not exist; make it first")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    except OSError as fault:
        # Whoever reads it knows the file that was asked for, not the unfinished one.
        raise OSError(fault.errno, fault.strerror, str(out)) from None
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file.write
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
