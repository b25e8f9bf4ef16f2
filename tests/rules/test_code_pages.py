# SPDX-License-Identifier: GPL-3.0-or-later
"""Every code has a page, and what the page says of its examples is what a check says.

Set REWRITE_GOLDEN=1 to write the answers on the pages anew, and read the difference.
"""

import os
import re
from pathlib import Path

import pytest

from rules.codes import CODES
from rules.lint import lint
from rules.load import load
from rules.problems import Problem
from tests.rules.files_of_rules import TODAY

PAGES = Path(__file__).parents[2] / "docs" / "checks"
LEVELS = {
    "0": "An error: the file cannot be read as it stands.",
    "1": "An error: two parts of the rules contradict each other.",
    "2": "A finding: the promise is not concrete.",
    "3": "A finding: the rules will not work as they are meant.",
}
NO_TESTS = "STP316"
IN_A_CONTRACT = "\nIn a contract:\n\n> "

YAML = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ALSO = re.compile(r"^The same gap is also reported as (.*)\.$", re.MULTILINE)

codes = pytest.mark.parametrize("code", CODES)


def page_of(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def half(text: str, heading: str) -> str:
    """What stands under a heading of a page."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def example(text: str) -> dict[str, bytes]:
    """The files of an example: one called sla.yaml, or several that say their names."""
    blocks = YAML.findall(text)
    if len(blocks) == 1 and not blocks[0].startswith("# "):
        return {"sla.yaml": blocks[0].encode()}
    return {f"sla/{block.splitlines()[0].removeprefix('# ')}": block.encode() for block in blocks}


def answer(files: dict[str, bytes]) -> list[Problem]:
    policy, problems = load(files)
    return sorted({*problems, *(lint(policy, TODAY) if policy else ())})


def also(text: str) -> set[str]:
    """Codes that a page announces beside its own."""
    found = ALSO.search(text)
    return set(re.findall(r"STP[0-9]{3}", found[1])) if found else set()


def test_every_code_has_a_page_and_every_page_a_code():
    assert sorted(file.stem for file in PAGES.glob("STP*.md")) == list(CODES)


@codes
def test_a_page_begins_with_its_code_and_kind(code: str):
    text = page_of(code)
    head = f"# {code}: {CODES[code].title}\n\n*{LEVELS[code[3]]}*\n\n**What it means.** "
    assert text.startswith(head)
    assert text.count("\n\n**Why it is bad.** ") == 1
    assert text.endswith("[All codes](README.md)\n")


@codes
def test_the_bad_example_is_told_exactly_this(code: str):
    files = example(half(page_of(code), "Bad"))
    expected = {code, *also(page_of(code))}
    if CODES[code].level == "finding" and len(files) == 1:
        expected.add(NO_TESTS)
    assert {problem.code for problem in answer(files)} == expected


@codes
def test_the_better_example_is_told_nothing(code: str):
    files = example(half(page_of(code), "Better"))
    found = {problem.code for problem in answer(files)}
    assert found <= {NO_TESTS}
    assert code not in found


@codes
def test_the_answer_on_a_page_is_the_answer_of_a_check(code: str):
    text = page_of(code)
    files = example(half(text, "Bad"))
    told = [str(each) for each in answer(files) if each.code in (code, *also(text))]
    lines = "\n".join(told) + "\n"
    shown = CONSOLE.search(text)
    assert shown is not None
    if os.environ.get("REWRITE_GOLDEN"):
        new = text[: shown.start(2)] + lines + text[shown.end(2) :]
        (PAGES / f"{code}.md").write_text(new, encoding="utf-8")
        shown = CONSOLE.search(new)
        assert shown is not None
    command = "stipt check sla.yaml" if "sla.yaml" in files else "stipt check sla"
    assert shown[1].removesuffix(f" --now {TODAY}") == command
    assert shown[2] == lines


@codes
def test_what_is_not_concrete_is_also_said_in_the_words_of_a_contract(code: str):
    assert (IN_A_CONTRACT in page_of(code)) == code.startswith("STP2")


def test_the_index_names_every_code_with_its_title():
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(STP[0-9]{3})\]\((\S+)\) \| (.*) \|$", index, re.MULTILINE)
    assert rows == [(code.number, f"{code.number}.md", code.title) for code in CODES.values()]
