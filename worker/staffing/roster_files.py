# SPDX-License-Identifier: GPL-3.0-or-later
"""The roster as a file: the one that is named, else `roster.csv` beside the rule files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.rosters import read_roster

if TYPE_CHECKING:
    from pathlib import Path

    from rules.rosters import WeekRoster

BESIDE_RULES = "roster.csv"


class RosterUnreadable(Exception):
    """A line of a roster cannot be read, or it is not there."""


def roster_of(folder: Path, named: Path | None = None) -> WeekRoster | None:
    """Who is on duty; None where no file says it.

    Raises:
        RosterUnreadable: the file that was named is not there, or a line cannot be read.
    """
    path = named or folder / BESIDE_RULES
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named is None:
            return None
        raise RosterUnreadable(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise RosterUnreadable(f"{path}: it is not UTF-8") from None
    found, problems = read_roster(text)
    if problems:
        raise RosterUnreadable(f"{path.name}: {problems[0]}")
    return found
