# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked contract in the examples: from rule files and tickets to signed statements."""

import json
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from connector.history.reader import read_line
from rules.accounting import Made, statement_of
from rules.availability import read_outages
from rules.corrections import corrections
from rules.evaluate import evaluate
from rules.evidence import Party, rows_of
from rules.exhibits import exhibits
from rules.load import load
from rules.obligations import Records
from rules.parties import agreement_of, by_party
from rules.periods import period_named
from rules.policy import Policy
from rules.populations import paths_of, values_of
from rules.statements import Correction, Statement, close, seal, unseal
from tests.rules.builders import instant
from tests.rules.recomputing import recomputed

EXAMPLE = Path(__file__).parents[2] / "examples" / "contract"
HISTORY = EXAMPLE / "history.jsonl"
STATEMENTS = EXAMPLE / "statements"
ACME = Party("acme")
CLOSED = {"2026-10": instant("2026-11-03 08:00"), "2026-11": instant("2026-12-03 08:00")}


@pytest.fixture(scope="module")
def policy() -> Policy:
    files = {file.name: file.read_bytes() for file in (EXAMPLE / "rules").glob("*.yaml")}
    found, problems = load(files)
    assert found is not None, problems
    return found


def known(policy: Policy, cut_off: datetime) -> Records:
    """What was recorded of Acme up to an instant."""
    tickets = [read_line(line)[0] for line in HISTORY.read_bytes().splitlines()]
    paths = paths_of(policy)
    rows = [
        row
        for ticket in tickets
        for row in rows_of(evaluate(ticket, policy, cut_off), values_of(ticket, paths, cut_off))
    ]
    outages, problems = read_outages((EXAMPLE / "outages.csv").read_text())
    assert problems == ()
    return by_party(Records(cut_off, rows, outages={"outages.csv": outages}))[ACME]


def counted(
    policy: Policy, label: str, cut_off: datetime, corrected: tuple[Correction, ...] = ()
) -> Statement:
    agreement = agreement_of(ACME, policy)
    assert agreement is not None
    period = period_named("calendar_month", label, agreement.zone)
    return statement_of(agreement, period, known(policy, cut_off), Made("0.1.0"), corrected)


@pytest.fixture(scope="module")
def statements(policy: Policy) -> dict[str, Statement]:
    """October as it was closed, and November with what came to light of October since."""
    october_at, november_at = CLOSED["2026-10"], CLOSED["2026-11"]
    october = close(counted(policy, "2026-10", october_at), october_at)
    corrected = corrections(october, counted(policy, "2026-10", november_at))
    november = close(counted(policy, "2026-11", november_at, corrected), november_at)
    return {"2026-10": october, "2026-11": november}


@pytest.mark.parametrize("label", ["2026-10", "2026-11"])
def test_the_statements_are_what_the_rules_make_of_the_tickets(
    label: str,
    statements: dict[str, Statement],
    policy: Policy,
    pytestconfig: pytest.Config,
):
    found = statements[label]
    agreement = agreement_of(ACME, policy)
    assert agreement is not None
    period = period_named("calendar_month", label, agreement.zone)
    kinds = {one.of for one in found.lines}
    tables = exhibits(
        known(policy, CLOSED[label]),
        kinds,
        [agreement.within(one, period) for one in agreement.promised(period)],
    )
    files = {f"acme-{label}-{name}.csv": text.encode() for name, text in tables.items()}
    if pytestconfig.getoption("--rewrite"):
        (STATEMENTS / f"acme-{label}.json").write_bytes(seal(found))
        for name, text in files.items():
            (STATEMENTS / name).write_bytes(text)

    kept = unseal((STATEMENTS / f"acme-{label}.json").read_bytes()).statement
    # The hashes of its origin change with the policy's form; everything that is said does not.
    assert msgspec.structs.replace(kept, origin=found.origin) == found
    if kept.origin.policy == found.origin.policy:
        assert {name: (STATEMENTS / name).read_bytes() for name in files} == files


def test_a_kept_statement_is_rendered_byte_for_byte_again():
    for file in STATEMENTS.glob("*.json"):
        written = file.read_bytes()
        assert seal(unseal(written).statement) == written


def test_the_figures_are_those_of_the_page(statements: dict[str, Statement]):
    october, november = statements["2026-10"], statements["2026-11"]

    assert [(one.numerator, one.n_decided, one.credit) for one in october.lines] == [
        (39, 43, Decimal("51.61")),
        (24, 24, Decimal("0.00")),
        (1_386_000, 1_386_000, Decimal("0.00")),
    ]
    assert [(one.numerator, one.n_decided, one.credit) for one in november.lines] == [
        (128, 137, Decimal("80.00")),
        (127, 130, Decimal("60.00")),
        (2_559_600, 2_563_200, Decimal("160.00")),
    ]
    assert [one.amount for one in november.corrections] == [Decimal("51.62")]
    assert (november.total, november.balance) == (Decimal("300.00"), Decimal("351.62"))


def test_every_step_on_the_page_can_be_recomputed(statements: dict[str, Statement]):
    page = (EXAMPLE / "README.md").read_text()
    for statement in statements.values():
        for line in statement.lines:
            for step in line.steps:
                assert recomputed(step.formula) == step.result
                assert step.formula in page


def test_a_script_that_knows_nothing_of_stipt_gives_the_same_cents():
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-I", EXAMPLE / "recompute.py"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("hashes fit") == 2
    assert done.stdout.strip() in (EXAMPLE / "README.md").read_text()


def test_a_statement_names_its_contract(statements: dict[str, Statement]):
    document = json.loads((STATEMENTS / "acme-2026-11.json").read_text())

    assert document["statement"]["contract"] == "Contract 2026-014, annex B"
    assert statements["2026-11"].covers == ("Support by e-mail and web form", "The customer portal")
