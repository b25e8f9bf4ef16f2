# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page is opened with: ticket, fields, reader, time, what the host answers."""

from __future__ import annotations

from typing import Any

Scenario = dict[str, Any]

DEFAULTS: Scenario = {
    "name": "scenario",
    "location": "ticket_sidebar",
    "width": 320,
    "viewport": [900, 700],
    "scale": 1,
    "ready": "html[data-ready]",
    "now": None,
    "timeZone": "Europe/Amsterdam",
    "locale": "en-GB",
    "colorScheme": "light",
    "osColorScheme": "light",
    "reducedMotion": "no-preference",
    "forcedColors": "none",
    "ticket": {"id": 42, "subject": "Printer on fire", "status": "open", "priority": "normal"},
    "fields": {},
    "organization": {"id": 7, "name": "Example Ltd"},
    "user": {},
    "account": {},
    "requirements": {},
    "settings": {},
    "paths": {},
    "routes": [],
    "mute": [],
    "outside": False,
}


class WrongScenario(ValueError):
    """A scenario has a key that nobody reads, or asks for a page that the manifest has not."""


def complete(**given: Any) -> Scenario:
    """A scenario with its defaults; unknown keys are refused, as slips of the keyboard."""
    unknown = set(given) - set(DEFAULTS)
    if unknown:
        raise WrongScenario(f"unknown keys: {', '.join(sorted(unknown))}")
    return {**DEFAULTS, **given}
