# SPDX-License-Identifier: GPL-3.0-or-later
"""The mapping file of a CSV history: which column tells what, in which zone and words.

A small TOML file, described in docs/history.md. What columns know of the
future is left out: in a log of updates no column may say when a ticket will
be solved, in a table of tickets none may say how it ended.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from connector.history.values import HistoryLineError, nearest, shown, within_reach
from rules.facts import AUTHORS, CHANNELS, PRIORITIES, STATUSES, Author, Channel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Rows = Literal["tickets", "updates"]
Word = TypeVar("Word", bound=str)

TEXT_COLUMNS: Final = ("type", "brand", "group", "form", "assignee")
_OF_BOTH: Final = frozenset(
    {"id", "created_at", "priority", "channel", "language", "requester_id", "tags"}
    | {"organization_id", "organization_name", *TEXT_COLUMNS}
)
COLUMNS: Final[dict[Rows, frozenset[str]]] = {
    "tickets": _OF_BOTH | {"replied_at", "solved_at"},
    "updates": _OF_BOTH | {"updated_at", "status"},
}
_NEEDED: Final[dict[Rows, tuple[str, ...]]] = {
    "tickets": ("id", "created_at"),
    "updates": ("id", "created_at", "updated_at"),
}
_KEYS: Final = frozenset(
    {"rows", "time_zone", "date_format", "empty", "delimiter", "encoding", "changed_by", "unused"}
    | {"columns", "fields", "organization_fields", "words", "fixed"}
)
_OTHERWISE: Final = "otherwise"


class MappingError(Exception):
    """The mapping file cannot be used. `problems` says everything that is wrong with it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of a column mean; `otherwise` stands for all that are not listed."""

    meanings: Mapping[str, str]
    otherwise: str | None

    def meaning(self, written: str, column: str) -> str:
        """The meaning of a word, whatever its case.

        Raises:
            HistoryLineError: the word is not listed and there is no `otherwise`.
        """
        found = self.meanings.get(written.casefold(), self.otherwise)
        if found is None:
            raise HistoryLineError(f"{column}: the word {shown(written)} is not in the mapping")
        return found


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A mapping file, read and checked.

    `columns` gives the column for each fact, `fields` and
    `organization_fields` the column for each field key. Times without an
    offset are local times of `zone`. Words in `empty` say nothing.
    """

    rows: Rows
    zone: ZoneInfo
    date_format: str | None
    empty: frozenset[str]
    delimiter: str
    encoding: str
    changed_by: Author
    unused: tuple[str, ...]
    columns: Mapping[str, str]
    fields: Mapping[str, str]
    organization_fields: Mapping[str, str]
    status_words: Words
    priority_words: Words
    channel_words: Words
    channel: Channel
    created_by: Author

    def instant(self, written: str, column: str) -> datetime:
        """The instant of a time as written in a cell, in UTC.

        A local time that the clocks repeat is the first of the two; one that
        they skip takes the offset from before the change.

        Raises:
            HistoryLineError: not a time in the mapping's format.
        """
        try:
            if self.date_format is not None:
                at = datetime.strptime(written, self.date_format).replace(tzinfo=self.zone)
            else:
                at = datetime.fromisoformat(written)
        except ValueError:
            raise HistoryLineError(f"{column}: {shown(written)} is not a time") from None
        return within_reach(at if at.tzinfo else at.replace(tzinfo=self.zone), column)

    def used_columns(self) -> tuple[str, ...]:
        """Every column that tells a fact."""
        mapped = (self.columns, self.fields, self.organization_fields)
        return tuple(column for part in mapped for column in part.values())


