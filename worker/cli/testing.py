# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: PT028 - `test` is a command here, its defaults are those of its flags
"""`stipt test`: the tests of rules, on a virtual clock, through the engine that the worker runs."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import AccountName, ConfigFile, MappingFile, rules_of
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say
from worker.cli.recording import Source, recorded

if TYPE_CHECKING:
    from rules.trial import TrialResult
    from rules.trial_coverage import Covered


_Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Folders, or files of tests; else STIPT_RULES_PATH, else sla.", metavar="PATHS"
    ),
]
_Regex = Annotated[
    str | None, typer.Option(help="Only tests whose name this finds.", metavar="REGEX")
]
_Strict = Annotated[bool, typer.Option("--strict", help="A tier or customer without a test fails.")]
_Github = Annotated[bool, typer.Option("--github", help="Print annotations for GitHub Actions.")]
_Junit = Annotated[
    Path | None, typer.Option(help="Write the results as JUnit XML.", metavar="FILE")
]
_Record = Annotated[
    str | None,
    typer.Option(help="Print a test made of this ticket, anonymised.", metavar="TICKET"),
]
_History = Annotated[
    Path | None,
    typer.Option(help="Record from this file; else from the store.", metavar="FILE"),
]
_Now = Annotated[
    str | None,
    typer.Option(help="Record an open ticket up to this instant.", metavar="TIME"),
]


def test(
    *,
    paths: _Paths = None,
    run: _Regex = None,
    strict: _Strict = False,
    github: _Github = False,
    junit: _Junit = None,
    record: _Record = None,
    history: _History = None,
    mapping: MappingFile = None,
    now: _Now = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Run the tests of rules on a virtual clock, and say what no test reaches."""
    if record is not None:
        _show_recorded(record, paths, Source(history, mapping, now, config, account), json=json)
        return
    if (history, mapping, now) != (None, None, None):
        raise typer.BadParameter("--history, --mapping and --now go with --record")
    report = _tested(paths or [rules_of(config, account)], run)
    if junit is not None:
        from worker.cli.junit import junit_text

        junit.write_text(junit_text(report.results, report.owed(strict=strict)), encoding="utf-8")
    _show(report, strict=strict, json=json, github=github, quiet=quiet)
    raise typer.Exit(ExitCode.DONE if report.is_fine(strict=strict) else ExitCode.ERROR)


def _show_recorded(record: str, paths: list[Path] | None, source: Source, *, json: bool) -> None:
    text = recorded(record.removeprefix("#"), paths, source)
    if json:
        as_json({"test": text})
    else:
        typer.echo(text, nl=False)


@dataclass(frozen=True)
class Report:
    """The results asked for, and what all tests together reach."""

    results: "tuple[TrialResult, ...]"
    covered: "tuple[Covered, ...]"

    def owed(self, *, strict: bool) -> "tuple[Covered, ...]":
        """The tiers and customers that must have a test; none unless strict."""
        return tuple(one for one in self.covered if strict and one.kind in ("tier", "customer"))

    @property
    def n_failed(self) -> int:
        """How many tests failed."""
        return sum(not one.has_passed for one in self.results)

    def is_fine(self, *, strict: bool) -> bool:
        """Whether nothing failed."""
        return not self.n_failed and all(one.is_reached for one in self.owed(strict=strict))


def _tested(paths: list[Path], pattern: str | None) -> Report:
    from rules.trial import run_trial
    from rules.trial_coverage import coverage
    from worker.cli.rule_sets import rule_sets

    chosen = _matcher(pattern)
    results: list[TrialResult] = []
    covered: list[Covered] = []
    for one in rule_sets(paths):
        asked = {trial.where for trial in one.trials if chosen.search(trial.name)}
        all_results = [run_trial(trial, one.policy) for trial in one.policy.trials]
        results += [each for each in all_results if each.trial.where in asked]
        covered += coverage(one.policy, all_results)
    if pattern is not None and not results:
        raise CommandFailed(f'no test has a name in which "{pattern}" is found')
    return Report(tuple(results), tuple(covered))


def _matcher(pattern: str | None) -> re.Pattern[str]:
    try:
        return re.compile(pattern or "")
    except re.error as error:
        message = f'"{pattern}" is no regular expression: {error}'
        raise typer.BadParameter(message, param_hint="--run") from None


def _show(report: Report, *, strict: bool, json: bool, github: bool, quiet: bool) -> None:
    from worker.cli import trial_output

    owed = report.owed(strict=strict)
    if json:
        as_json(trial_output.document(report.results, report.covered))
        return
    if github:
        lines = trial_output.annotation_lines(report.results, owed)
    else:
        lines = trial_output.lines(report.results, quiet=quiet)
        lines += trial_output.owed_lines(owed)
    for line in lines:
        result(line)
    if quiet:
        return
    if not github:
        for line in trial_output.coverage_lines(report.covered, said=owed):
            result(line)
    say(trial_output.summary(len(report.results), report.n_failed))
