# SPDX-License-Identifier: GPL-3.0-or-later
"""A present state and its happenings become the ticket as it was created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from connector.assemble import assemble
from connector.zendesk.normalise import ticket_state
from rules.facts import Happening, Organization
from tests.connector.zendesk_rows import ACME, a_ticket, at, some_names

if TYPE_CHECKING:
    from connector.base import TicketState


def a_state(**changes: object) -> TicketState:
    return ticket_state(a_ticket(**changes), some_names(), {})


def change(when: str, field: str, was: object, to: object, **more: object) -> Happening:
    return Happening(at=at(when), kind="field", by="agent", field=field, was=was, to=to, **more)


def status(when: str, was: object, to: str, **more: object) -> Happening:
    return Happening(at=at(when), kind="status", by="agent", was=was, to=to, **more)


def test_values_are_rewound_to_the_creation_and_the_history_is_in_order():
    late = change("2026-11-20 10:00", "priority", "normal", "high")
    early = change("2026-11-20 09:00", "priority", None, "normal")
    solved = status("2026-11-20 10:30", "new", "open", custom=None)
    ticket = assemble(a_state(), [late, solved, early], ACME)
    assert (ticket.priority, ticket.status, ticket.organization) == (None, "new", ACME)
    assert ticket.happenings == (early, late, solved)


def test_fields_tags_and_groups_are_rewound_and_unchanged_ones_stay():
    ticket = assemble(
        a_state(),
        [
            change("2026-11-20 09:00", "ticket.fields.product", "modem", "router"),
            change("2026-11-20 09:00", "ticket.fields.parts", ("a", "b"), None),
            change("2026-11-20 09:00", "tags", ("new", "vip"), ("vip",)),
            change("2026-11-20 09:00", "group", None, "support"),
        ],
        ACME,
    )
    assert ticket.fields == {"product": "modem", "parts": ("a", "b")}
    assert (ticket.tags, ticket.group, ticket.brand) == (("new", "vip"), None, "main")


def test_a_field_that_was_empty_at_creation_is_not_there():
    ticket = assemble(
        a_state(), [change("2026-11-20 09:00", "ticket.fields.product", None, "router")], ACME
    )
    assert ticket.fields == {}


def test_a_custom_status_at_creation_is_told_by_the_first_change():
    ticket = assemble(
        a_state(), [status("2026-11-20 09:00", ("hold", "Waiting for supplier"), "open")], ACME
    )
    assert (ticket.status, ticket.custom_status) == ("hold", "Waiting for supplier")


def test_the_marked_comment_tells_the_creation_and_is_no_happening():
    first = Happening(
        at=at("2026-11-20 08:30:01"), kind="comment", by="agent", public=False, id="creation-5"
    )
    reply = Happening(at=at("2026-11-20 09:00"), kind="comment", by="agent", id="6")
    ticket = assemble(a_state(), [reply, first], ACME)
    assert (ticket.created_by, ticket.created_public) == ("agent", False)
    assert ticket.happenings == (reply,)


def test_without_a_mark_the_comment_of_the_creation_instant_is_taken():
    first = Happening(at=at("2026-11-20 08:30"), kind="comment", by="end_user", id="5")
    ticket = assemble(a_state(), [first], ACME)
    assert (ticket.created_by, ticket.happenings) == ("end_user", ())


def test_a_history_that_starts_in_mid_life_keeps_the_earliest_known_values():
    ticket = assemble(
        a_state(created_at="2024-01-01T00:00:00Z"),
        [status("2026-11-20 09:00", "pending", "open")],
        ACME,
    )
    assert (ticket.status, ticket.created_by) == ("pending", "requester")
    assert ticket.created_at == at("2024-01-01 00:00")


def test_the_same_happening_told_twice_counts_once():
    told = change("2026-11-20 09:00", "priority", None, "normal", id="7")
    assert assemble(a_state(), [told, told], ACME).happenings == (told,)


def test_happenings_of_one_second_keep_the_helpdesks_order():
    first = change("2026-11-20 09:00", "priority", None, "normal", id="9")
    second = change("2026-11-20 09:00", "priority", "normal", "high", id="10")
    assert assemble(a_state(), [second, first], ACME).happenings == (first, second)


def test_the_customer_at_creation_is_found_among_those_known():
    other = Organization(id="7", name="Globex")
    moved = Happening(
        at=at("2026-11-20 09:00"), kind="organization", by="agent", organization=ACME, was="7"
    )
    assert assemble(a_state(), [moved], ACME, {"7": other}).organization == other
    assert assemble(a_state(), [moved], ACME).organization == Organization(id="7")
    assert assemble(a_state(), [replace(moved, was=None)], ACME).organization is None


def test_a_deleted_state_without_a_deletion_in_its_history_gets_one():
    ticket = assemble(a_state(status="deleted"), [], ACME)
    assert [(item.kind, item.at) for item in ticket.happenings] == [
        ("deleted", at("2026-11-20 11:00"))
    ]


def test_a_present_state_after_a_deletion_is_restored():
    deleted = Happening(at=at("2026-11-20 09:00"), kind="deleted", id="1")
    ticket = assemble(a_state(), [deleted], ACME)
    assert [item.kind for item in ticket.happenings] == ["deleted", "restored"]
    assert assemble(a_state(status="deleted"), [deleted], ACME).happenings == (deleted,)


def test_a_ticket_closed_by_a_merge_that_the_history_does_not_tell_is_merged():
    ticket = assemble(a_state(status="closed", tags=["closed_by_merge"]), [], ACME)
    assert [item.kind for item in ticket.happenings] == ["merged"]
