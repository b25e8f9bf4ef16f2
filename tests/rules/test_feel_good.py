# SPDX-License-Identifier: GPL-3.0-or-later
"""An agreement that gives a good feeling: a check names everything that it lacks.

Set REWRITE_GOLDEN=1 to write the answer in its README anew, and read the difference.
"""

import os
import re
from pathlib import Path

import pytest

from rules.lint import lint
from rules.load import load
from rules.problems import Problem
from tests.rules.files_of_rules import TODAY

FOLDER = Path(__file__).parents[2] / "examples" / "feel-good"
README = FOLDER / "README.md"
CONSOLE = re.compile(
    rf"```console\n\$ stipt check examples/feel-good --now {TODAY}\n(.*?)```", re.DOTALL
)

IN_WORDS_ONLY = """\
version: 1
tiers:
  gold:
    match: everything
    targets: []
customers:
  acme:
    match: {organization.name: Acme}
    tier: gold
    covers: ["99 % uptime, 24/7 reachable"]
"""


def findings_of(files: dict[str, bytes]) -> list[Problem]:
    policy, problems = load(files)
    assert policy is not None, problems
    return lint(policy, TODAY)


def feel_good() -> list[Problem]:
    return findings_of({"examples/feel-good/sla.yaml": (FOLDER / "sla.yaml").read_bytes()})


@pytest.mark.parametrize(
    ("element", "code", "words"),
    [
        ("measured what", "STP220", "nothing says what is measured"),
        ("for whom", "STP221", "nothing says for which tickets"),
        ("on which clock", "STP227", "nothing says on which clock"),
        ("over which period", "STP222", "nothing says over which period"),
        ("at which level", "STP223", "nothing says which level is promised"),
        ("with which exceptions", "STP224", "nothing says what does not count"),
        ("with which consequence", "STP225", "nothing says what follows when it is missed"),
        ("guarantee or best effort", "STP202", "guarantee or best_effort"),
        ("damages beyond the credit", "STP212", "whether damages beyond a credit are owed"),
        ("round the clock", "STP209", "the words promise round the clock, no target does"),
        ("a target at all", "STP205", "it has no target"),
    ],
)
def test_each_missing_element_is_named(element: str, code: str, words: str):
    told = [str(each) for each in feel_good() if each.code == code]
    assert told, element
    assert all(words in line for line in told)


def test_a_level_that_stands_in_words_only_is_named_too():
    told = {each.code for each in findings_of({"sla.yaml": IN_WORDS_ONLY.encode()})}
    assert {"STP202", "STP205", "STP209", "STP217"} <= told


def test_the_readme_shows_the_answer_of_a_check():
    text = README.read_text(encoding="utf-8")
    shown = CONSOLE.search(text)
    assert shown is not None
    lines = "".join(f"{each}\n" for each in feel_good())
    if os.environ.get("REWRITE_GOLDEN"):
        new = text[: shown.start(1)] + lines + text[shown.end(1) :]
        README.write_text(new, encoding="utf-8")
        shown = CONSOLE.search(new)
        assert shown is not None
    assert shown[1] == lines


def test_the_readme_explains_every_finding():
    text = README.read_text(encoding="utf-8").partition("The exit code is 3")[2]
    explained = set(re.findall(r"\[(STP[0-9]{3})\]", text))
    # A priority is no matter of the contract; its page says what it is for.
    assert {each.code for each in feel_good()} - explained == {"STP203"}


def test_the_concrete_agreement_lacks_nothing_but_tests():
    (concrete,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert [each.code for each in findings_of({"sla.yaml": concrete.encode()})] == ["STP316"]
