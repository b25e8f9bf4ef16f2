# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket histories from CSV files: a row per ticket, or a row per update of a ticket."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO, cast

from msgspec.structs import replace

from connector.history.mapping import TEXT_COLUMNS, MappingError, TableMapping
from connector.history.reader import BadLine, Reading, latest_instant, repeated
from connector.history.values import HistoryLineError, nearest, shown
from rules.facts import Happening, Organization, Requester, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from rules.facts import Channel, Priority, Value

Row = dict[str, str]
"""A row by column name; cells that say nothing are left out."""

_CHANGEABLE = ("priority", *TEXT_COLUMNS)
"""Facts whose column is a match path as well."""


def read_table(file: TextIO, mapping: TableMapping, reading: Reading) -> list[Ticket]:
    """The tickets of a CSV file, in the order in which they first appear.

    A row that cannot be read is noted in `reading` with its line, and the rest goes on.

    Args:
        file: opened with `newline=""`, the mapping's encoding and `errors="surrogateescape"`.
        mapping: what the columns mean.
        reading: filled with the counts.

    Raises:
        MappingError: the file lacks a column that the mapping names.
    """
    rows = _rows(file, mapping, reading)
    if mapping.rows == "updates":
        return _by_update(rows, mapping, reading)
    return list(_by_ticket(rows, mapping, reading))


def _rows(file: TextIO, mapping: TableMapping, reading: Reading) -> Iterator[tuple[int, Row]]:
    """Readable rows with the line on which each begins (the header is line 1)."""
    reader = csv.reader(file, delimiter=mapping.delimiter, strict=True)
    header = _header(reader, mapping)
    used_names = set(mapping.used_columns())
    used = [(number, name) for number, name in enumerate(header) if name in used_names]
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as mistake:
            reading.n_lines += 1
            reading.bad.append(BadLine(line, f"not CSV: {mistake}"))
            continue
        if not cells:
            continue
        reading.n_lines += 1
        if len(cells) != len(header):
            reason = f"expected {len(header)} columns, found {len(cells)}"
            reading.bad.append(BadLine(line, reason))
        elif any(not cell.isascii() and _is_mangled(cell) for cell in cells):
            reading.bad.append(BadLine(line, f"not {mapping.encoding}"))
        else:
            told = ((name, cells[number].strip()) for number, name in used)
            yield line, {name: cell for name, cell in told if cell not in mapping.empty}


def _header(reader: Iterator[list[str]], mapping: TableMapping) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as mistake:
        raise MappingError([f"the first line is not CSV: {mistake}"]) from None
    named = (*mapping.used_columns(), *mapping.unused)
    missing = dict.fromkeys(name for name in named if name not in header)
    if missing:
        raise MappingError(
            f"the file has no column {shown(name)}{nearest(name, header)}" for name in missing
        )
    return header


def _is_mangled(cell: str) -> bool:
    return any("\udc80" <= letter <= "\udcff" for letter in cell)


def _by_ticket(
    rows: Iterator[tuple[int, Row]], mapping: TableMapping, reading: Reading
) -> Iterator[Ticket]:
    line_of_ticket: dict[str, int] = {}
    for line, row in rows:
        try:
            ticket = _ticket(row, mapping)
            happenings = _ends(row, mapping)
        except HistoryLineError as mistake:
            reading.bad.append(BadLine(line, str(mistake)))
            continue
        earlier = line_of_ticket.setdefault(ticket.id, line)
        if earlier != line:
            reading.bad.append(BadLine(line, repeated(ticket.id, earlier)))
            continue
        yield _with_history(ticket, happenings, reading)


def _by_update(
    rows: Iterator[tuple[int, Row]], mapping: TableMapping, reading: Reading
) -> list[Ticket]:
    firsts: dict[str, Ticket] = {}
    updates: dict[str, list[tuple[datetime, Row]]] = {}
    for line, row in rows:
        try:
            ticket = _ticket(row, mapping)
            at = _needed_instant(row, mapping, "updated_at")
            _status(row, mapping)
        except HistoryLineError as mistake:
            reading.bad.append(BadLine(line, str(mistake)))
            continue
        firsts.setdefault(ticket.id, ticket)
        updates.setdefault(ticket.id, []).append((at, row))
    return [
        _with_history(ticket, _changes(ticket, updates[ticket.id], mapping), reading)
        for ticket in firsts.values()
    ]


def _with_history(ticket: Ticket, happenings: list[Happening], reading: Reading) -> Ticket:
    born = ticket.created_at
    n_moved = sum(one.at < born for one in happenings)
    kept = [replace(one, at=max(one.at, born)) for one in happenings]
    kept.sort(key=lambda one: one.at)
    ticket = ticket.with_happenings(tuple(kept))
    reading.take(latest_instant(ticket), n_moved)
    return ticket


