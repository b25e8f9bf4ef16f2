# SPDX-License-Identifier: GPL-3.0-or-later
"""From written settings, recipients and escalations to what they mean."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rules.policy import Recipient, Settings, Step

if TYPE_CHECKING:
    from rules.folder import Folder
    from rules.format.files import SettingsForm
    from rules.format.people import RecipientForm, StepForm
    from rules.policy import Where

UNIVERSAL = "UTC"


def resolve_settings(folder: Folder) -> Settings:
    """The settings of all files together; each key stands in one of them."""
    forms = [file.settings for file in folder.rules if file.settings is not None]
    places: dict[str, Where] = {}
    given: dict[str, SettingsForm] = {}
    for form in forms:
        for key, where in form.places().items():
            if key in places:
                first = places[key]
                hint = f"first at {first.file}:{first.line}:{first.column}"
                folder.problem(where, "STP102", f"settings.{key}", "is given in two files", hint)
                continue
            places[key] = where
            given[key] = form
    zone = given["time_zone"].time_zone if "time_zone" in given else None
    enforce = given["enforce_from"].enforce_from if "enforce_from" in given else None
    at_risk = given["at_risk"].at_risk if "at_risk" in given else None
    write_back = given["write_back"].write_back if "write_back" in given else None
    bots = given["bots"].bots if "bots" in given else None
    if at_risk is not None and not 0 < at_risk <= 1:
        folder.problem(places["at_risk"], "STP036", "settings.at_risk", "must be from 1% to 100%")
    return Settings(
        time_zone=zone or UNIVERSAL,
        enforce_from=enforce.instant(zone or UNIVERSAL) if enforce else None,
        write_priority=write_back.priority if write_back else "raise",
        write_due_at=write_back.due_at if write_back else "tasks_only",
        at_risk=at_risk or Fraction(4, 5),
        bots=frozenset(bots or ()),
        places=places,
    )


def resolve_recipients(folder: Folder) -> dict[str, Recipient]:
    """All recipients by name."""
    found: dict[str, Recipient] = {}
    for file in folder.rules:
        for name, form in file.recipients.items():
            found.setdefault(name, _recipient(name, form, folder.defined["recipients"][name]))
    return found


def _recipient(name: str, form: RecipientForm, where: Where) -> Recipient:
    return Recipient(
        name,
        where,
        ticket=form.ticket,
        email=form.email,
        url_name=form.url,
        language=form.language,
        only_during=form.only_during,
        on_ambiguous=form.on_ambiguous or "resend",
        places=form.places(),
    )


def resolve_escalations(folder: Folder) -> dict[str, tuple[Step, ...]]:
    """The steps of all escalations by name, in the written order."""
    found: dict[str, tuple[Step, ...]] = {}
    for file in folder.rules:
        for name, forms in file.escalations.items():
            found.setdefault(name, tuple(_step(form) for form in forms))
    return found


def _step(form: StepForm) -> Step:
    return Step(
        form.at,
        form.where(),
        tell=tuple(dict.fromkeys(form.tell or ())),
        note=bool(form.note),
        raise_priority=form.raise_priority,
        assign_group=form.assign.group if form.assign else None,
        assign_person=form.assign.person if form.assign else None,
        add_tags=tuple(dict.fromkeys(form.add_tags or ())),
        repeat_every=form.repeat.every if form.repeat else None,
        repeat_times=form.repeat.times if form.repeat else 0,
        places=form.places(),
    )
