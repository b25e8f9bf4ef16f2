# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt check`: are the rules valid, and are they concrete?"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import ExitCode
from worker.cli.instants import day
from worker.cli.options import AccountName, ConfigFile, rules_of
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, counted, result, say

if TYPE_CHECKING:
    from rules.load import Reading
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
    named = paths or [rules_of(config, account)]
    readings = [_checked(files, today) for files in _sets_of_files(named)]
    problems = [problem for reading in readings for problem in reading.problems]
    policies = [reading.policy for reading in readings if reading.policy]
    skipped = [one for reading in readings for one in _skipped(reading)]
    n_errors = sum(one.level == "error" for one in problems)
    unread = [str(path) for folder in named for path in passed_over(folder)]
    if json:
        report = _report(problems, policies, n_errors)
        skips = [{"file": file, "checks": checks} for file, checks in skipped]
        as_json({**report, "not_read": unread, "not_checked": skips})
    else:
        for problem in problems:
            result(_annotation(problem) if github else _line(problem))
        for file, checks in skipped if github else ():
            result(f"::warning file={_property(file)},title=Not checked::not checked: {checks}")
    if not quiet and not json:
        if unread:
            say(f"not read: {', '.join(unread)}; only *.yaml and *.yml of the folder itself are")
        for file, checks in skipped:
            say(f"{file} could not be read in full; not checked in any file: {checks}")
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


def _checked(files: dict[str, bytes], today: date) -> "Reading":
    """What the files mean, with findings beside errors."""
    from rules.lint import lint
    from rules.load import read_rules

    found = read_rules(files)
    if found.policy is None:
        return found
    return replace(found, problems=tuple(lint(found.policy, today)))


def _skipped(reading: "Reading") -> list[tuple[str, str]]:
    """Files of which a part could not be read, and what could not be checked for that."""
    from rules.folder import SECTIONS

    return [
        (
            file,
            "whether the names that are used are defined, and whether every tier can be reached"
            if sections == SECTIONS
            else f"whether the names of {', '.join(sections)} that are used are defined",
        )
        for file, sections in reading.unread.items()
    ]


def _line(problem: "Problem") -> str:
    colour = "red" if problem.level == "error" else "yellow"
    return str(problem).replace(problem.code, coloured(problem.code, colour), 1)


def _annotation(problem: "Problem") -> str:
    """A workflow command, with what would end it escaped."""
    kind = "error" if problem.level == "error" else "warning"
    text = f"{problem.what}: {problem.message}" if problem.what else problem.message
    text = f"{text}; {problem.hint}" if problem.hint else text
    place = f"file={_property(problem.file)},line={problem.line},col={problem.column}"
    return f"::{kind} {place},title={problem.code}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(file: str) -> str:
    return _escaped(file).replace(":", "%3A").replace(",", "%2C")


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
    if not policies:
        return f"{counted(n_errors, 'error')}; findings are looked for once there are no errors"
    found = f"{counted(n_errors, 'error')}, {counted(n_findings, 'finding')}"
    contents = ", ".join(counted(n, name[:-1]) for name, n in _contents(policies).items() if n)
    return f"{found} in {contents}"


def _exit_code(n_errors: int, n_problems: int, *, strict: bool) -> ExitCode:
    if n_errors or (strict and n_problems):
        return ExitCode.ERROR
    return ExitCode.FINDINGS if n_problems else ExitCode.DONE
