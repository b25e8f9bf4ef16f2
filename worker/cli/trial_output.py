# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of rule tests: lines with expected and actual side by side, JSON, annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.cli.output import coloured

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.policy import Where
    from rules.trial import Compared, TrialResult
    from rules.trial_coverage import Covered

MISSING = "(nothing)"
NO_TEST = "no test covers this"
_PLURALS = {"tier": "tiers", "customer": "customers", "target": "targets", "step": "steps"}
_MOST_SHOWN = 20


def place(where: Where) -> str:
    """`file:line:column`."""
    return f"{where.file}:{where.line}:{where.column}"


def said(compared: Compared) -> str:
    """An expectation that failed, as a sentence."""
    expected, actual = compared.expected or MISSING, compared.actual or MISSING
    return f"{compared.what}: expected {expected}, actual {actual}"


def lines(results: Iterable[TrialResult], *, quiet: bool) -> list[str]:
    """A line for each test; below one that failed, everything it expects beside what came."""
    found: list[str] = []
    for one in results:
        head = f"{place(one.trial.where)} {_one_line(one.trial.name)}"
        if one.has_passed:
            found += [] if quiet else [f"{coloured('ok  ', 'green')} {head}"]
            continue
        found.append(f"{coloured('FAIL', 'red')} {head}")
        if one.fault:
            found.append(f"  cannot be run: {one.fault}")
        found += _side_by_side(one.compared)
        found += [f"  {reason}" for reason in one.reasons]
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _side_by_side(compared: Sequence[Compared]) -> list[str]:
    if not compared:
        return []
    rows = [("", "", "expected", "actual")]
    rows += [
        (place(one.where), one.what, one.expected or MISSING, one.actual or MISSING)
        for one in compared
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(4)]
    marks = [" ", *("=" if one.agrees else "!" for one in compared)]
    return [
        _row(mark, [cell.ljust(width) for cell, width in zip(row, widths, strict=True)])
        for mark, row in zip(marks, rows, strict=True)
    ]


def _row(mark: str, cells: list[str]) -> str:
    where, what, expected, actual = cells
    actual = actual.rstrip()
    if mark == "!":  # the mark says it too: colour is never alone
        expected, actual = coloured(expected, "green"), coloured(actual, "red")
        mark = coloured(mark, "red")
    return f"  {mark} {where}  {what}  {expected}  {actual}"


def owed_lines(owed: Iterable[Covered]) -> list[str]:
    """What must have a test and has none."""
    return [
        f"{coloured('FAIL', 'red')} {place(one.where)} {one.name}: {NO_TEST} {one.kind}"
        for one in owed
        if not one.is_reached
    ]


def coverage_lines(covered: Sequence[Covered], *, said: Iterable[Covered]) -> list[str]:
    """How much the tests reach, and what they do not; what was `said` already is only counted."""
    counts: list[str] = []
    for kind, plural in _PLURALS.items():
        of_kind = [one for one in covered if one.kind == kind]
        if of_kind:
            n_reached = sum(one.is_reached for one in of_kind)
            counts.append(f"{n_reached} of {len(of_kind)} {plural}")
    if not counts:
        return []
    known = set(said)
    missed = [one for one in covered if not one.is_reached and one not in known]
    found = [f"reached by tests: {', '.join(counts)}"]
    found += [f"  not {place(one.where)} {one.name}" for one in missed[:_MOST_SHOWN]]
    if len(missed) > _MOST_SHOWN:
        found.append(f"  and {len(missed) - _MOST_SHOWN} more; --json lists them all")
    return found


def summary(n_tests: int, n_failed: int) -> str:
    """One sentence."""
    noun = "test" if n_tests == 1 else "tests"
    if not n_tests:
        return "there are no tests"
    if n_failed:
        return f"{n_failed} of {n_tests} {noun} failed"
    return f"{n_tests} {noun} passed"


def annotation_lines(results: Iterable[TrialResult], owed: Iterable[Covered]) -> list[str]:
    """Workflow commands that GitHub shows beside the line of an expectation."""
    found: list[str] = []
    for one in results:
        name = one.trial.name
        if one.fault:
            found.append(_annotation(one.trial.where, f"{name}: cannot be run: {one.fault}"))
        found += [
            _annotation(each.where, f"{name}: {said(each)}")
            for each in one.compared
            if not each.agrees
        ]
    found += [
        _annotation(one.where, f"{one.name}: {NO_TEST} {one.kind}")
        for one in owed
        if not one.is_reached
    ]
    return found


def _annotation(where: Where, text: str) -> str:
    """A workflow command, with what would end it escaped."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    file = where.file.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::error file={file},line={where.line},col={where.column},title=stipt test::{text}"


def document(results: Sequence[TrialResult], covered: Sequence[Covered]) -> dict[str, object]:
    """Everything as one object; instants in UTC, expected and actual as tests write them."""
    n_failed = sum(not one.has_passed for one in results)
    return {
        "passed": len(results) - n_failed,
        "failed": n_failed,
        "tests": [_result(one) for one in results],
        "coverage": {
            plural: [
                {"name": one.name, **_place(one.where), "reached": one.is_reached}
                for one in covered
                if one.kind == kind
            ]
            for kind, plural in _PLURALS.items()
        },
    }


def _result(one: TrialResult) -> dict[str, object]:
    zone = one.trial.zone
    return {
        "name": one.trial.name,
        **_place(one.trial.where),
        "passed": one.has_passed,
        "until": one.until.isoformat().replace("+00:00", "Z"),
        "zone": zone,
        "fault": one.fault or None,
        "compared": [
            {
                "what": each.what,
                **_place(each.where),
                "expected": each.expected or None,
                "actual": each.actual or None,
                "agrees": each.agrees,
            }
            for each in one.compared
        ],
        "reasons": list(one.reasons),
        "steps": [fired.written(zone) for fired in one.fired],
    }


def _place(where: Where) -> dict[str, object]:
    return {"file": where.file, "line": where.line, "column": where.column}
