# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets as JSON, both ways."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from connector.history.jsonl import (
    HistoryLineError,
    happening_from_json,
    happening_to_json,
    moved_to_creation,
    organization_from_json,
    organization_to_json,
    ticket_from_json,
    ticket_to_json,
)
from rules.facts import Happening, Organization, Ticket

FULL = json.loads(
    """
{"id": "4711", "created_at": "2026-11-20T08:30:00Z", "channel": "email", "priority": "normal",
 "status": "open", "custom_status": null, "type": "incident", "brand": "main",
 "group": "support", "form": null, "tags": ["vip"], "fields": {"product": "router"},
 "requester": {"id": "9", "role": "end_user", "language": "nl", "tags": []},
 "organization": {"id": "360001", "name": "Acme BV",
                  "fields": {"sla_tier": "premium", "market": "nl"}, "tags": []},
 "created_by": "end_user", "created_public": true,
 "happenings": [
   {"at": "2026-11-20T09:10:00Z", "kind": "comment", "by": "agent", "public": true},
   {"at": "2026-11-20T09:10:00Z", "kind": "status", "to": "pending", "by": "agent"},
   {"at": "2026-11-20T11:00:00Z", "kind": "comment", "by": "requester", "public": true},
   {"at": "2026-11-20T11:00:00Z", "kind": "status", "to": "open", "by": "system"},
   {"at": "2026-11-20T11:05:00Z", "kind": "field", "field": "priority", "to": "high",
    "by": "agent"}]}
"""
)


def a_line(**changes: object) -> dict[str, object]:
    return {"id": "1", "created_at": "2026-11-20T08:30:00Z"} | changes


def a_happening(**changes: object) -> dict[str, object]:
    return {"at": "2026-11-20T09:00:00Z"} | changes


def test_the_documented_line_is_read() -> None:
    ticket = ticket_from_json(FULL)

    assert ticket.id == "4711"
    assert ticket.created_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert ticket.organization is not None
    assert ticket.organization.fields["market"] == "nl"
    assert [one.kind for one in ticket.happenings] == [
        "comment",
        "status",
        "comment",
        "status",
        "field",
    ]


def test_what_is_written_reads_back_as_the_same_ticket() -> None:
    ticket = ticket_from_json(FULL)

    assert ticket_from_json(json.loads(json.dumps(ticket_to_json(ticket)))) == ticket


@pytest.mark.parametrize(
    "happening",
    [
        a_happening(kind="comment", by="agent", public=False, via="side_conversation", id="7"),
        a_happening(kind="status", to="hold", custom="Waiting for supplier", was="open"),
        a_happening(kind="field", field="tags", to=["a", "b"], was=["a"]),
        a_happening(kind="field", field="group", to=None),
        a_happening(kind="organization", to={"id": "1", "name": "A", "fields": {}, "tags": []}),
        a_happening(kind="organization", to=None),
        a_happening(kind="merged", into="4712"),
        a_happening(kind="merged"),
        a_happening(kind="deleted"),
        a_happening(kind="restored"),
        a_happening(kind="comment_private", of="2026-11-20T08:40:00Z"),
    ],
    ids=lambda one: str(one["kind"]),
)
def test_every_kind_of_happening_survives_the_way_there_and_back(
    happening: dict[str, object],
) -> None:
    read = happening_from_json(happening)

    assert happening_from_json(happening_to_json(read)) == read


def test_an_organisation_survives_the_way_there_and_back() -> None:
    organization = Organization(id="9", name="Acme", fields={"a": ("x", "y"), "b": None})

    assert organization_from_json(organization_to_json(organization)) == organization


def test_only_id_and_creation_are_needed() -> None:
    assert ticket_from_json(a_line()) == Ticket(
        id="1", created_at=datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    )


def test_without_an_author_the_system_did_it() -> None:
    assert happening_from_json(a_happening(kind="deleted")) == Happening(
        at=datetime(2026, 11, 20, 9, tzinfo=UTC), kind="deleted", by="system"
    )


def test_numbers_booleans_and_lists_in_fields_become_text() -> None:
    fields = {"n": 5, "yes": True, "no": False, "several": [1, "b", True], "none": None}

    assert ticket_from_json(a_line(id=4711, fields=fields)).fields == {
        "n": "5",
        "yes": "true",
        "no": "false",
        "several": ("1", "b", "true"),
        "none": None,
    }


def test_times_are_taken_to_utc_and_cut_to_whole_seconds() -> None:
    ticket = ticket_from_json(a_line(created_at="2026-11-20T09:30:00.987654+01:00"))

    assert ticket.created_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert ticket.created_at.tzinfo is UTC


def test_happenings_come_in_order_of_time_and_keep_their_order_within_an_instant() -> None:
    ticket = ticket_from_json(
        a_line(
            happenings=[
                a_happening(at="2026-11-20T10:00:00Z", kind="status", to="open"),
                a_happening(kind="comment", by="agent"),
                a_happening(kind="status", to="solved"),
            ]
        )
    )

    assert [(one.kind, one.to) for one in ticket.happenings] == [
        ("comment", None),
        ("status", "solved"),
        ("status", "open"),
    ]


