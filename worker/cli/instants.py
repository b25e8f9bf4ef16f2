# SPDX-License-Identifier: GPL-3.0-or-later
"""Instants and dates as people give them to commands."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import typer

from rules.calendar_zones import UnknownTimeZone, time_zone

_OFFSET = re.compile(r"Z|[+-][0-9]{2}:?[0-9]{2}")


def instant(written: str, *, zone: str | None = None) -> datetime:
    """An instant: ISO 8601 with an offset, or a local time followed by an offset or a zone's name.

    Args:
        written: "2026-12-01T09:00:00Z", "2026-12-01 09:00 +0100" or
            "2026-12-01 09:00 Europe/Amsterdam".
        zone: where a time without either is meant; None refuses it.

    Raises:
        typer.BadParameter: not an instant, or without a zone.
    """
    text, _, last = written.strip().rpartition(" ")
    named = zone
    if text and _OFFSET.fullmatch(last):
        written = text.rstrip() + last
    elif text and not last[:1].isdigit():
        written, named = text, last
    try:
        at = datetime.fromisoformat(written.strip())
    except ValueError:
        message = f'"{written}" is not a time; write 2026-12-01T09:00:00Z'
        raise typer.BadParameter(message) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=_zone(named, written))
    return at.astimezone(UTC).replace(microsecond=0)


def _zone(name: str | None, written: str) -> ZoneInfo:
    if name is None:
        raise typer.BadParameter(f'"{written}" has no zone; add Z, an offset or a zone\'s name')
    try:
        return time_zone(name)
    except UnknownTimeZone as unknown:
        raise typer.BadParameter(f"{unknown}") from None


def day(written: str) -> date:
    """A date such as 2026-12-01.

    Raises:
        typer.BadParameter: not a date.
    """
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise typer.BadParameter(f'"{written}" is not a date; write 2026-12-01') from None
