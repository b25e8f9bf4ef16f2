# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update of a ticket says, from either source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from connector.zendesk.audits import Reader
from connector.zendesk.updates import (
    comment_times,
    organizations_in,
    people_in,
    requesters_in,
    update_of_audit,
    update_of_event,
)
from connector.zendesk.wire import RowUnreadable
from rules.facts import Happening, Organization
from tests.connector.zendesk_rows import (
    ACME,
    AGENT,
    COLLEAGUE,
    ME,
    REQUESTER,
    an_audit,
    an_event,
    at,
    some_names,
)

if TYPE_CHECKING:
    from connector.zendesk.updates import Update
    from connector.zendesk.wire import AuditRow, TicketEventRow

MERGE = {"channel": "web", "source": {"from": {}, "to": {"ticket_id": 4712}, "rel": "merge"}}


def read(*rows: AuditRow | TicketEventRow, unknown: dict[str, int] | None = None):
    updates = [_update(row) for row in rows]
    reader = Reader(
        some_names(), REQUESTER, comment_times(updates), {} if unknown is None else unknown
    )
    return reader.read_all(updates)


def _update(row: AuditRow | TicketEventRow) -> Update:
    return update_of_event(row) if hasattr(row, "child_events") else update_of_audit(row, "4711")


def test_the_two_sources_tell_the_same_happenings():
    by_audits = read(
        an_audit(
            {"type": "Comment", "public": True, "author_id": 20, "body": "secret"},
            {
                "type": "Change",
                "field_name": "status",
                "value": "pending",
                "previous_value": "open",
            },
            {
                "type": "Change",
                "field_name": "custom_status_id",
                "value": "901",
                "previous_value": "900",
            },
            {"type": "Change", "field_name": "priority", "value": "high", "previous_value": None},
            {"type": "Change", "field_name": "group_id", "value": "701", "previous_value": "700"},
            {"type": "Change", "field_name": "1001", "value": "modem", "previous_value": "router"},
            {"type": "Change", "field_name": "tags", "value": ["vip"], "previous_value": []},
        )
    )
    by_events = read(
        an_event(
            {"event_type": "Comment", "type": "Comment", "public": True, "author_id": 20},
            {"event_type": "Change", "status": "pending", "previous_value": "open"},
            {"event_type": "Change", "custom_status_id": 901, "previous_value": 900},
            {"event_type": "Change", "priority": "high", "previous_value": None},
            {"event_type": "Change", "group_id": 701, "previous_value": 700},
            {
                "event_type": "Change",
                "custom_ticket_fields": {"1001": "modem"},
                "previous_value": "router",
            },
            {"event_type": "Change", "tags": ["vip"], "added_tags": ["vip"], "removed_tags": []},
        )
    )
    assert by_audits == by_events
    assert [(item.kind, item.field, item.was, item.to) for item in by_audits] == [
        ("comment", None, None, None),
        ("status", None, "open", "pending"),
        ("field", "priority", None, "high"),
        ("field", "group", "support", "escalations"),
        ("field", "ticket.fields.product", "router", "modem"),
        ("field", "tags", None, ("vip",)),
    ]
    assert by_audits[0] == Happening(
        at=at("2026-11-20 09:10"), kind="comment", by="agent", public=True, via="web", id="310"
    )


@pytest.mark.parametrize(
    ("author_id", "word"),
    [
        pytest.param(10, "requester", id="the ticket's requester"),
        pytest.param(11, "end_user", id="another end user"),
        pytest.param(12, "end_user", id="somebody nobody knows"),
        pytest.param(20, "agent", id="agent"),
        pytest.param(21, "light_agent", id="light agent"),
        pytest.param(22, "system", id="a bot of the rule file"),
        pytest.param(99, "stipt", id="our own user"),
        pytest.param(-1, "system", id="Zendesk itself"),
        pytest.param(None, "system", id="nobody"),
    ],
)
def test_the_author_of_a_comment_becomes_a_word(author_id: int | None, word: str):
    comment = {"type": "Comment", "public": True, "author_id": author_id}
    assert [item.by for item in read(an_audit(comment, author_id=author_id))] == [word]


