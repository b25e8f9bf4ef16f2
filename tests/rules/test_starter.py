# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests in the starter folder hold under the engine that judges tickets."""

from pathlib import Path

import pytest

from rules.evaluate import evaluate
from rules.load import load
from rules.policy import Policy
from rules.trials import Trial

STARTER = Path(__file__).parents[2] / "worker" / "starter"
POLICY, PROBLEMS = load({file.name: file.read_bytes() for file in STARTER.glob("*.yaml")})


def policy() -> Policy:
    assert POLICY is not None, PROBLEMS
    return POLICY


@pytest.mark.parametrize("trial", policy().trials, ids=lambda trial: trial.name)
def test_the_starter_means_what_its_tests_say(trial: Trial):
    instants = [trial.ticket.created_at, *(each.at for each in trial.ticket.happenings)]
    instants += [each.due_at for each in trial.cycles.values() if each.due_at]
    verdict = evaluate(trial.ticket, policy(), trial.until or max(instants))

    assert trial.tier in (None, verdict.choice.tier)
    assert trial.customer in (None, verdict.choice.customer)
    cycles = {cycle.measure: cycle for cycle in verdict.cycles}
    for measure, expected in trial.cycles.items():
        assert expected.due_at in (None, cycles[measure].due_at)
        assert expected.state in (None, cycles[measure].state)
