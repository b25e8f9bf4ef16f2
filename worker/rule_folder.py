# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads rule folders from disk for the pure loader, which takes names and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.load import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rules.policy import Policy
    from rules.problems import Problem

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
        kind = "file" if folder.suffix in _SUFFIXES else "folder of rule files"
        raise RulesMissing(f"{folder}: no such {kind}")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _SUFFIXES
        and not path.name.startswith(".")
        and (path.is_file() or (path.is_symlink() and not path.exists()))
    )
    if not found:
        raise RulesMissing(
            f"{folder}: no rule files (*.yaml) in this folder; stipt init makes some"
        )
    return found


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