def test_a_comment_is_judged_by_its_author_and_a_change_by_the_updater():
    happenings = read(
        an_audit(
            {"type": "Comment", "public": True, "author_id": 10},
            {"type": "Change", "field_name": "status", "value": "open", "previous_value": "new"},
        )
    )
    assert [(item.kind, item.by) for item in happenings] == [
        ("comment", "requester"),
        ("status", "agent"),
    ]


@pytest.mark.parametrize(
    "via",
    [
        pytest.param({"channel": "rule", "source": {"rel": "trigger"}}, id="object"),
        pytest.param("Rule", id="display text"),
        pytest.param("Automation", id="automation"),
    ],
)
def test_what_a_trigger_changed_in_an_agents_update_is_the_systems(via: object):
    change = {
        "type": "Change",
        "field_name": "priority",
        "value": "urgent",
        "previous_value": "low",
        "via": via,
    }
    assert [item.by for item in read(an_audit(change))] == ["system"]


def test_a_priority_written_by_stipt_says_so():
    change = {"type": "Change", "field_name": "priority", "value": "high", "previous_value": "low"}
    by_user = read(an_audit(change, author_id=99))
    by_marker = read(an_audit(change, metadata={"custom": {"stipt": {"v": 1}}}))
    assert [item.by for item in by_user + by_marker] == ["stipt", "stipt"]


def test_changes_of_our_own_fields_and_their_tags_are_no_happenings():
    assert (
        read(
            an_audit(
                {"type": "Change", "field_name": "2002", "value": "2026-11-23T16:00:00Z"},
                {"type": "Change", "field_name": "2001", "value": "sla_state_at_risk"},
                {
                    "type": "Change",
                    "field_name": "tags",
                    "value": ["vip", "sla_state_at_risk"],
                    "previous_value": ["vip"],
                },
                author_id=99,
            )
        )
        == []
    )


def test_a_custom_status_keeps_its_name_before_and_after():
    to_supplier = an_audit(
        {"type": "Change", "field_name": "status", "value": "hold", "previous_value": "open"},
        {
            "type": "Change",
            "field_name": "custom_status_id",
            "value": "902",
            "previous_value": "900",
        },
    )
    back = an_audit(
        {
            "type": "Change",
            "field_name": "custom_status_id",
            "value": "901",
            "previous_value": "902",
        },
        id=32,
    )
    first, second = read(to_supplier, back)
    assert (first.to, first.custom, first.was) == ("hold", "Waiting for supplier", "open")
    assert (second.to, second.custom) == ("pending", None)
    assert second.was == ("hold", "Waiting for supplier")


def test_the_comment_of_the_creation_is_marked():
    (comment,) = read(
        an_event(
            {"event_type": "Comment", "public": True, "author_id": 10, "via": "Mail"},
            {"event_type": "Create", "status": "new"},
            {"event_type": "Create", "priority": None},
            updater_id=10,
            via="Mail",
        )
    )
    assert (comment.id, comment.by, comment.via) == ("creation-310", "requester", "email")


def test_a_comment_made_private_points_at_the_comment():
    comment = an_audit({"type": "Comment", "public": True, "author_id": 20})
    hidden = an_audit(
        {"type": "CommentPrivacyChange", "comment_id": 310, "public": False},
        id=40,
        created_at="2026-11-20T10:00:00Z",
    )
    _, privacy = read(comment, hidden)
    assert privacy.kind == "comment_private"
    assert privacy.of == at("2026-11-20 09:10")
    assert privacy.at == at("2026-11-20 10:00")