def test_a_happening_before_the_creation_is_moved_to_it_and_counted() -> None:
    line = a_line(
        happenings=[
            a_happening(at="2026-11-20T08:29:00Z", kind="comment", by="requester"),
            a_happening(kind="comment_private", of="2026-11-20T08:29:00Z"),
        ]
    )

    ticket = ticket_from_json(line)

    assert ticket.happenings[0].at == ticket.created_at
    assert ticket.happenings[1].of == ticket.created_at
    assert moved_to_creation(line, ticket) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (a_line(prioriti="high"), 'unknown key "prioriti"; did you mean "priority"?'),
        ({"id": "1"}, 'the key "created_at" is missing'),
        (a_line(id=""), "id: expected a text"),
        (a_line(id=True), "id: expected a text"),
        (a_line(created_at="2026-11-20T08:30:00"), "has no zone"),
        (a_line(created_at="20 November"), "is not a time in ISO 8601"),
        (a_line(created_at=1763627400), "created_at: expected a time"),
        (a_line(created_at="9999-12-31T23:59:59Z"), "the year 9999 is outside 1970 to 2199"),
        (a_line(created_at="0001-01-01T00:00:00+05:00"), "the year 1 is out of reach"),
        (a_line(priority="hihg"), 'priority: unknown word "hihg"; did you mean "high"?'),
        (a_line(channel="Email"), 'channel: unknown word "Email"; did you mean "email"?'),
        (a_line(created_by="robot"), "created_by: unknown word"),
        (a_line(created_public="yes"), "created_public: expected true or false"),
        (a_line(tags="vip"), "tags: expected a list of texts"),
        (a_line(fields={"a": {"b": 1}}), "fields.a: expected a text, a number"),
        (a_line(fields=[1]), "fields: expected a mapping, found a list"),
        (a_line(requester={"rol": "agent"}), 'requester: unknown key "rol"; did you mean "role"?'),
        (a_line(organization={"nam": "A"}), 'organization: unknown key "nam"'),
        (a_line(organization="Acme"), 'organization: expected a mapping, found "Acme"'),
        (a_line(requester="Jan"), 'requester: expected a mapping, found "Jan"'),
        (a_line(requester={"role": 5, "tags": "x"}), "requester: tags: expected a list of texts"),
        (a_line(happenings={}), "happenings: expected a list"),
        (a_line(happenings=["x"]), 'happening 1: expected a mapping, found "x"'),
        (
            a_line(happenings=[a_happening(kind="organization", to="Acme")]),
            'happening 1: to: expected a mapping, found "Acme"',
        ),
        (a_line(happenings=[a_happening(kind="coment")]), 'did you mean "comment"?'),
        (a_line(happenings=[a_happening()]), 'happening 1: the key "kind" is missing'),
        (a_line(happenings=[{"kind": "deleted"}]), 'the key "at" is missing'),
        (a_line(happenings=[a_happening(kind="status")]), 'the key "to" is missing'),
        (a_line(happenings=[a_happening(kind="status", to="Waiting")]), "to: unknown word"),
        (a_line(happenings=[a_happening(kind="field", to="x")]), "field: expected a text"),
        (a_line(happenings=[a_happening(kind="merged", into=[])]), "into: expected a text"),
        (a_line(happenings=[a_happening(kind="comment_private")]), "of: expected a time"),
        (
            a_line(happenings=[a_happening(kind="comment", to="x")]),
            'the key "to" does not belong to the kind comment',
        ),
        (
            a_line(happenings=[a_happening(kind="field", field="priority", to="top")]),
            'to: unknown word "top"',
        ),
    ],
)
def test_what_the_format_does_not_allow_is_named(line: dict[str, object], message: str) -> None:
    with pytest.raises(HistoryLineError) as mistake:
        ticket_from_json(line)

    said = str(mistake.value)
    assert message in said
    words = [one.strip() for one in said.split(":")]
    assert all(one != following for one, following in pairwise(words))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("status", 'field: a change of status has the kind "status"'),
        ("custom_status", 'field: a change of custom_status has the kind "status"'),
        ("organization", 'field: a change of organization has the kind "organization"'),
        ("prioriti", 'field: unknown path "prioriti"; did you mean "priority"?'),
        ("product", 'unknown path "product"; a ticket field is written "ticket.fields.product"'),
    ],
)
def test_a_field_that_is_no_value_of_a_ticket_is_refused(field: str, message: str) -> None:
    with pytest.raises(HistoryLineError, match=re.escape(message)):
        happening_from_json(a_happening(kind="field", field=field, to="x"))


@pytest.mark.parametrize(
    "field", ["assignee", "organization.tags", "organization.fields.market", "ticket.fields.größe"]
)
def test_every_value_that_a_rule_may_look_at_can_change(field: str) -> None:
    assert happening_from_json(a_happening(kind="field", field=field, to="x")).field == field
