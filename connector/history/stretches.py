# SPDX-License-Identifier: GPL-3.0-or-later
"""A history cut into stretches of lines, so that several processes can read it at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from connector.history.reader import lines_of, skip_to_next_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STRETCH_BYTES = 2 * 1024 * 1024
_READ_BYTES = 256 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NumberedLine(NamedTuple):
    """A line with its number in the whole history, from 1."""

    number: int
    line: bytes


@dataclass(frozen=True, slots=True)
class FileStretch:
    """Whole lines of a file: `size` bytes from the byte `start`."""

    path: Path
    start: int
    size: int

    def lines(self) -> Iterator[bytes]:
        """The lines without their ends.

        Raises:
            OSError: the file cannot be read any more.
        """
        with self.path.open("rb", buffering=_READ_BYTES) as file:
            file.seek(self.start)
            yield from lines_of(file, self.size)


@dataclass(frozen=True, slots=True)
class HeldStretch:
    """Lines that are held in memory."""

    held: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes of the lines."""
        return sum(map(len, self.held))

    def lines(self) -> Iterator[bytes]:
        """The lines."""
        return iter(self.held)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of which is known what can be read.

    `before` is the number of the line before its first one in the whole
    history; `refused` are numbers within the stretch, from 1.
    """

    stretch: FileStretch | HeldStretch
    before: int = 0
    refused: frozenset[int] = field(default_factory=frozenset)

    @property
    def size(self) -> int:
        """Bytes of the stretch."""
        return self.stretch.size

    def lines(self) -> Iterator[NumberedLine]:
        """The readable lines with their numbers in the whole history."""
        for number, line in enumerate(self.stretch.lines(), start=1):
            if line.strip() and number not in self.refused:
                yield NumberedLine(self.before + number, line)


def stretches_of(path: Path, n_bytes: int = _STRETCH_BYTES) -> list[FileStretch]:
    """The file in stretches of at least so many bytes (the last may be shorter).

    A byte order mark at the beginning belongs to none.

    Raises:
        OSError: the file cannot be read.
    """
    found: list[FileStretch] = []
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(0)
        start = len(_BYTE_ORDER_MARK) if file.read(3) == _BYTE_ORDER_MARK else 0
        while start < end:
            file.seek(min(start + n_bytes, end) - 1)
            skip_to_next_line(file)
            found.append(FileStretch(path, start, file.tell() - start))
            start = file.tell()
    return found
