# SPDX-License-Identifier: GPL-3.0-or-later
"""The connector against the sandbox: the same HTTP, nothing patched."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from connector.assemble import assemble
from connector.base import Gone, HelpdeskError, NewNote, Throttled
from connector.sandbox import Fault, Sandbox, SandboxSettings
from connector.zendesk import (
    NAMES_SCOPES,
    RUNNING_SCOPES,
    ClientCredentials,
    ZendeskAccount,
    ZendeskHelpdesk,
    connect,
)
from connector.zendesk.names import FIELD_TYPES
from rules.changes import OWN_FIELDS, FieldChange, TicketChange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.base import TicketState
    from rules.facts import Happening, Ticket

TIERS = ("premium", "standard", "everyone")


@dataclass
class Synced:
    """All that a full sync delivered."""

    states: dict[str, TicketState] = field(default_factory=dict)
    happenings: dict[str, list[Happening]] = field(default_factory=lambda: defaultdict(list))
    unknown: dict[str, int] = field(default_factory=dict)
    cursor: str | None = None

    def ticket(self, ticket_id: str) -> Ticket:
        state = self.states[ticket_id]
        return assemble(state, self.happenings[ticket_id], state.facts.organization)


def start(**settings: object) -> Sandbox:
    sandbox = Sandbox(SandboxSettings(speed=0, **settings))
    sandbox.start(port=0)
    return sandbox


def desk(sandbox: Sandbox, **changes: object) -> ZendeskHelpdesk:
    clock = sandbox.clock

    def pause(seconds: float) -> bool:
        clock.advance(timedelta(seconds=seconds))
        return False

    settings: dict[str, object] = {
        "account": "default",
        "base_url": sandbox.base_url,
        "credentials": ClientCredentials("stipt", "sandbox-secret"),
        "scopes": (*RUNNING_SCOPES, *NAMES_SCOPES),
        "clock": clock.now,
        "pause": pause,
    }
    return connect(ZendeskAccount(**(settings | changes)))


def sync(helpdesk: ZendeskHelpdesk, sandbox: Sandbox, synced: Synced | None = None) -> Synced:
    """Read both streams to their end; what the helpdesk asks to wait, its clock waits."""
    synced = synced or Synced()
    since = sandbox.clock.now() - timedelta(days=120)
    for _ in range(500):
        try:
            page = helpdesk.changes(synced.cursor, since=since)
        except Throttled as throttled:
            sandbox.clock.advance(timedelta(seconds=throttled.retry_after))
            continue
        except HelpdeskError:
            continue
        for state in page.tickets:
            held = synced.states.get(state.facts.id)
            if held is None or state.order >= held.order:
                synced.states[state.facts.id] = state
        for item in page.happenings:
            synced.happenings[item.ticket_id].append(item.happening)
        synced.unknown |= page.unknown
        assert page.set_aside == ()
        synced.cursor = page.next_cursor
        if not page.more:
            return synced
    pytest.fail("the sync did not end")


def a_change(state: TicketState, **values: str | None) -> TicketChange:
    fields = tuple(FieldChange(key, None, value, "test") for key, value in values.items())
    return TicketChange(state.facts.id, fields, state.updated_at)


def of_status(synced: Synced, status: str) -> TicketState:
    return next(
        state
        for state in synced.states.values()
        if state.current.status == status and state.life == "present"
    )


@pytest.fixture(scope="module")
def quiet() -> Iterator[Sandbox]:
    """An account that tests only read."""
    sandbox = start(tickets=300, seed=7)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small account of the test's own, with our fields set up."""
    own = start(tickets=120, seed=3)
    desk(own).ensure_fields(tiers=TIERS)
    yield own
    own.stop()


def test_a_full_sync_delivers_every_ticket_for_few_calls(quiet: Sandbox):
    helpdesk = desk(quiet)
    synced = sync(helpdesk, quiet)
    assert len(synced.states) == 300
    assert synced.unknown == {}
    spent = helpdesk.calls_spent()
    assert spent["GET /incremental/tickets/cursor"] == 1
    assert spent["GET /incremental/ticket_events"] <= 4
    assert sum(spent.values()) <= 14


def test_events_and_audits_tell_the_same_history(quiet: Sandbox):
    helpdesk = desk(quiet)
    synced = sync(helpdesk, quiet)
    compared = 0
    for ticket_id, state in list(synced.states.items())[::5]:
        if state.life == "deleted":
            with pytest.raises(Gone):
                helpdesk.ticket(ticket_id)
            continue
        snapshot = helpdesk.ticket(ticket_id)
        assert assemble(
            snapshot.state, snapshot.happenings, snapshot.state.facts.organization
        ) == synced.ticket(ticket_id), ticket_id
        compared += 1
    assert compared > 40


