# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and tests as paths on a command line name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from worker.cli.exit_codes import CommandFailed

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.trials import Trial


@dataclass(frozen=True)
class RuleSet:
    """Rules with their tests; `trials` are those that the paths ask for."""

    files: Mapping[str, bytes]
    policy: "Policy"
    trials: "tuple[Trial, ...]"


def rule_sets(paths: Sequence[Path], *, leave_out_empty: bool = False) -> list[RuleSet]:
    """What the paths name, loaded.

    A folder is rules with their tests, single files of rules are one set
    together. Files that hold tests alone belong to the rules beside them on
    the command line, else to those of their own folder.

    Args:
        paths: folders and files.
        leave_out_empty: pass over empty files: a shell has made one already
            when the answer is to go into a file of the folder.

    Raises:
        RulesMissing: a path cannot be read, or holds no rules.
        RulesInvalid: the files have errors.
        CommandFailed: tests are given beside several sets of rules.
    """
    rules, tests = _sorted(paths)
    if leave_out_empty:
        rules = [{name: raw for name, raw in files.items() if raw.strip()} for files in rules]
    if tests and len(rules) > 1:
        raise CommandFailed(f"{tests[0]}: give tests with one folder of rules")
    if rules and tests:
        both = {**rules[0], **_read(tests)}
        return [_loaded(both, None)]
    if rules:
        return [_loaded(files, None) for files in rules]
    by_folder: dict[Path, list[Path]] = {}
    for path in tests:
        by_folder.setdefault(path.parent, []).append(path)
    return [
        _loaded({**_folder(folder), **_read(chosen)}, {str(path) for path in chosen})
        for folder, chosen in by_folder.items()
    ]


def _sorted(paths: Sequence[Path]) -> tuple[list[dict[str, bytes]], list[Path]]:
    """Sets of files with rules, and files with tests alone."""
    rules: list[dict[str, bytes]] = []
    tests: list[Path] = []
    single: list[Path] = []
    for path in paths:
        if path.is_dir() or not path.exists():
            files = _folder(path)
            if all(holds_tests(raw, name) for name, raw in files.items()):
                tests += map(Path, files)
            else:
                rules.append(files)
        else:
            single.append(path)
    own = {name: raw for name, raw in _read(single).items() if not holds_tests(raw, name)}
    if own:
        rules.append(own)
    return rules, tests + [path for path in single if str(path) not in own]


def _folder(path: Path) -> dict[str, bytes]:
    from worker.rule_folder import rule_paths

    return _read(rule_paths(path))


def _read(paths: Sequence[Path]) -> dict[str, bytes]:
    from worker.rule_folder import read_files

    return read_files(paths, named_as_given=True)


def holds_tests(raw: bytes, name: str) -> bool:
    """Whether a file's top-level key `tests` makes it a file of tests."""
    from rules.source import Block, Room, read

    tree = read(raw, name, Room()).tree
    return isinstance(tree, Block) and "tests" in tree.keys_at


def _loaded(files: Mapping[str, bytes], chosen: set[str] | None) -> RuleSet:
    """The set, with the tests of the chosen files alone; None chooses all."""
    from rules.load import load
    from worker.rule_folder import RulesInvalid

    policy, problems = load(files)
    if policy is None:
        raise RulesInvalid(Path(min(files, default="")).parent, problems)
    trials = [one for one in policy.trials if chosen is None or one.where.file in chosen]
    return RuleSet(files, policy, tuple(trials))