def read_mapping(written: bytes) -> TableMapping:
    """The mapping that a TOML file tells.

    Raises:
        MappingError: with everything that is wrong.
    """
    try:
        document = tomllib.loads(written.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MappingError(["the file is not UTF-8"]) from None
    except tomllib.TOMLDecodeError as mistake:
        raise MappingError([f"not TOML: {mistake}"]) from None
    except RecursionError:
        raise MappingError(["nested too deeply"]) from None
    return _MappingReader(document).read()


class _MappingReader:
    """Takes a parsed mapping file apart and collects what is wrong with it."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self.document = document
        self.problems: list[str] = []

    def read(self) -> TableMapping:
        self._refuse_unknown("", self.document, _KEYS)
        rows: Rows = self._word("rows", ("tickets", "updates"), "tickets")
        columns = self._columns(rows)
        words = self._table("words")
        self._refuse_unknown("words.", words, frozenset({"status", "priority", "channel"}))
        fixed = self._texts_by_key("fixed")
        self._refuse_unknown("fixed.", fixed, frozenset({"channel", "created_by"}))
        mapping = TableMapping(
            rows=rows,
            zone=self._zone(),
            date_format=self._date_format(),
            empty=frozenset({"", *self._list("empty")}),
            delimiter=self._delimiter(),
            encoding=self._encoding(),
            changed_by=self._word("changed_by", AUTHORS, "agent"),
            unused=self._list("unused"),
            columns=columns,
            fields=self._texts_by_key("fields"),
            organization_fields=self._texts_by_key("organization_fields"),
            status_words=self._words("status", STATUSES),
            priority_words=self._words("priority", PRIORITIES),
            channel_words=self._words("channel", CHANNELS),
            channel=self._fixed(fixed, "channel", CHANNELS, "other"),
            created_by=self._fixed(fixed, "created_by", AUTHORS, "end_user"),
        )
        self.problems += [
            f"unused: the column {shown(column)} is used all the same"
            for column in mapping.unused
            if column in mapping.used_columns()
        ]
        if self.problems:
            raise MappingError(self.problems)
        return mapping

    def _columns(self, rows: Rows) -> dict[str, str]:
        columns = self._texts_by_key("columns")
        for fact in columns:
            if fact in COLUMNS[rows]:
                continue
            if any(fact in facts for facts in COLUMNS.values()):
                self.problems.append(f'columns.{fact}: has no meaning with rows = "{rows}"')
            else:
                self._refuse_unknown("columns.", {fact: ""}, COLUMNS[rows])
        self.problems += [
            f"columns.{fact} is missing" for fact in _NEEDED[rows] if fact not in columns
        ]
        return columns

    def _zone(self) -> ZoneInfo:
        name = self.document.get("time_zone")
        if isinstance(name, str):
            try:
                return ZoneInfo(name)
            except (ValueError, OSError, LookupError):
                self.problems.append(f"time_zone: unknown zone {shown(name)}")
        else:
            self.problems.append('time_zone is missing; write, say, "Europe/Amsterdam"')
        return ZoneInfo("UTC")

    def _date_format(self) -> str | None:
        written = self._text("date_format", "iso")
        if written == "iso":
            return None
        date, separator, time = written.partition("HH")
        for token, directive in (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d")):
            if date.count(token) != 1:
                self.problems.append(
                    f"date_format: {shown(written)} lacks {token}; "
                    'write "iso", or, say, "DD-MM-YYYY HH:MM"'
                )
                return None
            date = date.replace(token, directive)
        time = time.replace("MM", "%M").replace("SS", "%S")
        hour = "%I" if "AM" in time else "%H"
        return date + (hour + time.replace("AM", "%p") if separator else "")

    def _delimiter(self) -> str:
        written = self._text("delimiter", ",")
        if len(written) != 1 or written in '"\r\n':
            self.problems.append(f"delimiter: expected one character, found {shown(written)}")
            return ","
        return written

    def _encoding(self) -> str:
        written = self._text("encoding", "utf-8")
        try:
            "".encode(written)
        except LookupError:
            self.problems.append(f"encoding: unknown encoding {shown(written)}")
            return "utf-8"
        return "utf-8-sig" if written.lower() in ("utf-8", "utf8") else written

    def _words(self, column: str, vocabulary: tuple[str, ...]) -> Words:
        meanings = {one: one for one in vocabulary}
        otherwise: str | None = None
        for written, meaning in self._texts_by_key("words", column).items():
            if meaning not in vocabulary:
                near = nearest(meaning, vocabulary)
                self.problems.append(
                    f"words.{column}: {shown(meaning)} is not a {column} of Stipt{near}"
                )
            elif written == _OTHERWISE:
                otherwise = meaning
            else:
                meanings[written.strip().casefold()] = meaning
        return Words(meanings, otherwise)

    def _fixed(
        self, fixed: Mapping[str, str], key: str, vocabulary: tuple[Word, ...], default: Word
    ) -> Word:
        return self._among(f"fixed.{key}", fixed.get(key, default), vocabulary, default)

    def _word(self, key: str, vocabulary: tuple[Word, ...], default: Word) -> Word:
        return self._among(key, self.document.get(key, default), vocabulary, default)

    def _among(
        self, key: str, written: object, vocabulary: tuple[Word, ...], default: Word
    ) -> Word:
        for known in vocabulary:
            if written == known:
                return known
        self.problems.append(
            f"{key}: unknown word {shown(written)}; one of {', '.join(vocabulary)}"
        )
        return default

    def _text(self, key: str, default: str) -> str:
        written = self.document.get(key, default)
        if isinstance(written, str) and written:
            return written
        self.problems.append(f"{key}: expected a text")
        return default

    def _list(self, key: str) -> tuple[str, ...]:
        written = self.document.get(key, [])
        if isinstance(written, list) and all(isinstance(one, str) for one in written):
            return tuple(written)
        self.problems.append(f"{key}: expected a list of texts")
        return ()

    def _table(self, *path: str) -> dict[str, object]:
        found: object = self.document
        for key in path:
            found = cast("dict[str, object]", found).get(key, {})
            if not isinstance(found, dict):
                self.problems.append(f"{'.'.join(path)}: expected a table")
                return {}
        return cast("dict[str, object]", found)

    def _texts_by_key(self, *path: str) -> dict[str, str]:
        table = self._table(*path)
        texts = {key: one for key, one in table.items() if isinstance(one, str) and one}
        self.problems += [
            f"{'.'.join((*path, key))}: expected a text" for key in table if key not in texts
        ]
        return texts

    def _refuse_unknown(
        self, prefix: str, table: Mapping[str, object], known: frozenset[str]
    ) -> None:
        self.problems += [
            f"unknown key {prefix}{key}{nearest(key, known)}" for key in table if key not in known
        ]
