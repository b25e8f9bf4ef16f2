# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposes a rule folder from the agreements that an account holds already.

What the account does not say is not made up: it stays open, and a comment
names the finding of `stipt check` that asks for it. What rule files cannot
say stands there as a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.lint import lint
from rules.load import load
from worker.importing_tiers import drafts, looks_like_a_tier, name_of
from worker.yaml_text import MODELINE, commented_out, remark, scalar, week

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from connector.existing import Existing, ExistingCalendar
    from rules.problems import Problem
    from worker.importing_tiers import Draft

_UTC = "Etc/UTC"
_LAST = "everyone"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule folder as texts by file name, which loads without errors.

    `left_out` are policies of the account that stand there as comments only,
    each with the reason; `findings` what the account does not say.
    """

    files: Mapping[str, str]
    taken: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    findings: tuple[Problem, ...]


class NotProposable(Exception):
    """No rules could be made of the account that load; the problems say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("the proposal does not load")


def propose(existing: Existing, today: date) -> Proposal:
    """The folder that says what the account says.

    Args:
        existing: what was read from the account.
        today: from when the rules are enforced, and as of when they are checked.

    Raises:
        NotProposable: never, as far as is known.
    """
    names = calendar_names(existing.calendars or ())
    made = drafts(existing, next(iter(names.values()), None), [_LAST])
    while True:
        files = _files(existing, names, made, today, ())
        policy, problems = load({name: text.encode() for name, text in files.items()})
        if policy is not None:
            break
        if not _leave_out(made, [one for one in problems if one.level == "error"]):
            raise NotProposable(problems)
    findings = [*problems, *lint(policy, today)]
    files = _files(existing, names, made, today, findings)
    policy, problems = load({name: text.encode() for name, text in files.items()})
    if policy is None:
        raise NotProposable(problems)
    return Proposal(
        files=files,
        taken=tuple(one.title for one in made if one.reason is None),
        left_out=tuple((one.title, one.reason) for one in made if one.reason is not None),
        findings=tuple(sorted({*problems, *lint(policy, today)})),
    )


def _leave_out(made: Sequence[Draft], errors: Sequence[Problem]) -> bool:
    """Turn the tiers with errors into comments; False where no tier is to blame."""
    blamed = False
    for error in errors:
        for one in made:
            is_its = re.match(rf"tiers\.{re.escape(one.name)}(\.|$)", error.what)
            if one.reason is None and is_its:
                one.reason = f"{error.code} {error.message}"
                blamed = True
    return blamed


def calendar_names(calendars: Sequence[ExistingCalendar]) -> dict[int, str]:
    """A name for each calendar that ever opens, by its place in the list."""
    taken = {"always"}
    return {
        number: name_of(calendar.title, "calendar", taken)
        for number, calendar in enumerate(calendars)
        if any(calendar.hours.values())
    }


def _files(
    existing: Existing,
    names: Mapping[int, str],
    made: Sequence[Draft],
    today: date,
    findings: Sequence[Problem],
) -> dict[str, str]:
    files = {"settings.yaml": _settings(existing, today)}
    if names:
        files["calendars.yaml"] = _calendars(existing, names)
    files["tiers.yaml"] = _tiers(existing, made, findings)
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def _head(*remarks: str) -> list[str]:
    lines = [MODELINE, "version: 1", ""]
    for text in remarks:
        lines += remark(text, "")
    return lines


def _settings(existing: Existing, today: date) -> list[str]:
    lines = _head()
    zone = existing.time_zone
    if zone is None:
        lines += remark("No schedule of the account tells its time zone: name it here.", "")
    lines += [
        "settings:",
        f"  time_zone: {zone or _UTC}",
        *remark("What began before this day is neither warned about nor counted.", "  "),
        f"  enforce_from: {today}",
    ]
    return lines