def _ticket(row: Row, mapping: TableMapping) -> Ticket:
    ident = row.get(mapping.columns["id"])
    if ident is None:
        raise HistoryLineError(f"{mapping.columns['id']}: the ticket's id is missing")
    return Ticket(
        id=ident,
        created_at=_needed_instant(row, mapping, "created_at"),
        channel=_channel(row, mapping),
        priority=_priority(row, mapping),
        tags=tuple((_cell(row, mapping, "tags") or "").split()),
        fields=_fields(row, mapping.fields),
        requester=Requester(
            id=_cell(row, mapping, "requester_id"), language=_cell(row, mapping, "language")
        ),
        organization=_organization(row, mapping),
        created_by=mapping.created_by,
        type=_cell(row, mapping, "type"),
        brand=_cell(row, mapping, "brand"),
        group=_cell(row, mapping, "group"),
        form=_cell(row, mapping, "form"),
        assignee=_cell(row, mapping, "assignee"),
    )


def _ends(row: Row, mapping: TableMapping) -> list[Happening]:
    """What a row per ticket tells of the ticket's life: first answer and solution."""
    happenings: list[Happening] = []
    replied_at = _instant(row, mapping, "replied_at")
    if replied_at is not None:
        happenings.append(Happening(replied_at, "comment", "agent"))
    solved_at = _instant(row, mapping, "solved_at")
    if solved_at is not None:
        happenings.append(Happening(solved_at, "status", mapping.changed_by, to="solved"))
    return happenings


def _changes(
    ticket: Ticket, updates: list[tuple[datetime, Row]], mapping: TableMapping
) -> list[Happening]:
    """What differs from one update to the next, in order of time.

    The first row's values hold from the creation, but for its status: a
    ticket is created new and gets the status at the time of that row.
    """
    by = mapping.changed_by
    happenings: list[Happening] = []
    before = ticket
    status: tuple[str, str | None] = ("new", None)
    for at, row in sorted(updates, key=lambda update: update[0]):
        new_status = _status(row, mapping) or status
        if new_status != status:
            to, custom = status = new_status
            happenings.append(Happening(at, "status", by, to=to, custom=custom))
        after = _ticket(row, mapping)
        was = _values(before, mapping)
        happenings += [
            Happening(at, "field", by, to=new, field=path)
            for path, new in _values(after, mapping).items()
            if new != was[path]
        ]
        if after.organization != before.organization:
            happenings.append(Happening(at, "organization", by, organization=after.organization))
        before = after
    return happenings


def _values(ticket: Ticket, mapping: TableMapping) -> Mapping[str, Value]:
    """The values that updates may change, by match path."""
    values: dict[str, Value] = {name: getattr(ticket, name) for name in _CHANGEABLE}
    values |= {"language": ticket.requester.language, "tags": ticket.tags}
    return values | {f"ticket.fields.{key}": ticket.fields.get(key) for key in mapping.fields}


def _status(row: Row, mapping: TableMapping) -> tuple[str, str | None] | None:
    """Status category of a row, and the word as written where it says more than that."""
    written = _cell(row, mapping, "status")
    if written is None:
        return None
    category = mapping.status_words.meaning(written, mapping.columns["status"])
    return category, None if written.casefold() == category else written


def _channel(row: Row, mapping: TableMapping) -> Channel:
    written = _cell(row, mapping, "channel")
    if written is None:
        return mapping.channel
    return cast("Channel", mapping.channel_words.meaning(written, mapping.columns["channel"]))


def _priority(row: Row, mapping: TableMapping) -> Priority | None:
    written = _cell(row, mapping, "priority")
    if written is None:
        return None
    return cast("Priority", mapping.priority_words.meaning(written, mapping.columns["priority"]))


def _organization(row: Row, mapping: TableMapping) -> Organization | None:
    ident = _cell(row, mapping, "organization_id")
    name = _cell(row, mapping, "organization_name")
    fields = _fields(row, mapping.organization_fields)
    if ident is None and name is None and not any(fields.values()):
        return None
    return Organization(id=ident, name=name, fields=fields)


def _fields(row: Row, columns: Mapping[str, str]) -> dict[str, Value]:
    return {key: row.get(column) for key, column in columns.items()}


def _cell(row: Row, mapping: TableMapping, fact: str) -> str | None:
    column = mapping.columns.get(fact)
    return None if column is None else row.get(column)


def _instant(row: Row, mapping: TableMapping, fact: str) -> datetime | None:
    written = _cell(row, mapping, fact)
    return None if written is None else mapping.instant(written, mapping.columns[fact])


def _needed_instant(row: Row, mapping: TableMapping, fact: str) -> datetime:
    at = _instant(row, mapping, fact)
    if at is None:
        raise HistoryLineError(f"{mapping.columns[fact]}: the time is missing")
    return at
