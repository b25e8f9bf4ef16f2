# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt check`: are the rules valid, and are they concrete?"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import ExitCode
from worker.cli.instants import day
from worker.cli.options import AccountName, ConfigFile, rules_of
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, counted, result, say

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.problems import Problem

PAGES = "docs/checks"
"""Where each code has a page, in Stipt's own sources."""


def check(
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders or rule files; else STIPT_RULES_PATH, else sla.", metavar="PATHS"
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Findings fail as errors do.")] = False,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations for GitHub Actions.")
    ] = False,
    now: Annotated[
        str | None, typer.Option(help="Judge dates as of this day.", metavar="DATE")
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Show every problem of rule files: errors, and promises that are not concrete."""
    from worker.rule_folder import passed_over

    today = datetime.now(UTC).date() if now is None else day(now)
    problems: list[Problem] = []
    policies: list[Policy] = []
    named = paths or [rules_of(config, account)]
    for files in _sets_of_files(named):
        policy, found = _checked(files, today)
        problems += found
        policies += [policy] if policy else []
    n_errors = sum(one.level == "error" for one in problems)
    unread = [str(path) for folder in named for path in passed_over(folder)]
    if json:
        as_json({**_report(problems, policies, n_errors), "not_read": unread})
    else:
        for problem in problems:
            result(_annotation(problem) if github else _line(problem))
    if not quiet and not json:
        if unread:
            say(f"not read: {', '.join(unread)}; only *.yaml and *.yml of the folder itself are")
        say(_summary(policies, n_errors, len(problems) - n_errors))
        if problems:
            say(f"What each code means, and what to write instead: {PAGES}/README.md")
    raise typer.Exit(_exit_code(n_errors, len(problems), strict=strict))


def _sets_of_files(paths: Sequence[Path]) -> list[dict[str, bytes]]:
    """What belongs together: each folder by itself, single files as one."""
    from worker.rule_folder import read_files, rule_paths

    folders = [path for path in paths if path.is_dir() or not path.exists()]
    single = [path for path in paths if path not in folders]
    sets = [rule_paths(folder) for folder in folders] + ([single] if single else [])
    return [read_files(files, named_as_given=True) for files in sets]


def _checked(files: dict[str, bytes], today: date) -> tuple["Policy | None", list["Problem"]]:
    from rules.lint import lint
    from rules.load import load

    policy, problems = load(files)
    if policy is not None:
        problems = [*problems, *lint(policy, today)]
    return policy, sorted(set(problems))


def _line(problem: "Problem") -> str:
    colour = "red" if problem.level == "error" else "yellow"
    return str(problem).replace(problem.code, coloured(problem.code, colour), 1)


def _annotation(problem: "Problem") -> str:
    """A workflow command, with what would end it escaped."""
    kind = "error" if problem.level == "error" else "warning"
    text = f"{problem.what}: {problem.message}" if problem.what else problem.message
    text = f"{text}; {problem.hint}" if problem.hint else text
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    file = problem.file.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    place = f"file={file},line={problem.line},col={problem.column}"
    return f"::{kind} {place},title={problem.code}::{text}"


def _report(
    problems: Sequence["Problem"], policies: Sequence["Policy"], n_errors: int
) -> dict[str, object]:
    return {
        "problems": [
            {**asdict(one), "level": one.level, "page": f"{PAGES}/{one.code}.md"}
            for one in problems
        ],
        "errors": n_errors,
        "findings": len(problems) - n_errors,
        "policies": [policy.hash for policy in policies],
        **_contents(policies),
    }


def _contents(policies: Sequence["Policy"]) -> dict[str, int]:
    return {
        "tiers": sum(len(policy.tiers) for policy in policies),
        "contracts": sum(len(policy.contracts) for policy in policies),
        "calendars": sum(len(policy.calendars) + len(policy.choosers) for policy in policies),
        "obligations": sum(len(policy.obligations) for policy in policies),
    }


def _summary(policies: Sequence["Policy"], n_errors: int, n_findings: int) -> str:
    found = f"{counted(n_errors, 'error')}, {counted(n_findings, 'finding')}"
    if not policies:
        return found
    contents = ", ".join(counted(n, name[:-1]) for name, n in _contents(policies).items() if n)
    return f"{found} in {contents}"


def _exit_code(n_errors: int, n_problems: int, *, strict: bool) -> ExitCode:
    if n_errors or (strict and n_problems):
        return ExitCode.ERROR
    return ExitCode.FINDINGS if n_problems else ExitCode.DONE