def _calendars(existing: Existing, names: Mapping[int, str]) -> list[str]:
    lines = _head(
        "The schedules of the account. Zendesk keeps holidays of two years back and two ahead; "
        '"country: NL" beside "also" knows those of the law for all years '
        "(stipt calendar NAME shows the dates)."
    )
    if len(names) > 1:
        lines += remark(_chooser_hint(existing, names), "")
    lines.append("calendars:")
    for number, calendar in enumerate(existing.calendars or ()):
        if number in names:
            lines += _calendar(names[number], calendar)
        else:
            lines += remark(f'The schedule "{calendar.title}" never opens.', "  ")
    return lines


def _chooser_hint(existing: Existing, names: Mapping[int, str]) -> str:
    others = [one.key for one in existing.fields if not looks_like_a_tier(one)]
    path = others[0] if others else "market"
    cases = ", ".join(f"VALUE: {name}" for name in names.values())
    return (
        "Which schedule holds for which ticket is set by triggers, and nothing tells it here. "
        "Where a value of the customer decides, a calendar can choose: office: {choose_by: "
        f"organization.fields.{path}, cases: {{{cases}}}, default: {next(iter(names.values()))}}}"
    )


def _calendar(name: str, calendar: ExistingCalendar) -> list[str]:
    lines = [f"  {name}:"]
    if name != calendar.title:
        lines += remark(f'The schedule "{calendar.title}".', "    ")
    lines += [f"    time_zone: {scalar(calendar.time_zone)}", "    hours:"]
    lines += [f"      {days}: {spans}" for days, spans in week(calendar.hours)]
    if calendar.closed:
        lines += ["    holidays:", "      also:"]
        for day, holiday in sorted(calendar.closed.items()):
            lines += [f"        - {day}{remark(holiday, '  ')[0] if holiday.strip() else ''}"]
    return lines


def _tiers(existing: Existing, made: Sequence[Draft], findings: Sequence[Problem]) -> list[str]:
    lines = _head(
        "The SLA policies of the account, in their order: the first match wins, as there. In "
        "Zendesk a ticket without a priority has no target; here it has one as soon as its tier "
        "has a default priority."
    )
    if existing.policies is None:
        lines += remark(
            "The account has no SLA policies, or we may not read them (scope sla_policies:read).",
            "",
        )
    for text in _untold(existing, made):
        lines += remark(text, "")
    lines.append("tiers:")
    for one in made:
        lines += _tier(one, findings)
    if not any(one.reason is None and one.is_for_everything for one in made):
        lines += [
            f"  {_LAST}:",
            *remark("No SLA policy of the account holds for these tickets.", "    "),
            *_named(_LAST, findings),
            "    match: everything",
            "    targets: []",
        ]
    return lines


def _tier(one: Draft, findings: Sequence[Problem]) -> list[str]:
    told = f": {one.description}" if one.description.strip() else "."
    lines = remark(f'{one.origin} "{one.title}"{told}', "    ")
    for text in one.remarks:
        lines += remark(text, "    ")
    if one.reason is not None:
        block = [f"  {one.name}:", *lines, *one.lines]
        return remark(f"Not taken over: {one.reason}.", "  ") + commented_out(block, "  ")
    return [f"  {one.name}:", *lines, *_named(one.name, findings), *one.lines]


def _named(tier: str, findings: Sequence[Problem]) -> list[str]:
    """The findings of a tier: what the account does not say."""
    lines: list[str] = []
    for finding in findings:
        if re.match(rf"tiers\.{re.escape(tier)}(\.|$)", finding.what):
            hint = f"; {finding.hint}" if finding.hint else ""
            lines += remark(f"{finding.code}: {finding.message}{hint}", "    ")
    return lines


def _untold(existing: Existing, made: Sequence[Draft]) -> list[str]:
    """Fields of customers that look like tiers, or have values that no policy speaks of."""
    texts = []
    for field in existing.fields:
        path = f"organization.fields.{field.key}"
        named = {value for one in made for value in one.values.get(path, ())}
        left = [option for option in field.options if option not in named]
        if named and left:
            texts.append(f"{path} can also be {', '.join(left)}: no SLA policy speaks of it.")
        elif not named and looks_like_a_tier(field):
            texts.append(
                f"{path} ({', '.join(field.options)}) looks like a tier, and no SLA policy "
                "speaks of it."
            )
    return texts