def test_assembled_tickets_begin_at_their_creation(quiet: Sandbox):
    synced = sync(desk(quiet), quiet)
    tickets = [synced.ticket(ticket_id) for ticket_id in synced.states]
    assert {ticket.status for ticket in tickets} <= {"new", "open"}
    assert {ticket.created_by for ticket in tickets} >= {"requester"}
    assert all(ticket.brand and not ticket.brand.isdigit() for ticket in tickets)
    for ticket in tickets:
        moments = [item.at for item in ticket.happenings]
        assert moments == sorted(moments)
        assert all(item.at >= ticket.created_at for item in ticket.happenings)
    kinds = {item.kind for ticket in tickets for item in ticket.happenings}
    assert {"comment", "status", "field", "merged", "deleted"} <= kinds


def test_a_second_poll_finds_nothing_new(quiet: Sandbox):
    helpdesk = desk(quiet)
    synced = sync(helpdesk, quiet)
    quiet.clock.advance(timedelta(minutes=1))
    first, second = (helpdesk.changes(synced.cursor, since=quiet.clock.now()) for _ in range(2))
    assert first == second
    assert first.tickets == ()
    page = helpdesk.changes(first.next_cursor, since=quiet.clock.now())
    assert (page.happenings, page.more) == ((), False)


def test_a_sync_that_starts_again_in_the_middle_misses_nothing(quiet: Sandbox):
    whole = sync(desk(quiet), quiet)
    parts = Synced()
    since = quiet.clock.now() - timedelta(days=120)
    for _ in range(2):  # each page by a connection of its own, as after a restart
        quiet.clock.advance(timedelta(minutes=1))
        page = desk(quiet).changes(parts.cursor, since=since)
        for state in page.tickets:
            parts.states[state.facts.id] = state
        for item in page.happenings:
            parts.happenings[item.ticket_id].append(item.happening)
        parts.cursor = page.next_cursor
    parts = sync(desk(quiet), quiet, parts)
    assert {ident: parts.ticket(ident) for ident in parts.states} == {
        ident: whole.ticket(ident) for ident in whole.states
    }


def test_audits_as_source_give_the_same_tickets():
    small = start(tickets=60, seed=5)
    try:
        by_events = sync(desk(small), small)
        by_audits = sync(desk(small, history="audits"), small)
        present = [key for key, state in by_events.states.items() if state.life == "present"]
        assert [by_audits.ticket(key) for key in present] == [
            by_events.ticket(key) for key in present
        ]
    finally:
        small.stop()


def test_a_bad_day_ends_in_the_same_state_as_a_good_one():
    kinds = (
        Fault("throttled", probability=0.1),
        Fault("throttled_without_retry_after", probability=0.05),
        Fault("unavailable", probability=0.1),
        Fault("reset", probability=0.1),
        Fault("truncated", path="^incremental/", probability=0.1),
        Fault("empty_page", path="^incremental/", probability=0.2),
        Fault("repeated_page", path="^incremental/", probability=0.1),
        Fault("duplicate_items", path="^incremental/", probability=0.2),
        Fault("host_change", path="^incremental/", probability=0.5),
    )
    small = start(tickets=80, seed=5)
    try:
        good = sync(desk(small), small)
        for fault in kinds:
            small.faults.add(fault)
        bad = sync(desk(small), small)
        assert {key: bad.ticket(key) for key in bad.states} == {
            key: good.ticket(key) for key in good.states
        }
    finally:
        small.stop()


def test_the_preflight_names_what_is_missing_and_then_nothing(sandbox: Sandbox):
    bare = start(tickets=5, seed=1)
    try:
        checks = {item.name: item for item in desk(bare).check_access()}
        assert checks["sign-in"].outcome == "ok"
        assert checks["ticket fields"].outcome == "fail"
        assert checks["ticket fields"].remedy == "stipt setup"
    finally:
        bare.stop()
    checks = {item.name: item for item in desk(sandbox).check_access()}
    assert [name for name, item in checks.items() if item.outcome == "fail"] == []


def test_the_preflight_stops_at_a_wrong_secret(quiet: Sandbox):
    wrong = desk(quiet, credentials=ClientCredentials("stipt", "wrong"))
    assert [(item.name, item.outcome) for item in wrong.check_access()] == [("sign-in", "fail")]


