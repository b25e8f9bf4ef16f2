# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules at the start, rules that change, rules that break."""

import pytest
import sqlalchemy as sa

from rules.facts import Happening
from tests.worker.conftest import RULES, Site
from worker.rule_folder import RulesInvalid, RulesMissing
from worker.store.tables import verdicts


def rewrite(site: Site, old: str, new: str) -> bool:
    """Edit the rules of a running worker; whether another policy is in force now."""
    path = site.rules / "sla.yaml"
    path.write_text(path.read_text().replace(old, new))
    policies = site.installation.accounts[0].policies
    return policies.reload_if_changed() or policies.reload_if_changed()


def verdict(site: Site, measure: str) -> sa.RowMapping:
    with site.database.read("default") as books:
        choice = sa.select(verdicts).where(verdicts.c.measure == measure)
        return books.tx.execute(choice).mappings().one()


def test_broken_rules_at_the_start_are_refused_with_every_problem(site: Site) -> None:
    (site.rules / "sla.yaml").write_text(RULES.replace("within: 4h", "within: 4x"))
    with pytest.raises(RulesInvalid) as caught:
        site.start()
    assert "sla.yaml" in str(caught.value.problems[0])


def test_a_missing_folder_at_the_start_is_refused(site: Site) -> None:
    (site.rules / "sla.yaml").unlink()
    with pytest.raises(RulesMissing):
        site.start()


def test_a_running_worker_keeps_the_last_good_rules_and_says_so(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    assert not rewrite(any_site, "within: 4h", "within: 4x")
    any_site.wait(minutes=5)
    any_site.helpdesk.add("2")
    report = any_site.once()
    assert report.writes == 1
    assert "last good rules stay" in report.notices["rules_refused"]
    assert "sla.yaml" in report.notices["rules_refused"]
    assert rewrite(any_site, "within: 4x", "within: 3h")
    assert any_site.once().notices == {}


def test_new_rules_move_the_deadlines_of_open_cycles(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    rewrite(any_site, "within: 4h", "within: 3h")
    assert any_site.once().writes == 1
    assert any_site.helpdesk.held["1"].state.current.own["sla_due_at"] == "2026-11-24T12:00:00Z"


def test_a_closed_verdict_is_not_rewritten_by_new_rules(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.helpdesk.happen("1", Happening(at=any_site.clock.now(), kind="comment", by="agent"))
    any_site.once()
    before = verdict(any_site, "first_reply")
    rewrite(any_site, "within: 4h", "within: 1h")
    any_site.wait(hours=1)
    # News of the ticket, too, leaves what its own rules have closed.
    any_site.helpdesk.happen("1", Happening(at=any_site.clock.now(), kind="status", to="pending"))
    any_site.once()
    after = verdict(any_site, "first_reply")
    assert (after["state"], after["policy"]) == ("met", before["policy"])
    assert verdict(any_site, "resolution")["policy"] != before["policy"]


def test_facts_still_rewrite_a_verdict_that_older_rules_closed(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.helpdesk.happen("1", Happening(at=any_site.clock.now(), kind="comment", by="agent"))
    any_site.once()
    rewrite(any_site, "within: 4h", "within: 1h")
    any_site.once()
    any_site.wait(hours=1)
    any_site.helpdesk.delete("1")
    any_site.once()
    row = verdict(any_site, "first_reply")
    assert (row["state"], row["reason"]) == ("excluded", "deleted")


def test_a_target_that_the_rules_no_longer_know_is_cancelled(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    rewrite(any_site, "      - {measure: resolution, within: 24h, counted: always}\n", "")
    any_site.once()
    assert verdict(any_site, "resolution")["state"] == "cancelled"


def test_a_policy_can_be_read_back_by_its_hash(any_site: Site) -> None:
    policies = any_site.start().accounts[0].policies
    first = policies.policy.hash
    rewrite(any_site, "within: 4h", "within: 3h")
    found = any_site.start().accounts[0].policies.by_hash(first)
    assert found is not None
    assert found.hash == first
