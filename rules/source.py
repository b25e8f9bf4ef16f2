# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text -> plain tree of text that remembers where every key and value stands.

YAML types nothing here: each scalar stays the text the admin wrote, so `NO`,
`17:30` and `2026-12-25` mean what they look like. The tree is built from the
parser's events, without recursion and without expanding anything, so bombs
and deep nesting are caught before they cost anything. Mistakes are collected
as problems; nothing is raised for them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rules.problems import Problem
from rules.source_events import events_of
from rules.source_hints import BACKSLASH, cut_number, explain_syntax, hint_on_empty

if TYPE_CHECKING:
    from ruamel.yaml.error import StreamMark
    from ruamel.yaml.events import Event

MAX_BYTES = 5_000_000
"""Of all files of a folder together."""
MAX_SCALARS = 500_000
"""Likewise."""
MAX_DEPTH = 20

Position = tuple[int, int]
"""Line and column, both from 1; columns in characters."""
START: Position = (1, 1)

_NOTHING = frozenset({"~", "null", "Null", "NULL"})
# These break lines for YAML 1.1 readers such as ruamel's marks, not for editors.
_ODD_BREAKS = ("\x85", "\u2028", "\u2029")


class Block(dict[str, "Tree"]):
    """A mapping with positions.

    `keys_at` holds every key that was written, also those whose value could
    not be used and is therefore missing from the mapping itself.
    `known_keys` are the keys of the format that may stand here, set when the
    block is read as one. `harmed` says that something written in the block, at
    whatever depth, could not be used, `lost_key` that one of its own keys could not.
    """

    __slots__ = ("at", "file", "harmed", "keys_at", "known_keys", "lost_key", "values_at")

    def __init__(self, at: Position, file: str = "") -> None:
        super().__init__()
        self.at = at
        self.file = file
        self.keys_at: dict[str, Position] = {}
        self.values_at: dict[str, Position] = {}
        self.known_keys: tuple[str, ...] = ()
        self.harmed = False
        self.lost_key = False

    def place(self, key: str) -> Position:
        """Where the value of `key` stands, or its key, or the block."""
        return self.values_at.get(key) or self.keys_at.get(key) or self.at


class Items(list["Tree"]):
    """A list with positions; `harmed` says that an item could not be used and was left out."""

    __slots__ = ("at", "harmed", "values_at")

    def __init__(self, at: Position) -> None:
        super().__init__()
        self.at = at
        self.harmed = False
        self.values_at: list[Position] = []


Tree = str | Items | Block


def child(node: Tree, part: str | int) -> Tree | None:
    """What stands in a mapping under a key, or in a list at an index; None when nothing does."""
    if isinstance(node, Block) and isinstance(part, str):
        return node.get(part)
    if isinstance(node, Items) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


@dataclass
class Room:
    """What the files of one folder may still take up together."""

    size: int = MAX_BYTES
    scalars: int = MAX_SCALARS


@dataclass
class _Open:
    """A mapping or list that is being filled.

    `name` is its dotted name, `key` waits for its value. `dropped` says that
    what the key holds is thrown away: the key is a second or a forbidden one.
    """

    container: Block | Items
    name: str
    key: str | None = None
    dropped: bool = False

    @property
    def inner_name(self) -> str:
        """The dotted name of what is placed next."""
        if self.key is None or self.key.startswith("?"):
            return self.name
        return f"{self.name}.{self.key}" if self.name else self.key


@dataclass
class Document:
    """One file: its tree, None where nothing could be read, and its problems.

    `complete` is False where reading stopped before the end: what the rest
    defines is unknown.
    """

    file: str
    tree: Tree | None = None
    at: Position = START
    complete: bool = True
    problems: list[Problem] = field(default_factory=list)

    def problem(
        self, at: Position, code: str, message: str, hint: str = "", what: str = ""
    ) -> None:
        """Collect a problem at a place of this file."""
        self.problems.append(Problem(self.file, *at, code, what, message, hint))