def test_set_up_through_zenpy_is_idempotent_and_merges_options():
    bare = start(tickets=5, seed=1)
    try:
        helpdesk = desk(bare)
        before = dict(os.environ)
        planned = helpdesk.ensure_fields(tiers=TIERS, dry_run=True)
        assert (planned.created, planned.ids) == (OWN_FIELDS, {})
        made = helpdesk.ensure_fields(tiers=TIERS)
        assert made.created == OWN_FIELDS
        again = helpdesk.ensure_fields(tiers=TIERS)
        assert (again.created, again.changed, again.ids) == ((), (), made.ids)
        grown = helpdesk.ensure_fields(tiers=[*TIERS, "Gold Plus"])
        assert grown.changed == ("sla_tier",)
        fields = {str(row["id"]): row for row in bare.account.rows("ticket_fields").values()}
        tier = fields[made.ids["sla_tier"]]
        assert [option["value"] for option in tier["custom_field_options"]] == [
            "sla_tier_premium",
            "sla_tier_standard",
            "sla_tier_everyone",
            "sla_tier_gold_plus",
        ]
        for own in OWN_FIELDS:
            assert fields[made.ids[own]]["type"] == FIELD_TYPES[own]
            assert fields[made.ids[own]]["visible_in_portal"] is False
        assert dict(os.environ) == before
    finally:
        bare.stop()


