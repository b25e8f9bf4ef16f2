# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories from CSV files and the mapping files that explain them."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.history.mapping import MappingError, read_mapping
from connector.history.reader import Reading
from connector.history.table import read_table

if TYPE_CHECKING:
    from rules.facts import Ticket

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("STIPT_SHARED", ROOT.parent / "shared"))

TICKETS = """
rows = "tickets"
time_zone = "America/New_York"
[columns]
id = "case"
created_at = "opened"
solved_at = "closed"
priority = "urgency"
[fields]
queue = "queue"
[words.priority]
"1 - Top" = "urgent"
"""

UPDATES = """
rows = "updates"
time_zone = "Europe/Amsterdam"
date_format = "DD-MM-YYYY HH:MM"
empty = ["?"]
[columns]
id = "number"
created_at = "opened_at"
updated_at = "updated_at"
status = "state"
group = "group"
[words.status]
"Awaiting User Info" = "pending"
"Active" = "open"
"Resolved" = "solved"
"""


def tickets_of(mapping: str, *rows: str) -> tuple[list[Ticket], Reading]:
    reading = Reading()
    file = io.StringIO("\n".join(rows) + "\n")
    return read_table(file, read_mapping(mapping.encode()), reading), reading


def test_a_row_per_ticket_tells_its_creation_and_its_end_in_local_time() -> None:
    [ticket], _ = tickets_of(
        TICKETS,
        "case,opened,closed,urgency,queue",
        "7,2015-07-01T17:00:49,2015-07-03 08:30:00,1 - top,Signs",
    )

    assert ticket.created_at == datetime(2015, 7, 1, 21, 0, 49, tzinfo=UTC)
    assert (ticket.priority, ticket.fields) == ("urgent", {"queue": "Signs"})
    [solved] = ticket.happenings
    assert (solved.at, solved.to) == (datetime(2015, 7, 3, 12, 30, tzinfo=UTC), "solved")


def test_a_time_with_an_offset_is_taken_as_it_stands() -> None:
    [ticket], _ = tickets_of(
        TICKETS, "case,opened,closed,urgency,queue", "7,2015-07-01T17:00:00Z,,,"
    )

    assert ticket.created_at == datetime(2015, 7, 1, 17, tzinfo=UTC)


def test_rows_that_cannot_be_read_are_named_with_their_line_and_the_rest_goes_on() -> None:
    tickets, reading = tickets_of(
        TICKETS,
        "case,opened,closed,urgency,queue",
        "1,2015-07-01T17:00:00,,,",
        "2,yesterday,,,",
        ",2015-07-01T17:00:00,,,",
        "3,2015-07-01T17:00:00,,huge,",
        "4,2015-07-01T17:00:00,",
        "1,2015-07-01T17:00:00,,,",
        '5,2015-07-01T17:00:00,,,"a',
        'b"',
        "6,2015-07-01T17:00:00,,,\udcff",
        "7,,,,",
        "8,2015-07-01T17:00:00,,,",
    )

    assert [ticket.id for ticket in tickets] == ["1", "5", "8"]
    assert [(one.number, one.reason) for one in reading.bad] == [
        (3, 'opened: "yesterday" is not a time'),
        (4, "case: the ticket's id is missing"),
        (5, 'urgency: the word "huge" is not in the mapping'),
        (6, "expected 5 columns, found 3"),
        (7, 'ticket "1" stands on line 2 already'),
        (10, "not utf-8-sig"),
        (11, "opened: the time is missing"),
    ]
    assert (reading.n_lines, reading.n_tickets) == (10, 3)


