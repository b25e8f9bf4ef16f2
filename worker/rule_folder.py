# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads rule folders from disk for the pure loader, which takes names and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.folder import read_folder
from rules.load import load
from rules.resolve_calendars import resolve_calendars
from rules.resolve_steps import resolve_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rules.policy import Calendar, CalendarChooser, Policy
    from rules.problems import Problem

Calendars = tuple["Mapping[str, Calendar]", "Mapping[str, CalendarChooser]"]
"""Calendars and choosers by their names."""

_SUFFIXES = (".yaml", ".yml")
_MOST_BYTES = 5 * 1024 * 1024 + 1
"""One byte more than the loader accepts for a whole folder, so that it can say so."""


class RulesInvalid(Exception):
    """The rule files have errors; `problems` lists every one of them."""

    def __init__(self, folder: Path, problems: Sequence[Problem]) -> None:
        self.folder = folder
        self.problems = tuple(problems)
        super().__init__(f"{folder}: the rules have {len(self.problems)} errors")


class RulesMissing(Exception):
    """There is no such rule file or folder, or the folder holds no rule files."""


def rule_paths(folder: Path) -> list[Path]:
    """The rule files of a folder: `*.yaml` and `*.yml` of the folder itself, not hidden, by name.

    A link that leads nowhere is among them: to pass over it would be to drop the
    promises of its file in silence.

    Raises:
        RulesMissing: no folder, or none with rule files.
    """
    if not folder.is_dir():
        if folder.suffix in _SUFFIXES:
            raise RulesMissing(f"{folder}: no such file")
        raise RulesMissing(
            f"{folder}: no such folder of rule files; stipt init {folder} makes one, and "
            "STIPT_RULES_PATH names the one to use"
        )
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _SUFFIXES
        and not path.name.startswith(".")
        and (path.is_file() or (path.is_symlink() and not path.exists()))
    )
    if not found:
        raise RulesMissing(
            f"{folder}: no rule files (*.yaml) in this folder; stipt init {folder} makes some"
        )
    return found


def passed_over(folder: Path) -> list[Path]:
    """What looks like rules in a folder and is not read: `a.YAML`, `a.yaml.txt`, folders with such.

    Hidden names are left out, for editors keep copies under them.
    """
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and (_holds_rules(path) if path.is_dir() else _is_misnamed(path))
    )


def _is_misnamed(path: Path) -> bool:
    suffixes = {suffix.lower() for suffix in path.suffixes}
    return path.suffix not in _SUFFIXES and not suffixes.isdisjoint(_SUFFIXES)


def _holds_rules(folder: Path) -> bool:
    try:
        return any(one.suffix.lower() in _SUFFIXES for one in folder.iterdir())
    except OSError:
        return False


def read_files(paths: Sequence[Path], *, named_as_given: bool) -> dict[str, bytes]:
    """File names and their bytes; the names as given, or without their folder.

    Raises:
        RulesMissing: a file cannot be read.
    """
    files: dict[str, bytes] = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError as mistake:
            raise RulesMissing(f"{path}: {mistake.strerror or mistake}") from None
        files[str(path) if named_as_given else path.name] = content
    return files


def load_calendars(folder: Path, name: str) -> Calendars:
    """The calendars of a folder, whatever else of it has errors.

    Raises:
        RulesMissing: no folder or no files.
        RulesInvalid: the calendar of that name has errors, or cannot be told from them.
    """
    files = read_files(rule_paths(folder), named_as_given=False)
    policy, problems = load(files)
    if policy is not None:
        return policy.calendars, policy.choosers
    tree = read_folder(files)
    calendars, choosers = resolve_calendars(tree, resolve_settings(tree).time_zone)
    wanted = {name}
    if name in choosers:
        wanted |= {*choosers[name].cases.values(), choosers[name].default}
    touched = {one.what.removeprefix("calendars.").partition(".")[0] for one in problems}
    errors = [one for one in problems if one.level == "error"]
    if wanted & touched or not wanted <= calendars.keys() | choosers.keys():
        raise RulesInvalid(folder, errors)
    return calendars, choosers


def load_folder(folder: Path) -> Policy:
    """The policy of a rule folder; positions in it carry file names without the folder.

    Raises:
        RulesMissing: no folder or no files.
        RulesInvalid: the files have errors; findings do not count.
    """
    policy, problems = load(read_files(rule_paths(folder), named_as_given=False))
    if policy is None:
        raise RulesInvalid(folder, [one for one in problems if one.level == "error"])
    return policy
