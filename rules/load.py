# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule files in, a policy out, or all that is wrong with them.

Nothing is raised for an admin's mistake, whatever the bytes; the files of a
folder are read, checked and merged in one go, and everything that is wrong is
told at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.consistency import check_consistency
from rules.day_hint import add_day_readings
from rules.fingerprint import fingerprint
from rules.folder import read_folder
from rules.format.messages import shown
from rules.names import check_names
from rules.policy import Policy
from rules.resolve_calendars import resolve_calendars
from rules.resolve_promises import resolve_exclusions, resolve_obligations
from rules.resolve_steps import resolve_escalations, resolve_recipients, resolve_settings
from rules.resolve_tiers import resolve_contracts, resolve_tiers
from rules.resolve_trials import resolve_trials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.folder import Folder, Section
    from rules.problems import Problem

_LONGEST = 300


@dataclass(frozen=True)
class Reading:
    """What rule files mean, None when there is any error, and all errors by place.

    `unread` names sections that could not be read, by file: what they define
    is unknown, so no name of such a section was judged in any file.
    """

    policy: Policy | None
    problems: tuple[Problem, ...]
    unread: Mapping[str, tuple[Section, ...]]


def load(files: Mapping[str, bytes]) -> tuple[Policy | None, list[Problem]]:
    """What the files of a rule folder mean, and what is wrong with them.

    Args:
        files: the bytes of each file by its name as it is to be printed. Files
            whose top-level key is `tests` hold tests, all others rules.

    Returns:
        The policy, None when there is any error; all errors, sorted by place.
    """
    found = read_rules(files)
    return found.policy, list(found.problems)


def read_rules(files: Mapping[str, bytes]) -> Reading:
    """As `load`, and what could not be compared because a part could not be read."""
    folder = read_folder(files)
    policy = _resolve(folder)
    add_day_readings(folder, policy.calendars, policy.choosers)
    check_names(folder, policy.choosers)
    check_consistency(folder, policy)
    problems = tuple(sorted({_on_one_line(problem) for problem in folder.problems}))
    if problems:
        return Reading(None, problems, folder.unread)
    return Reading(replace(policy, hash=fingerprint(policy)), (), {})


def _on_one_line(problem: Problem) -> Problem:
    """A problem that prints as one line, whatever an admin put into a key or a value."""
    what, message, hint = (
        text if text.isprintable() and len(text) <= _LONGEST else shown(text, _LONGEST)
        for text in (problem.what, problem.message, problem.hint)
    )
    return replace(problem, what=what, message=message, hint=hint)


def _resolve(folder: Folder) -> Policy:
    """A policy of all that could be read; the folder gathers what does not fit."""
    settings = resolve_settings(folder)
    zone = settings.time_zone
    calendars, choosers = resolve_calendars(folder, zone)
    return Policy(
        "",
        settings,
        calendars,
        choosers,
        resolve_recipients(folder),
        resolve_escalations(folder),
        resolve_tiers(folder, zone),
        resolve_contracts(folder, zone),
        resolve_obligations(folder, zone),
        resolve_exclusions(folder, zone),
        trials=resolve_trials(folder, zone),
        where=folder.start,
        named_at=folder.defined["escalations"],
        secrets=tuple(folder.secrets),
    )
