# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing back: every outcome, every fault, and the two bounds."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.base import CredentialsRejected, Refused, Throttled, Unavailable
from rules.changes import FieldChange
from rules.facts import Happening
from tests.worker.conftest import RULES, START, Site
from worker.store.accounts import standing_notices
from worker.store.facts_json import current_of
from worker.store.states import refresh_current, upsert_states
from worker.store.tables import field_changes, tickets
from worker.store.wanted import Wanted
from worker.store.writes import record_written
from worker.wiring import AccountWork


class AfterAll(Unavailable):
    """The helpdesk did it, then the connection died."""

    after = True


def states(site: Site) -> dict[str, str]:
    """The state of the newest wanted change of each ticket."""
    with site.database.read("default") as books:
        rows = books.tx.execute(
            sa.select(field_changes.c.ticket_id, field_changes.c.state).order_by(
                field_changes.c.created_at, field_changes.c.id
            )
        )
        return {row[0]: row[1] for row in rows}


def test_a_dry_run_records_and_writes_nothing(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.start(write="off")
    report = any_site.once()
    assert (report.writes, report.would_write) == (0, 1)
    assert any_site.helpdesk.writes == []
    assert any_site.helpdesk.spent["write"] == 0


def test_what_a_dry_run_recorded_is_written_once_writing_is_on(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.start(write="off")
    any_site.once()
    any_site.start(write="on")
    assert any_site.once().writes == 1


def test_switching_on_sends_no_storm_of_old_messages(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.start(write="off")
    any_site.once()
    any_site.wait(hours=5)
    any_site.once()
    any_site.start(write="on")
    any_site.once()
    assert any_site.mailbox.sent == []


@pytest.mark.parametrize("outcome", ["unwritable", "refused", "gone"])
def test_a_final_answer_is_never_asked_for_again(any_site: Site, outcome: str) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.outcomes["1"] = outcome
    any_site.once()
    assert states(any_site) == {"1": outcome}
    any_site.helpdesk.happen("1", Happening(at=START, kind="comment", by="requester"))
    spent = any_site.helpdesk.spent["write"]
    any_site.once()
    assert any_site.helpdesk.spent["write"] == spent or outcome != "refused"


def test_a_refusal_is_told_to_operators(site: Site) -> None:
    site.helpdesk.add("1")
    site.helpdesk.outcomes["1"] = "refused"
    report = site.once()
    assert "refused on request" in report.notices["writes_refused"]


def test_a_closed_ticket_is_never_written(any_site: Site) -> None:
    any_site.helpdesk.add("1", status="closed")
    any_site.once()
    assert any_site.helpdesk.writes == []


def test_a_conflict_is_read_again_and_judged_anew(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.outcomes["1"] = "conflict"
    installation = any_site.start()
    work = installation.accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    any_site.helpdesk.happen("1", Happening(at=START, kind="status", to="pending", was="open"))
    assert work.writer.write_due().outcomes == {"conflict": 1}
    assert any_site.helpdesk.spent["tickets"] == 1
    assert any_site.helpdesk.spent["ticket"] == 0
    any_site.helpdesk.outcomes.clear()
    any_site.once()
    assert states(any_site) == {"1": "written"}


def conflicting(site: Site, *numbers: str) -> AccountWork:
    """A worker whose changes of these tickets are in conflict with somebody's."""
    for number in numbers:
        site.helpdesk.add(number)
        site.helpdesk.outcomes[number] = "conflict"
    work = site.start().accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    assert work.writer.write_due().outcomes == {"conflict": len(numbers)}
    return work


def test_a_detail_that_somebody_edited_is_put_back(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.once()
    held = any_site.helpdesk.held["1"]
    text = held.state.current.own["sla_detail"] or ""
    edited = {**held.state.current.own, "sla_detail": text.replace('"used":0', '"used":1')}
    assert edited["sla_detail"] != text  # it says the same but for what moves anyhow
    held.state = replace(held.state, current=replace(held.state.current, own=edited))
    any_site.helpdesk.happen("1", Happening(at=any_site.clock.now(), kind="comment", by="system"))
    any_site.once()
    assert held.state.current.own["sla_detail"] == text


def test_a_detail_that_says_the_same_is_written_once(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    for _ in range(4):
        any_site.once()
        any_site.wait(minutes=5)
        any_site.helpdesk.happen(
            "1", Happening(at=any_site.clock.now(), kind="comment", by="system")
        )
    assert len(any_site.helpdesk.writes) == 1


def test_many_conflicts_are_read_in_bulk_and_written_once_more(any_site: Site) -> None:
    numbers = [f"{number}" for number in range(30)]
    work = conflicting(any_site, *numbers)
    assert (any_site.helpdesk.spent["tickets"], any_site.helpdesk.spent["ticket"]) == (1, 0)
    any_site.helpdesk.outcomes.clear()
    work.reconciler.reconcile(work.reconciler.claim())
    assert work.writer.write_due().outcomes == {"written": 30}
    assert set(states(any_site).values()) == {"written"}


def test_a_second_conflict_waits_for_what_the_export_tells(any_site: Site) -> None:
    work = conflicting(any_site, "1")
    work.reconciler.reconcile(work.reconciler.claim())
    assert work.writer.write_due().outcomes == {"conflict": 1}
    assert any_site.helpdesk.spent["tickets"] == 1
    assert work.reconciler.claim().ticket_ids == ()
    any_site.wait(minutes=3)
    any_site.helpdesk.outcomes.clear()
    any_site.once()
    assert states(any_site) == {"1": "written"}


def test_a_state_read_after_a_conflict_does_not_run_ahead_of_its_history(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(minutes=1)
    held = any_site.helpdesk.held["1"]
    facts = replace(held.state.facts, status="pending")
    later = replace(held.state, facts=facts, updated_at=any_site.clock.now())
    with any_site.database.write("default") as books:
        refresh_current(books, [later], any_site.clock.now())
    any_site.once()
    # Pending since its creation it would be paused; nobody has said since when it is.
    assert held.state.current.own["sla_state"] == "on_track"


def test_a_change_that_a_limit_keeps_back_is_no_failure(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.outcomes["1"] = "unsent"
    work = any_site.start().accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    assert work.writer.write_due().outcomes == {"unsent": 1}
    assert work.writer.write_due().claimed == 0
    any_site.wait(minutes=1)
    any_site.helpdesk.outcomes.clear()
    assert work.writer.write_due().outcomes == {"written": 1}
    assert any_site.helpdesk.spent["tickets"] == 0


def test_what_may_have_been_written_is_read_back_before_a_second_try(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.faults["write"] = [AfterAll("the connection died")]
    any_site.once()
    assert len(any_site.helpdesk.writes) == 1
    assert any_site.helpdesk.spent["tickets"] == 1
    assert states(any_site) == {"1": "written"}


def test_what_was_not_written_is_written_at_the_second_try(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.faults["write"] = [Unavailable("no answer")]
    any_site.once()
    assert len(any_site.helpdesk.writes) == 1
    assert states(any_site) == {"1": "written"}


def test_a_fault_while_reading_back_is_no_reason_to_write_blindly(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.faults["write"] = [AfterAll("the connection died")]
    any_site.helpdesk.faults["tickets"] = [Unavailable("no answer")]
    any_site.once()
    assert len(any_site.helpdesk.writes) == 1
    assert states(any_site) == {"1": "written"}


def test_a_rate_limit_is_a_later_time_in_the_row_and_no_failure(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    work = any_site.start().accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    any_site.helpdesk.faults["write"] = [Throttled(93)]
    assert work.writer.write_due().outcomes == {"waiting": 1}
    with any_site.database.read("default") as books:
        row = books.tx.execute(sa.select(field_changes)).mappings().one()
    assert row["due"] - START.timestamp() == 93
    assert (row["tries"], row["state"]) == (0, "ready")
    assert work.writer.write_due().claimed == 0
    any_site.wait(seconds=93)
    assert work.writer.write_due().outcomes == {"written": 1}


def test_refused_credentials_pause_the_connection_with_one_notice(any_site: Site) -> None:
    for number in range(3):
        any_site.helpdesk.add(f"{number}")
    any_site.helpdesk.faults["write"] = [CredentialsRejected("403")]
    report = any_site.once()
    assert report.paused == "403"
    assert list(report.notices) == ["connection_paused"]
    spent = sum(any_site.helpdesk.spent.values())
    any_site.once()
    assert sum(any_site.helpdesk.spent.values()) == spent
    any_site.wait(minutes=11)
    report = any_site.once()
    assert report.paused is None
    assert report.writes == 3


def test_a_call_that_keeps_failing_is_given_up_and_told(site: Site) -> None:
    site.helpdesk.add("1", organization=None)
    site.helpdesk.faults["write"] = [Refused("400")] * 20
    for _ in range(18):
        site.once()
        site.wait(minutes=20)
    assert states(site)["1"] == "dead"
    with site.database.read("default") as books:
        assert "writes_dead" in standing_notices(books)


def test_changes_that_only_rules_cause_keep_to_the_budget(any_site: Site) -> None:
    for number in range(8):
        any_site.helpdesk.add(f"{number}")
    any_site.start(write_budget=5)
    any_site.once()
    assert any_site.installation is not None
    (any_site.rules / "sla.yaml").write_text(RULES.replace("within: 4h", "within: 3h"))
    assert any_site.installation.accounts[0].policies.reload()
    assert any_site.once().writes == 5
    assert any_site.once().writes == 0
    any_site.wait(hours=1)
    assert any_site.once().writes == 3


def test_a_tickets_own_events_are_not_charged_to_the_budget(any_site: Site) -> None:
    for number in range(8):
        any_site.helpdesk.add(f"{number}")
    any_site.start(write_budget=0)
    assert any_site.once().writes == 8


def test_a_ticket_takes_six_writes_in_ten_minutes_and_the_rest_as_one(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    for number in range(10):
        any_site.wait(seconds=20)
        word = "pending" if number % 2 else "open"
        any_site.helpdesk.happen("1", Happening(at=any_site.clock.now(), kind="status", to=word))
        held = any_site.helpdesk.held["1"]
        other = {**held.state.current.own, "sla_state": f"edited{number}"}
        held.state = replace(held.state, current=replace(held.state.current, own=other))
        work = any_site.installation.accounts[0]
        work.poller.poll()
        work.reconciler.reconcile(work.reconciler.claim())
        work.writer.write_due()
    assert len(any_site.helpdesk.writes) == 6
    any_site.wait(minutes=10)
    any_site.once()
    assert len(any_site.helpdesk.writes) == 7


def test_a_loop_with_somebodys_automation_ends_in_quarantine(site: Site) -> None:
    site.helpdesk.add("1")
    site.once()
    for _ in range(60):
        site.wait(seconds=60)
        held = site.helpdesk.held["1"]
        site.helpdesk.happen("1", Happening(at=site.clock.now(), kind="comment", by="system"))
        other = {**held.state.current.own, "sla_state": "met"}
        held.state = replace(held.state, current=replace(held.state.current, own=other))
        work = site.installation.accounts[0]
        work.poller.poll()
        work.reconciler.reconcile(work.reconciler.claim())
        work.writer.write_due()
    with site.database.read("default") as books:
        row = books.tx.execute(sa.select(tickets.c.quarantined_at, tickets.c.error)).one()
    assert row.quarantined_at is not None
    assert "automation" in row.error
    assert len(site.helpdesk.writes) == 18


def test_a_step_that_raises_the_priority_survives_a_newer_state(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=3)
    work = any_site.installation.accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    # Before the raise is written, something else makes another state wanted.
    any_site.helpdesk.happen(
        "1", Happening(at=any_site.clock.now(), kind="comment", by="requester")
    )
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    any_site.once()
    assert any_site.helpdesk.held["1"].state.current.priority == "high"


def test_an_agent_who_lowers_the_priority_afterwards_is_not_overruled(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=3)
    any_site.once()
    held = any_site.helpdesk.held["1"]
    any_site.helpdesk.happen(
        "1",
        Happening(at=any_site.clock.now(), kind="field", by="agent", field="priority", to="low"),
    )
    held.state = replace(held.state, current=replace(held.state.current, priority="low"))
    any_site.once()
    assert held.state.current.priority == "low"


def test_an_unrecorded_write_is_not_undone_by_what_is_recorded_later(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    held = any_site.helpdesk.held["1"].state
    unrecorded = replace(
        held,
        current=replace(held.current, own={**held.current.own, "sla_state": "at_risk"}),
        updated_at=START + timedelta(hours=1),
    )
    recorded = Wanted(
        id=1,
        ticket_id="1",
        changes=(FieldChange("sla_detail", None, "{}", "news"),),
        cause="event",
        tries=1,
        is_ambiguous=True,
        seen_at=None,
        created_at=START,
        claim="mine",
    )
    later = START + timedelta(hours=2)
    with any_site.database.write("default") as books:
        refresh_current(books, [unrecorded], later)
        record_written(books, [recorded], later, later)
        news = replace(unrecorded, order=held.order + 1, assignee_id="7")
        upsert_states(books, [news])
        text = books.tx.execute(sa.select(tickets.c.current)).scalar_one()
    own = current_of(text).own
    assert (own["sla_state"], own["sla_detail"]) == ("at_risk", "{}")