def test_bulk_writes_come_back_as_the_current_values(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    state = of_status(synced, "open")
    values = {
        "sla_tier": "premium",
        "sla_state": "at_risk",
        "sla_due_at": "2026-11-26T10:00:00Z",
        "sla_due_date": "2026-11-26",
        "sla_target": "first_reply",
        "sla_detail": '{"v":1}',
        "priority": "urgent",
        "tags": "sla_breached",
    }
    (result,) = helpdesk.write([a_change(state, **values)])
    assert result.outcome == "written"
    (now,) = helpdesk.tickets([state.facts.id])
    assert now.current.own == {key: values[key] for key in OWN_FIELDS}
    assert now.current.priority == "urgent"
    assert "sla_breached" in now.current.tags
    assert "sla_state_at_risk" in now.current.tags
    assert "sla_state_at_risk" not in now.facts.tags
    assert now.facts.fields == state.facts.fields
    cleared = a_change(now, **dict.fromkeys(OWN_FIELDS))
    assert helpdesk.write([cleared])[0].outcome == "written"
    assert set(helpdesk.tickets([state.facts.id])[0].current.own.values()) == {None}


def test_our_own_writes_come_back_as_a_priority_by_stipt_and_nothing_else(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    state = of_status(synced, "open")
    priority = "high" if state.current.priority == "urgent" else "urgent"
    before = synced.ticket(state.facts.id).happenings
    values = {"sla_state": "breached", "sla_due_at": "2026-11-26T10:00:00Z", "priority": priority}
    helpdesk.write([a_change(state, **values)])
    sandbox.clock.advance(timedelta(minutes=3))
    sync(helpdesk, sandbox, synced)
    new = [item for item in synced.ticket(state.facts.id).happenings if item not in before]
    assert [(item.kind, item.field, item.to, item.by) for item in new] == [
        ("field", "priority", priority, "stipt")
    ]


def test_every_kind_of_ticket_gets_its_own_result(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    stale = of_status(synced, "pending")
    helpdesk.write_one(
        a_change(stale, priority="high" if stale.current.priority != "high" else "low")
    )
    deleted = next(item for item in synced.states.values() if item.life == "deleted")
    wanted = [
        (of_status(synced, "open"), "written"),
        (of_status(synced, "closed"), "unwritable"),
        (deleted, "gone"),
        (stale, "conflict"),
    ]
    sandbox.clock.advance(timedelta(seconds=5))
    changes = [a_change(state, sla_state="met", priority="urgent") for state, _ in wanted]
    assert [item.outcome for item in helpdesk.write(changes)] == [outcome for _, outcome in wanted]
    singles = [helpdesk.write_one(change).outcome for change in changes[1:]]
    assert singles == ["unwritable", "gone", "conflict"]


def test_a_lost_answer_to_a_batch_is_read_back_and_not_repeated(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    state = of_status(synced, "open")
    sandbox.faults.add(Fault("executed_then_reset", path="update_many", count=1))
    assert helpdesk.write([a_change(state, sla_state="met")])[0].outcome == "written"
    assert helpdesk.calls_spent()["PUT /tickets/update_many"] == 1


@pytest.mark.parametrize("fault", ["job_gone", "job_failed", "job_failed_items"])
def test_jobs_that_go_wrong_still_give_every_ticket_a_result(sandbox: Sandbox, fault: str):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    open_ones = [item for item in synced.states.values() if item.current.status == "open"][:5]
    sandbox.faults.add(Fault(fault, path="update_many", count=1))
    results = helpdesk.write([a_change(item, sla_state="met") for item in open_ones])
    now = {item.facts.id: item for item in helpdesk.tickets([item.facts.id for item in open_ones])}
    for result in results:
        holds = now[result.ticket_id].current.own["sla_state"] == "met"
        assert result.outcome == ("written" if holds else "error")


def test_a_note_is_found_again_and_is_nobodys_reply(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    ticket_id = of_status(synced, "open").facts.id
    assert not helpdesk.has_note(ticket_id, key="a/b/c")
    helpdesk.note(ticket_id, "Due in an hour.", key="a/b/c")
    assert helpdesk.has_note(ticket_id, key="a/b/c")
    assert not helpdesk.has_note(ticket_id, key="a/b/d")
    note = helpdesk.ticket(ticket_id).happenings[-1]
    assert (note.kind, note.by, note.public) == ("comment", "stipt", False)


def test_a_revoked_token_is_renewed_in_the_middle_of_a_run(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    requests.delete(f"{sandbox.base_url}/_sandbox/tokens", timeout=5).raise_for_status()
    helpdesk.changes(synced.cursor, since=sandbox.clock.now())
    assert helpdesk.calls_spent()["POST /oauth/tokens"] == 2


def test_addresses_come_from_the_account(quiet: Sandbox):
    helpdesk = desk(quiet)
    synced = sync(helpdesk, quiet)
    assigned = next(item for item in synced.states.values() if item.assignee_id)
    assert assigned.assignee_name
    assert "@" not in assigned.assignee_name
    (address,) = helpdesk.address_of("assignee", assigned.assignee_id or "")
    assert "@" in address
    group = next(item.facts.group for item in synced.states.values() if item.facts.group)
    assert len(helpdesk.address_of("group", group)) >= 1


def test_agents_whose_names_are_known_are_looked_up_together(quiet: Sandbox):
    helpdesk = desk(quiet)
    synced = sync(helpdesk, quiet)
    assignees = {item.assignee_id for item in synced.states.values() if item.assignee_id}
    before = helpdesk.calls_spent()["GET /users/show_many"]
    addresses = {helpdesk.address_of("assignee", ident) for ident in assignees}
    assert len(addresses) == len(assignees) > 1
    assert helpdesk.calls_spent()["GET /users/show_many"] == before + 1


def test_notes_in_bulk_are_found_again_and_are_nobodys_reply(sandbox: Sandbox):
    helpdesk = desk(sandbox)
    synced = sync(helpdesk, sandbox)
    open_ones = [ident for ident, item in synced.states.items() if item.current.status == "open"]
    closed = of_status(synced, "closed").facts.id
    notes = [NewNote(ident, "Due soon.", f"key {ident}") for ident in (*open_ones[:3], closed)]
    results = helpdesk.notes([*notes, NewNote(open_ones[0], "Due.", "another")])
    assert [item.outcome for item in results] == ["written"] * 3 + ["refused", "written"]
    assert helpdesk.has_note(open_ones[0], key=notes[0].key)
    assert helpdesk.has_note(open_ones[0], key="another")
    assert not helpdesk.has_note(open_ones[1], key="another")
    added = [item for item in sandbox.site.ledger.ticket_writes if item.comment]
    assert {item.in_job for item in added} == {"update_many"}
    told = helpdesk.ticket(open_ones[1]).happenings[-1]
    assert (told.kind, told.by, told.public) == ("comment", "stipt", False)


def test_schedules_become_calendars(quiet: Sandbox):
    definitions = desk(quiet).schedules()
    assert definitions
    assert all("/" in item.time_zone for item in definitions)


def test_reading_and_writing_never_load_zenpy():
    loaded = {name for name in sys.modules if name.split(".")[0] == "connector"}
    source = "import connector.zendesk, sys; sys.exit('zenpy' in sys.modules)"
    assert loaded
    import subprocess  # noqa: PLC0415 - a fresh interpreter for this test alone

    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0  # noqa: S603 - our own text
