# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a history line by line, with everything that can be wrong with a line."""

from __future__ import annotations

import io

import pytest

from connector.history import reader
from connector.history.reader import Reading, lines_of, read_history, read_line

GOOD = b'{"id": "%s", "created_at": "2026-11-20T08:30:00Z"}'


def a_line(ident: str = "1") -> bytes:
    return GOOD % ident.encode()


def reading_of(*lines: bytes) -> tuple[list[str], Reading]:
    reading = Reading()
    return [ticket.id for ticket in read_history(lines, reading)], reading


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


def test_lines_may_end_as_on_windows_and_begin_with_a_byte_order_mark() -> None:
    file = io.BytesIO(b"\xef\xbb\xbf" + a_line("1") + b"\r\n" + a_line("2"))

    assert list(lines_of(file)) == [a_line("1"), a_line("2")]


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
