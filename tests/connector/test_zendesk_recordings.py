# SPDX-License-Identifier: GPL-3.0-or-later
"""Real answers of Zendesk become facts."""

from __future__ import annotations

from connector.assemble import assemble
from connector.zendesk.audits import Reader
from connector.zendesk.names import Names
from connector.zendesk.normalise import ticket_state
from connector.zendesk.updates import comment_times, update_of_audit
from connector.zendesk.wire import AuditRow, OrganizationRow, TicketRow, UserRow, convert
from tests.connector.zendesk_rows import recorded


def test_every_recorded_ticket_becomes_a_state():
    rows = [row for key in ("ticket", "tickets") for _, row in recorded(key)]
    unknown: dict[str, int] = {}
    states = [ticket_state(convert(row, TicketRow), Names(), unknown) for row in rows]
    assert len(states) > 150
    assert unknown == {}
    assert {state.facts.id for state in states} == {str(row["id"]) for row in rows}
    assert all(state.facts.created_at.utcoffset() is not None for state in states)


def test_every_recorded_audit_is_read_without_unknown_words():
    rows = [row for key in ("audit", "audits") for _, row in recorded(key)]
    unknown: dict[str, int] = {}
    for row in rows:
        update = update_of_audit(convert(row, AuditRow), str(row["ticket_id"]))
        reader = Reader(Names(), None, comment_times([update]), unknown)
        reader.read(update)
        assert reader.missing == []
    assert len(rows) > 8
    assert unknown == {}


def test_a_recorded_creation_tells_who_created_the_ticket_and_leaves_no_history():
    name, body = next(item for item in recorded("ticket") if item[0] == "ticket-create.json")
    audit = next(row for source, row in recorded("audit") if source == name)
    names = Names(me="1")
    names.learn_people([convert({"id": audit["author_id"], "role": "admin"}, UserRow)])
    state = ticket_state(convert(body, TicketRow), names, {})
    update = update_of_audit(convert(audit, AuditRow), str(body["id"]))
    happenings = Reader(names, "7", {}, {}).read_all([update])
    ticket = assemble(state, happenings, None)
    assert ticket.happenings == ()
    assert ticket.created_by == "agent"
    assert ticket.created_public


def test_recorded_people_and_organizations_are_learnt():
    names = Names()
    people = [convert(row, UserRow) for _, row in recorded("user")]
    customers = [convert(row, OrganizationRow) for _, row in recorded("organization")]
    names.learn_people(people)
    names.learn_organizations(customers)
    assert {person.role for person in names.people.values()} == {"admin"}
    assert {person.language for person in names.people.values()} == {"en"}
    assert all(item.name for item in names.organizations.values())


def test_a_recorded_sample_ticket_is_rewound_to_its_creation():
    audits = [row for _, row in recorded("audits") if row["ticket_id"] == 1]
    updates = [update_of_audit(convert(row, AuditRow), "1") for row in audits]
    happenings = Reader(Names(), None, comment_times(updates), {}).read_all(updates)
    changed = [(item.field, item.was, item.to) for item in happenings if item.kind == "field"]
    assert changed == [("type", None, "incident"), ("priority", None, "normal")]