def test_a_privacy_change_of_an_unknown_comment_is_named_as_missing():
    reader = Reader(some_names(), REQUESTER, {}, {})
    reader.read(
        update_of_audit(an_audit({"type": "CommentPrivacyChange", "comment_id": 5}), "4711")
    )
    assert (reader.happenings, reader.missing) == ([], ["5"])


def test_a_merge_is_told_with_its_comment_by_system():
    happenings = read(
        an_audit(
            {"type": "Comment", "public": False, "author_id": 20},
            {
                "type": "Change",
                "field_name": "tags",
                "value": ["vip", "closed_by_merge"],
                "previous_value": ["vip"],
            },
            {"type": "Change", "field_name": "status", "value": "closed", "previous_value": "open"},
            via=MERGE,
        )
    )
    assert [(item.kind, item.by) for item in happenings if item.kind == "comment"] == [
        ("comment", "system")
    ]
    merged = happenings[-1]
    assert (merged.kind, merged.into, merged.id) == ("merged", "4712", "31")


def test_deletion_and_restoration_are_told_as_such():
    deleted = an_event({"event_type": "Change", "status": "deleted", "previous_value": "open"})
    restored = an_event(
        {"event_type": "Change", "status": "open", "previous_value": "deleted"}, id=41
    )
    assert [item.kind for item in read(deleted, restored)] == ["deleted", "restored"]


def test_a_change_of_organization_carries_the_facts_and_the_one_before():
    (moved,) = read(an_event({"event_type": "Change", "organization_id": 500, "previous_value": 7}))
    (left,) = read(
        an_event({"event_type": "Change", "organization_id": None, "previous_value": 500})
    )
    assert (moved.organization, moved.was) == (ACME, "7")
    assert (left.organization, left.was) == (Organization(), "500")


def test_unknown_words_are_mapped_and_counted():
    unknown: dict[str, int] = {}
    happenings = read(
        an_event(
            {"event_type": "Change", "status": "parked", "previous_value": "open"},
            {"event_type": "Change", "priority": "gigantic", "previous_value": "low"},
            {"event_type": "Sparkle"},
            {"event_type": "Comment", "public": True, "author_id": 20, "via": "Pigeon"},
        ),
        unknown=unknown,
    )
    assert unknown == {
        "status:parked": 1,
        "priority:gigantic": 1,
        "event:Sparkle": 1,
        "channel:pigeon": 1,
    }
    assert [item.to for item in happenings if item.kind == "status"] == ["open"]
    assert [item.via for item in happenings if item.kind == "comment"] == ["other"]


def test_a_side_conversation_keeps_its_name():
    comment = {"type": "Comment", "public": True, "via": {"channel": "side_conversation"}}
    assert [item.via for item in read(an_audit(comment))] == ["side_conversation"]


def test_an_event_without_created_at_is_dated_by_its_timestamp():
    (comment,) = read(an_event({"event_type": "Comment", "public": False}, created_at=None))
    assert comment.at == at("2026-11-20 09:10")
    assert not comment.public


def test_an_event_without_any_time_cannot_be_read():
    with pytest.raises(RowUnreadable):
        update_of_event(an_event(created_at=None, timestamp=None))


def test_people_requesters_and_customers_of_updates_are_named_for_look_up():
    update = update_of_event(
        an_event(
            {"event_type": "Comment", "author_id": 11},
            {"event_type": "Create", "requester_id": 10},
            {"event_type": "Change", "organization_id": 500, "previous_value": 501},
        )
    )
    assert people_in([update]) == {AGENT, COLLEAGUE}
    assert requesters_in([update]) == {"4711": REQUESTER}
    assert organizations_in([update]) == {"500", "501"}


def test_no_comment_text_reaches_a_happening():
    (comment,) = read(
        an_audit({"type": "Comment", "public": True, "author_id": 20, "body": "PLANTED"})
    )
    assert "PLANTED" not in repr(comment)
    assert replace(comment, id=None).by != ME