def test_updates_become_changes_of_status_and_fields() -> None:
    [ticket], _ = tickets_of(
        UPDATES,
        "number,opened_at,updated_at,state,group",
        "A,05-03-2016 09:00,05-03-2016 09:10,Active,?",
        "A,05-03-2016 09:00,05-03-2016 10:00,Awaiting User Info,First",
        "A,05-03-2016 09:00,05-03-2016 10:30,Awaiting User Info,First",
        "A,05-03-2016 09:00,05-03-2016 11:00,Resolved,?",
    )

    assert ticket.created_at == datetime(2016, 3, 5, 8, tzinfo=UTC)
    assert (ticket.status, ticket.group) == ("new", None)
    assert [(f"{one.at:%H:%M}", one.field or one.kind, one.to) for one in ticket.happenings] == [
        ("08:10", "status", "open"),
        ("09:00", "status", "pending"),
        ("09:00", "group", "First"),
        ("10:00", "status", "solved"),
        ("10:00", "group", None),
    ]
    assert ticket.happenings[1].custom == "Awaiting User Info"


def test_updates_that_step_back_in_time_are_taken_in_order_of_time() -> None:
    [ticket], reading = tickets_of(
        UPDATES,
        "number,opened_at,updated_at,state,group",
        "A,05-03-2016 09:00,05-03-2016 11:00,Resolved,x",
        "A,05-03-2016 09:00,05-03-2016 08:59,Active,x",
    )

    assert [one.to for one in ticket.happenings] == ["open", "solved"]
    assert ticket.happenings[0].at == ticket.created_at
    assert reading.n_moved == 1


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ("rows = 3", "rows: unknown word"),
        ("rows =", "not TOML"),
        ("", "time_zone is missing"),
        ('time_zone = "Europe/Amsterdm"', 'time_zone: unknown zone "Europe/Amsterdm"'),
        ('time_zone = "../etc"', "time_zone: unknown zone"),
        ('colums = "x"', 'unknown key colums; did you mean "columns"?'),
        ("[columns]\ncreated = 'x'", 'unknown key columns.created; did you mean "created_at"?'),
        ("[columns]\nstatus = 'x'", 'columns.status: has no meaning with rows = "tickets"'),
        ("[columns]\nid = 'x'", "columns.created_at is missing"),
        ("[columns]\nid = 5", "columns.id: expected a text"),
        ("date_format = 'DD-MM HH:MM'", "lacks YYYY"),
        ("delimiter = 'tab'", "delimiter: expected one character"),
        ("encoding = 'klingon'", "encoding: unknown encoding"),
        ("empty = '?'", "empty: expected a list of texts"),
        ("[words.status]\nNew = 'neww'", '"neww" is not a status of Stipt; did you mean "new"?'),
        ("[words]\nstatus = 1", "words.status: expected a table"),
        ("[fixed]\nchannel = 'fax'", "fixed.channel: unknown word"),
        ("unused = ['x']\n[columns]\nid = 'x'", 'unused: the column "x" is used all the same'),
    ],
)
def test_a_wrong_mapping_is_refused_with_everything_that_is_wrong(
    mapping: str, problem: str
) -> None:
    with pytest.raises(MappingError) as mistake:
        read_mapping(mapping.encode())

    assert problem in str(mistake.value)


def test_a_column_that_the_file_lacks_is_named() -> None:
    with pytest.raises(MappingError, match=r'no column "closed"; did you mean "closd"\?'):
        tickets_of(TICKETS, "case,opened,closd,urgency,queue")


@pytest.mark.skipif(
    not (SHARED / "data").is_dir() and not os.environ.get("CI"),
    reason="STIPT_SHARED has no data folder",
)
@pytest.mark.parametrize(
    ("example", "data", "tickets", "rows"),
    [
        ("boston311", "boston311.csv", 3008, 3008),
        ("servicenow", "servicenow-incidents.csv", 890, 5998),
    ],
)
def test_the_examples_read_every_row_of_their_data(
    example: str, data: str, tickets: int, rows: int
) -> None:
    mapping = read_mapping((ROOT / "examples" / example / "mapping.toml").read_bytes())
    reading = Reading()

    with (SHARED / "data" / data).open(encoding=mapping.encoding, newline="") as file:
        read = read_table(file, mapping, reading)

    assert (len(read), reading.n_lines, reading.bad) == (tickets, rows, [])