def read(raw: bytes, file: str, room: Room) -> Document:
    """Read one file; `room` is what its folder may still take up.

    Args:
        raw: the file's bytes, UTF-8 with or without a byte order mark.
        file: the name to print in problems.
        room: shared by all files of a folder; reading takes from it.
    """
    document = Document(file)
    room.size -= len(raw)
    if room.size < 0:
        return _stop(document, START, "STP010", f"the folder is larger than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = _end_of(raw[: error.start].decode("utf-8-sig", errors="replace"))
        return _stop(document, at, "STP011", "this is not UTF-8", "save the file as UTF-8")
    _Reader(text, document, room).run()
    if document.complete and document.tree is None and not document.problems:
        document.problem(START, "STP028", "the file is empty", "delete it or write version: 1")
        document.complete = False
    return document


def _stop(document: Document, at: Position, code: str, message: str, hint: str = "") -> Document:
    document.problem(at, code, message, hint)
    document.complete = False
    return document


def _end_of(before: str) -> Position:
    """The position that follows this text."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1


class _Reader:
    """Walks the events of one file and fills its document."""

    def __init__(self, text: str, document: Document, room: Room) -> None:
        self.text = text
        self.document = document
        self.room = room
        self._open: list[_Open] = []
        self._documents = 0
        odd = any(char in text for char in _ODD_BREAKS)
        self._line_starts = _line_starts(text) if odd else None

    def run(self) -> None:
        document = self.document
        try:
            self._walk()
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            at = self._position(mark) if mark else START
            message, hint = explain_syntax(str(error.context or ""), str(error.problem or ""))
            _stop(document, at, "STP001", message, hint)
        except YAMLError as error:  # a control character; carries an offset, no mark
            offset = getattr(error, "position", 0)
            at = _end_of(self.text[: offset if isinstance(offset, int) else 0])
            _stop(document, at, "STP011", "a control character is not allowed", "delete it")
        except (ValueError, OverflowError):  # "\UFFFFFFFF" names no character
            at = self._escape_position()
            _stop(document, at, "STP011", "an escape names no character", "use single quotes")
        if any(problem.code in ("STP001", "STP010") for problem in document.problems):
            document.tree = None  # half a file would only seem to lack the other half

    def _walk(self) -> None:
        for event in events_of(self.text):
            if not self._take(event):
                self.document.complete = False
                return

    def _take(self, event: Event) -> bool:
        """Use one event; False to stop reading."""
        at = self._position(event.start_mark)
        if isinstance(event, DocumentStartEvent):
            return self._start_document(event, at)
        if isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self._open.pop()
        elif isinstance(event, AliasEvent):
            self._report(at, "STP014", f"*{event.anchor} is not allowed", "write the value out")
            self._put("", at, usable=False)
        elif isinstance(event, (ScalarEvent, MappingStartEvent, SequenceStartEvent)):
            usable = self._check_node(event, at)
            if isinstance(event, ScalarEvent):
                self._put_scalar(event, at, usable=usable)
            else:
                self._put(self._container(event, at), at, usable=usable)
            return self._has_room(at)
        return True

    def _container(self, event: Event, at: Position) -> Block | Items:
        if isinstance(event, MappingStartEvent):
            return Block(at, self.document.file)
        return Items(at)

    def _start_document(self, event: DocumentStartEvent, at: Position) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._report(at, "STP012", "a second document starts here", "one document per file")
            return False
        if event.version or event.tags:
            hint = "delete the line"
            self._report(START, "STP013", "a % line before --- is not allowed", hint)
            return False
        return True

    def _has_room(self, at: Position) -> bool:
        if len(self._open) > MAX_DEPTH:
            self._report(at, "STP010", f"nested deeper than {MAX_DEPTH} levels")
            return False
        if self.room.scalars < 0:
            self._report(at, "STP010", f"the folder has more than {MAX_SCALARS:,} values")
            return False
        return True

    def _check_node(
        self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent, at: Position
    ) -> bool:
        """Whether a value may be used."""
        if event.anchor:
            self._report(at, "STP014", f"&{event.anchor} is not allowed", "write the value out")
        if event.tag and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._report(at, "STP015", f"the tag {tag} is not allowed", "delete it")
            return False
        return True

    def _put_scalar(self, event: ScalarEvent, at: Position, *, usable: bool) -> None:
        self.room.scalars -= 1
        value: str = event.value
        if not value.isprintable() and (bad := _bad_character(value)):
            self._report(at, "STP011", bad, BACKSLASH if event.style == '"' else "delete it")
            usable = False
        if event.style in ("|", ">"):
            value = value.rstrip("\n")
        if self._waits_for_value and not event.style and (not value or value in _NOTHING):
            self._put_nothing(value, at)
            return
        self._put(value, at, usable=usable)

    @property
    def _waits_for_value(self) -> bool:
        if not self._open:
            return False
        top = self._open[-1]
        return isinstance(top.container, Items) or top.key is not None

    def _put_nothing(self, written: str, at: Position) -> None:
        """Report a value that is not there, at its key where it has one."""
        top = self._open[-1]
        if isinstance(top.container, Block) and top.key is not None:
            at = top.container.keys_at.get(top.key, at)
            if ":" in top.key and not written:  # `{a:1}`: the key itself is the mistake
                self._put("", at)
                return
        if written:
            self._report(at, "STP028", f"{written} says nothing", "leave the key out")
        else:
            line = self.text.splitlines()[at[0] - 1] if self.text else ""
            empty = "has no value", hint_on_empty(line[at[1] - 1 :])
            self._report(at, "STP028", *(cut_number(line, at[1]) or empty))
        self._put("", at, usable=False)

    def _put(self, value: Tree, at: Position, *, usable: bool = True) -> None:
        """Place a key or a value where reading stands; what is not usable is read and left out."""
        name = ""
        if not self._open:
            if usable:
                self.document.tree, self.document.at = value, at
        else:
            top = self._open[-1]
            name = top.inner_name
            if isinstance(top.container, Items):
                if usable:
                    top.container.append(value)
                    top.container.values_at.append(at)
                else:
                    top.container.harmed = True
            elif top.key is None:
                self._take_key(value, at, top, top.container, usable=usable)
            else:
                self._take_value(value, at, top, top.container, usable=usable)
        if isinstance(value, (Block, Items)):
            self._open.append(_Open(value, name))

    def _take_key(
        self, value: Tree, at: Position, top: _Open, block: Block, *, usable: bool
    ) -> None:
        top.dropped = True
        if not usable or not isinstance(value, str) or value in ("", "<<"):
            block.lost_key = True
            hint = "write the values out" if value == "<<" else ""
            if usable:
                self._report(at, "STP016", "a key must be plain text", hint)
            top.key = f"?{at[0]}:{at[1]}"
            return
        top.key = value
        if value in block.keys_at:
            line, column = block.keys_at[value]
            self._report(at, "STP017", "is given twice", f"first at {line}:{column}")
            return
        top.dropped = False
        block.keys_at[value] = at

    @staticmethod
    def _take_value(value: Tree, at: Position, top: _Open, block: Block, *, usable: bool) -> None:
        if top.key is not None and not top.dropped and usable:
            block[top.key] = value
            block.values_at[top.key] = at
        top.key = None

    def _report(self, at: Position, code: str, message: str, hint: str = "") -> None:
        for top in self._open:
            if isinstance(top.container, Block):
                top.container.harmed = True
        name = self._open[-1].inner_name if self._open else ""
        self.document.problem(at, code, message, hint, name)

    def _position(self, mark: StreamMark) -> Position:
        if self._line_starts is None:
            return mark.line + 1, mark.column + 1
        line = bisect_right(self._line_starts, mark.index)
        return line, mark.index - self._line_starts[line - 1] + 1

    def _escape_position(self) -> Position:
        found = self.text.find("\\U")
        return _end_of(self.text[:found]) if found >= 0 else START


def _line_starts(text: str) -> list[int]:
    """Offset of each line's first character, lines ending as editors end them."""
    lines = text.replace("\r\n", "\n\n").replace("\r", "\n").split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))[:-1]
    # "\r\n" became two ends above so that offsets stay true; its second half starts no line.
    return [start for start in starts if not (start and text[start - 1 : start + 1] == "\r\n")]


def _bad_character(text: str) -> str:
    """What is wrong with the characters of a value; empty when nothing is."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        return "half a surrogate pair is not a character"
    if any((char < " " and char not in "\n\t") or "\x7f" <= char < "\xa0" for char in text):
        return "a control character is not allowed"
    return ""
