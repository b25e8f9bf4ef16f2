# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of rule tests as JUnit XML, which every build server reads."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from worker.cli.trial_output import NO_TEST, place, said

if TYPE_CHECKING:
    from rules.trial import TrialResult
    from rules.trial_coverage import Covered

_COVERAGE = "coverage"


def junit_text(results: "Sequence[TrialResult]", owed: "Sequence[Covered]") -> str:
    """The document: a suite for each file of tests, and one for tiers and customers that owe one.

    Args:
        results: in the order of their files.
        owed: tiers and customers that must have a test.
    """
    suites = [
        _suite(file, [_case(one) for one in group])
        for file, group in groupby(results, key=lambda one: one.trial.where.file)
    ]
    if owed:
        suites.append(_suite(_COVERAGE, [_owed_case(one) for one in owed]))
    body = "".join(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{body}</testsuites>\n'


def _suite(name: str, cases: Sequence[str]) -> str:
    n_failed = sum("<failure " in case for case in cases)
    n_errors = sum("<error " in case for case in cases)
    counts = f'tests="{len(cases)}" failures="{n_failed}" errors="{n_errors}" skipped="0"'
    return f"<testsuite {_attributes(name=name)} {counts}>\n{''.join(cases)}</testsuite>\n"


def _case(one: "TrialResult") -> str:
    where = one.trial.where
    body = ""
    if one.fault:
        body = f"<error {_attributes(message=one.fault, type='error')}/>"
    elif not one.has_passed:
        failed = [each for each in one.compared if not each.agrees]
        told = [f"{place(each.where)} {said(each)}" for each in failed]
        attributes = _attributes(message=said(failed[0]), type="expectation")
        text = escape(_legal("\n".join([*told, *one.reasons])))
        body = f"<failure {attributes}>{text}</failure>"
    return _testcase(where.file, one.trial.name, where.line, body)


def _owed_case(one: "Covered") -> str:
    body = ""
    if not one.is_reached:
        message = f"{NO_TEST} {one.kind}"
        text = escape(_legal(f"{place(one.where)} {one.name}: {message}"))
        body = f"<failure {_attributes(message=message, type='coverage')}>{text}</failure>"
    return _testcase(one.where.file, f"{one.name} has a test", one.where.line, body)


def _testcase(file: str, name: str, line: int, body: str) -> str:
    attributes = _attributes(classname=file, name=name, file=file, line=str(line))
    return f"<testcase {attributes}>{body}</testcase>\n"


def _attributes(**values: str) -> str:
    return " ".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _quoted(value: str) -> str:
    return quoteattr(_legal(value), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _legal(text: str) -> str:
    """The text without what XML cannot hold; rule files may name such characters by escapes."""
    return "".join(_kept(text))


def _kept(text: str) -> Iterable[str]:
    for char in text:
        is_text = char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff"
        yield char if is_text or char in "\t\n\r" else "?"
