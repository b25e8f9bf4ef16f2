# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of rule files says everything that the format knows, and nothing else.

Set REWRITE_GOLDEN=1 to write the tables of keys anew, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.facts import AUTHORS, CHANNELS, KINDS, MEASURES, PRIORITIES, STATUSES
from rules.format.conditions import FIELD_PATHS, PATHS
from rules.format.files import RulesFile
from rules.format.targets import START_NAMES, STOP_NAMES
from rules.format.trials import STATES, TrialsFile
from rules.lint import lint
from rules.load import load
from rules.promises import INDICATORS, PERIODS, REASONS
from rules.source import Block, Items, Room, read
from rules.trial import run_trial
from tests.rules.files_of_rules import TODAY
from tests.rules.key_tables import definitions, key_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.policy import Policy
    from rules.source import Tree

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
TABLE = r"<!-- keys: {} -->\n(?:\n(?:\|.*\n)+)?"


def folder() -> dict[str, bytes]:
    """All examples of the page as the files of one folder."""
    return {f"{n}.yaml": f"version: 1\n{text}".encode() for n, text in enumerate(EXAMPLES)}


def policy() -> Policy:
    found, problems = load(folder())
    assert found is not None, [str(problem) for problem in problems]
    return found


def words_in_code() -> set[str]:
    """Everything that stands in backticks, word by word."""
    return {
        word
        for code in re.findall(r"`([^`\n]+)`", TEXT)
        for word in re.findall(r"[A-Za-z0-9_.]+", code)
    }


def keys_in(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Block):
        for key, value in tree.items():
            yield key
            yield from keys_in(value)
    elif isinstance(tree, Items):
        for value in tree:
            yield from keys_in(value)


@pytest.mark.parametrize("name", definitions())
def test_the_keys_of_each_block_stand_in_a_table(name: str):
    place = re.compile(TABLE.format(name))
    table = f"<!-- keys: {name} -->\n\n{key_table(name)}"
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get("REWRITE_GOLDEN"):
        text = place.sub(lambda _: table, text)
        PAGE.write_text(text, encoding="utf-8")
    assert [found.group() for found in place.finditer(text)] == [table]


def test_there_is_no_table_of_a_block_that_the_format_does_not_know():
    assert set(re.findall(r"<!-- keys: (\w+) -->", TEXT)) == set(definitions())


def test_every_key_stands_in_an_example():
    keys = {key for node in definitions().values() for key in node["properties"]}
    used = {"version"}
    for name, raw in folder().items():
        tree = read(raw, name, Room()).tree
        assert tree is not None
        used |= set(keys_in(tree))
    # A measure that is like the others, by its place in `expect`.
    assert keys - used == {
        "periodic_update",
        "pausable_update",
        "requester_wait",
        "agent_work",
        "group_ownership",
    }


def test_every_word_of_the_format_stands_on_the_page():
    words = {*AUTHORS, *CHANNELS, *KINDS, *MEASURES, *PRIORITIES, *STATES, *INDICATORS, *PERIODS}
    words |= {*REASONS, *PATHS, *(set(STATUSES) - {"solved", "closed"}), "any", "all", "not"}
    words |= {f"{path}.KEY" for path in FIELD_PATHS}
    options = [*START_NAMES.values(), *STOP_NAMES.values()]
    words |= {option for each in options for option in each}
    assert words - words_in_code() == set()


def test_each_section_has_a_heading_and_an_example():
    for section in (*RulesFile.keys(), *TrialsFile.keys()):
        if section != "version":
            assert f"\n## {section.capitalize()}\n" in TEXT
            assert any(text.startswith(f"{section}:\n") for text in EXAMPLES)


def test_the_examples_are_one_folder_in_which_a_check_finds_nothing():
    assert [str(finding) for finding in lint(policy(), TODAY)] == []


def test_the_tests_among_the_examples_hold():
    rules = policy()
    results = [run_trial(trial, rules) for trial in rules.trials]
    assert results
    for result in results:
        assert not result.fault
        assert [one for one in result.compared if not one.agrees] == []
