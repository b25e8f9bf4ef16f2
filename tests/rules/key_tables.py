# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of keys in docs/rules.md, made from the schema of the format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rules.facts import AUTHORS, CHANNELS, MEASURES
from rules.format.forms import TEXT_SCHEMA
from rules.promises import INDICATORS, REASONS
from rules.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

Node = dict[str, Any]

BLOCKS = {
    "AssignForm": "[block](#escalations)",
    "CappedForm": "[block](#what-follows-a-miss)",
    "ChooserForm": "[chooser](#choosers)",
    "ClaimForm": "[block](#what-follows-a-miss)",
    "CalendarForm": "[calendar](#calendars)",
    "Condition": "[condition](#conditions)",
    "CountingForm": "[block](#how-an-indicator-is-counted)",
    "CustomerForm": "[customer](#customers)",
    "CycleForm": "[expectation](#tests)",
    "ExclusionForm": "[exclusion](#exclusions)",
    "ExpectForm": "[block](#tests)",
    "FeeForm": "[block](#customers)",
    "HappeningForm": "[happening](#happenings)",
    "HolidaysForm": "[block](#holidays)",
    "BandForm": "[band](#what-follows-a-miss)",
    "ObligationForm": "[obligation](#obligations)",
    "OrganizationForm": "[block](#tests)",
    "OtherwiseForm": "[block](#what-follows-a-miss)",
    "PerBreachForm": "[block](#what-follows-a-miss)",
    "PeriodsForm": "[block](#customers)",
    "PriorityForm": "[block](#tiers)",
    "RecipientForm": "[recipient](#recipients)",
    "ReportForm": "[report](#customers)",
    "RepeatForm": "[block](#escalations)",
    "RequesterForm": "[block](#tests)",
    "SettingsForm": "[block](#settings)",
    "StepForm": "[step](#escalations)",
    "TargetForm": "[target](#targets)",
    "TicketForm": "[block](#tests)",
    "TierForm": "[tier](#tiers)",
    "TrialForm": "[test](#tests)",
    "WarnForm": "[warning](#obligations)",
    "WithinForm": "[block by priority](#targets)",
    "WriteBackForm": "[block](#settings)",
}
"""How tables name a block, and where it is described."""

_VALUES = "#how-values-are-written"
PATTERNS = {
    r"^[0-9]{1,3}(\.[0-9]{1,4})?%$": f"[percentage]({_VALUES})",
    r"^[0-9]{1,12}(\.[0-9]{1,4})?$": f"[amount]({_VALUES})",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": f"[date]({_VALUES})",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?$": f"[date or instant]({_VALUES})",
    r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$|^[0-9]+ (working|calendar) days?$": (
        f"[duration]({_VALUES})"
    ),
    r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$": f"[running time]({_VALUES})",
    r"^(due|[0-9.]+%|[0-9hms]+ (before|after))$": f"[moment]({_VALUES})",
    r"^(UTC|[A-Z][A-Za-z_]+/.+)$": f"[time zone]({_VALUES})",
    r"^[0-9]{1,2}:[0-9]{2}$": f"[time of day]({_VALUES})",
    r"^[0-9]+ days?$": f"[number of days]({_VALUES})",
    r"^[0-9]+$": f"[whole number]({_VALUES})",
    r"^[A-Z]{3}$": f"[currency]({_VALUES})",
    r"^env:[A-Za-z_][A-Za-z0-9_]*$": "`env:NAME`",
    r"^[^ @]+@[^ @]+$": "e-mail address",
    r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$": f"[language]({_VALUES})",
    r"^[0-9]+ more breach(es)?$": "`N more breaches`",
}
"""How tables name a value that is written in a form of its own."""

WORDS: dict[tuple[str, ...], str] = {
    AUTHORS: "[author](#who-acts)",
    CHANNELS: "[channel](#channels)",
    MEASURES: "[measure](#measures)",
    (*MEASURES, *INDICATORS): "[measure](#measures) or [indicator](#obligations)",
    REASONS: "[reason](#exclusions)",
}
"""How tables name a word of a list that is too long to be repeated."""

SPECIAL = {
    "CalendarForm.breaks": f"[hours by date]({_VALUES})",
    "CalendarForm.extra_hours": f"[hours by date]({_VALUES})",
    "CalendarForm.hours": f"[hours by weekday]({_VALUES})",
    "ChooserForm.cases": "calendar by value",
    "ChooserForm.choose_by": "[path](#conditions)",
    "HappeningForm.set": "new value by [path](#conditions)",
    "OrganizationForm.fields": "value by field key",
    "TargetForm.start_on": "list of [options](#starting-and-stopping-otherwise)",
    "TargetForm.stop_on": "list of [options](#starting-and-stopping-otherwise)",
    "TicketForm.fields": "value by field key",
}


def definitions() -> Mapping[str, Node]:
    """All blocks of the format with keys of their own."""
    found: Any = json_schema()["definitions"]
    return {name: node for name, node in found.items() if name != "Condition"}


def key_table(name: str) -> str:
    """The table of one block's keys."""
    block = definitions()[name]
    needed = block.get("required", ())
    lines = ["| key | written as | default | meaning |", "|---|---|---|---|"]
    for key, node in block["properties"].items():
        default = "needed" if key in needed else _default(node)
        form = SPECIAL.get(f"{name}.{key}") or _form(node)
        lines.append(f"| `{key}` | {form} | {default} | {node['description']} |")
    return "\n".join(lines) + "\n"


def _default(node: Node) -> str:
    return f"`{_plain(node['default'])}`" if "default" in node else ""


def _form(node: Node) -> str:
    """How a value is written, in words."""
    if "anyOf" in node:
        return _choice(node["anyOf"])
    if "allOf" in node or "$ref" in node:
        reference: str = (node.get("allOf") or [node])[0]["$ref"]
        return BLOCKS[reference.rpartition("/")[2]]
    if "enum" in node:
        listed = tuple(node["enum"])
        return WORDS.get(listed) or ", ".join(f"`{word}`" for word in listed)
    if "const" in node:
        return f"`{_plain(node['const'])}`"
    if "pattern" in node:
        return PATTERNS[node["pattern"]]
    return _container(node)


def _choice(choices: list[Node]) -> str:
    """One of several forms; what an editor may take for a number is text."""
    if choices == TEXT_SCHEMA["anyOf"]:
        return "text"
    forms = [_form(choice) for choice in choices if choice.get("type") in _TEXTS]
    return " or ".join(dict.fromkeys(forms))


_TEXTS = (None, "string", "object", "array")


def _container(node: Node) -> str:
    if node["type"] == "array":
        return f"list of {_several(_form(node['items']))}"
    if node["type"] == "boolean":
        return "`true`, `false`"
    if node["type"] == "object":
        (inner,) = node["patternProperties"].values()
        return f"{_form(inner)} by [name]({_VALUES})"
    return "name"


def _several(form: str) -> str:
    if form == "text":
        return "texts"
    if form.startswith("[") and form.count("[") == 1:
        return form.replace("](", "s](", 1)
    return "names" if form == "name" else form


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
