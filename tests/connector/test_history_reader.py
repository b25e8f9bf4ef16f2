# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a history line by line, with everything that can be wrong with a line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from connector.history import reader
from connector.history.jsonl import ticket_from_json
from connector.history.quick import quick_line
from connector.history.reader import Gathering, Reading, lines_of, look_over, read_line
from connector.history.stretches import HeldStretch, Part, stretches_of

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b'{"id": "%s", "created_at": "2026-11-20T08:30:00Z"}'


def a_line(ident: str = "1") -> bytes:
    return GOOD % ident.encode()


def reading_of(*lines: bytes) -> tuple[list[str], Reading]:
    """Ids of the readable tickets, and what reading came to, each line being a stretch."""
    gathering = Gathering()
    found: list[str] = []
    for line in lines:
        part = Part(HeldStretch((line,)), *gathering.add(look_over([line])))
        found += [read_line(one)[0].id for _, one in part.lines()]
    return found, gathering.reading


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": ', "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"id": NaN}', "not JSON"),
        (b'{"id": 1e999}', "not JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b"[]", "expected a ticket as a JSON object, found a list"),
        (b"null", "found null"),
        (b'{"id": "1"}', 'the key "created_at" is missing'),
        (a_line() + b"x", "not JSON"),
    ],
    ids=["cut", "deep", "NaN", "overflow", "not UTF-8", "list", "null", "no creation", "trailing"],
)
def test_a_bad_line_is_named_with_its_number_and_the_rest_goes_on(line: bytes, reason: str) -> None:
    found, reading = reading_of(a_line("1"), line, a_line("2"))

    assert found == ["1", "2"]
    assert [one.number for one in reading.bad] == [2]
    assert reason in reading.bad[0].reason
    assert (reading.n_lines, reading.n_tickets) == (3, 2)


def test_a_ticket_that_comes_twice_counts_once_and_the_first_one_holds() -> None:
    found, reading = reading_of(a_line("1"), a_line("2"), a_line("1"))

    assert found == ["1", "2"]
    assert [(one.number, one.reason) for one in reading.bad] == [
        (3, 'ticket "1" stands on line 1 already')
    ]


def test_empty_lines_say_nothing_but_are_counted_on_the_way() -> None:
    found, reading = reading_of(b"", b"  ", b"x", a_line("1"))

    assert found == ["1"]
    assert reading.n_lines == 2
    assert reading.bad[0].number == 3


def test_lines_may_end_as_on_windows_and_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + a_line("1") + b"\r\n" + a_line("2"))

    [stretch] = stretches_of(path)

    assert list(stretch.lines()) == [a_line("1"), a_line("2")]


@pytest.mark.parametrize("n_bytes", [1, 7, 55, 56, 57, 58, 113, 114, 115, 1000])
def test_stretches_of_any_size_hold_every_line_once(
    n_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LONGEST_LINE", 100)
    path = tmp_path / "history.jsonl"
    lines = [a_line("1"), b"", b"{" * 5000, a_line("2"), b"nonsense", a_line("1"), a_line("3")]
    path.write_bytes(b"\n".join(lines))
    gathering = Gathering()

    found = [
        (number, read_line(line)[0].id)
        for stretch in stretches_of(path, n_bytes)
        for number, line in Part(stretch, *gathering.add(look_over(stretch.lines()))).lines()
    ]

    assert found == [(1, "1"), (4, "2"), (7, "3")]
    assert [one.number for one in gathering.reading.bad] == [3, 5, 6]
    assert (gathering.reading.n_lines, gathering.reading.n_tickets) == (6, 3)


def test_an_endless_line_is_refused_without_being_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONGEST_LINE", 100)
    file = io.BytesIO(b"{" * 5000 + b"\n" + a_line("1") + b"\n")

    lines = list(lines_of(file))

    assert [len(line) for line in lines] == [101, len(a_line("1"))]
    with pytest.raises(reader.HistoryLineError, match="longer than"):
        read_line(lines[0])


def test_the_latest_instant_is_that_of_readable_tickets_alone() -> None:
    late = b'{"id": "3", "created_at": "2027-01-01T00:00:00Z", "oops": 1}'
    told = (
        b'{"id": "2", "created_at": "2026-11-20T08:30:00Z", "happenings": '
        b'[{"at": "2026-11-21T10:00:00Z", "kind": "deleted"}]}'
    )

    _, reading = reading_of(a_line("1"), told, late)

    assert reading.latest is not None
    assert reading.latest.isoformat() == "2026-11-21T10:00:00+00:00"


HEAD = '"id": "1", "created_at": "2026-11-20T08:30:00Z"'
AT = '"at": "2026-11-20T09:00:00Z"'


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + ', "fields": {"a": 5, "b": [1, true, "x"], "c": null, "d": 1.5, "e": false}',
        HEAD + ', "organization": {"id": "9", "fields": {"a": 1}, "tags": ["x"]}, "tags": ["y"]',
        HEAD + ', "requester": {"id": "9", "role": "agent", "language": "nl", "tags": ["x"]}',
        HEAD + ', "priority": "high", "status": "open", "created_by": "agent", "channel": "web"',
        HEAD + f', "happenings": [{{{AT}, "kind": "comment", "by": "agent", "public": false}}]',
        HEAD
        + f', "happenings": [{{{AT}, "kind": "status", "to": "hold", "custom": "X", "was": "new"}},'
        + ' {"at": "2026-11-20T08:40:00Z", "kind": "field", "field": "tags", "to": [1, "b"]},'
        + f' {{{AT}, "kind": "field", "field": "priority", "to": null, "via": "api", "id": "7"}}]',
    ],
)
def test_the_quick_way_and_the_long_way_read_the_same_ticket(text: str) -> None:
    line = f"{{{text}}}".encode()

    quick = quick_line(line)

    assert quick is not None
    assert quick.ticket() == ticket_from_json(json.loads(line))
    assert quick.latest == reader.latest_instant(quick.ticket())


@pytest.mark.parametrize(
    "text",
    [
        '"id": 1, "created_at": "2026-11-20T08:30:00Z"',
        '"id": "1", "created_at": "2026-11-20T09:30:00+01:00"',
        '"id": "1", "created_at": "2026-11-20T08:30:00.5Z"',
        '"id": "1", "created_at": "1969-11-20T08:30:00Z"',
        '"id": "1", "created_at": "2026-11-20T08:30:00"',
        HEAD + ', "group": ""',
        HEAD + ', "tags": null',
        HEAD + ', "happenings": [{"at": "2026-11-20T08:00:00Z", "kind": "deleted"}]',
        HEAD + ', "happenings": [{"at": "2200-11-20T09:00:00Z", "kind": "comment"}]',
        HEAD + f', "happenings": [{{{AT}, "kind": "field", "field": "priority", "to": "top"}}]',
        HEAD + f', "happenings": [{{{AT}, "kind": "field", "field": "status", "to": "open"}}]',
        HEAD + f', "happenings": [{{{AT}, "kind": "field", "field": "product", "to": "x"}}]',
        HEAD + f', "happenings": [{{{AT}, "kind": "status", "to": "top"}}]',
        HEAD + f', "happenings": [{{{AT}, "kind": "comment", "to": "x"}}]',
    ],
)
def test_what_is_written_unusually_goes_the_long_way(text: str) -> None:
    assert quick_line(f"{{{text}}}".encode()) is None
