# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows exists: commands, flags, settings, links; examples can be read."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer
from ruamel.yaml import YAML

from rules.format.files import RulesFile
from rules.load import load
from worker.cli.command_list import COMMANDS, GROUPS
from worker.cli.main import program

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/*/README.md")
    for page in ROOT.glob(pattern)
)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SETTING = re.compile(r"\b(?:STIPT|ZENDESK|SENTRY)_[A-Z][A-Z_]*[A-Z]\b")
SHELLS = ("", "console", "sh", "bash")
# A block may name what other blocks of its page define.
UNDEFINED_ELSEWHERE = {"STP101", "STP021"}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=named)
# The pages of codes show mistakes; tests.rules.test_code_pages looks at their examples.
other_pages = pytest.mark.parametrize(
    "page", [page for page in PAGES if not page.stem.startswith("STP")], ids=named
)


class Fenced(NamedTuple):
    """A block of code and its language."""

    language: str
    text: str


def fenced(page: Path) -> list[Fenced]:
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    return [
        Fenced(language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for indent, language, text in blocks
    ]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def command_lines(page: Path) -> Iterator[list[str]]:
    """The words of every command line on a page, without variables set before it."""
    for block in fenced(page):
        if block.language in SHELLS:
            yield from map(words_of, block.text.replace("\\\n", " ").splitlines())
    yield from map(words_of, INLINE.findall(prose(page)))


def words_of(line: str) -> list[str]:
    try:
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
    except ValueError:  # a sentence with an apostrophe
        return []
    while words and re.fullmatch(r"[A-Z][A-Z0-9_]*=.*", words[0]):
        del words[0]
    return words


@cache
def options() -> dict[str, set[str]]:
    """The options of each command; those of the program itself under an empty name."""
    root = typer.main.get_command(program(None))
    found = {"": {"--help", "--version"}}
    for command in COMMANDS:
        node = root
        for name in command.name.split():
            node = node.commands[name]
        given = {opt for param in node.params for opt in (*param.opts, *param.secondary_opts)}
        found[command.name] = {*given, "--help", "-h"}
    return found


def commands_named(words: list[str]) -> list[str]:
    """The commands that a line calls; `policy log|show` calls two, `report acme` one by default."""
    first = words[1]
    if first.startswith("-"):
        return [""]
    if first == "report" and (words[2:] or ["?"])[0] not in ("customer", "close", "show"):
        return ["report customer"]
    if first in GROUPS:
        return [f"{first} {second}" for second in (words[2:] or ["?"])[0].split("|")]
    return [first]


@every_page
def test_commands_and_flags_exist(page: Path):
    wrong = []
    for words in command_lines(page):
        if len(words) < 2 or Path(words[0]).name != "stipt":
            continue
        for name in commands_named(words):
            if name not in options():
                wrong.append(f"{' '.join(words)}: there is no command {name}")
                continue
            flags = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
            wrong += [f"{' '.join(words)}: {flag}" for flag in flags if flag not in options()[name]]
    assert wrong == []


@other_pages
def test_make_targets_exist(page: Path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {
        word
        for words in command_lines(page)
        if words[:1] == ["make"]
        for word in words[1:]
        if re.fullmatch(r"[a-z-]+", word)
    }
    assert called <= targets


@every_page
def test_links_lead_somewhere(page: Path):
    lost = []
    for target in LINK.findall(prose(page)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


def anchors(file: Path) -> set[str]:
    """The anchors that headings have where Markdown is shown as on GitHub."""
    plain = [re.sub(r"[`*]", "", text) for text in HEADING.findall(prose(file))]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in plain}


@other_pages
def test_examples_can_be_read(page: Path):
    for block in fenced(page):
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "yaml":
            YAML(typ="safe", pure=True).load(block.text)


@other_pages
def test_rules_in_examples_have_no_mistakes(page: Path):
    sections = (*RulesFile.keys(), "tests")
    for block in fenced(page):
        if block.language != "yaml" or not block.text.startswith(tuple(f"{s}:" for s in sections)):
            continue
        head = "" if block.text.startswith("version:") else "version: 1\n"
        _, problems = load({page.name: (head + block.text).encode()})
        told = [str(one) for one in problems if one.code not in UNDEFINED_ELSEWHERE]
        assert told == []


@other_pages
def test_settings_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    assert {name.removesuffix("_FILE") for name in SETTING.findall(text)} <= settings_read()


@cache
def settings_read() -> set[str]:
    """The names of all variables that the sources speak of."""
    files = [file for folder in ("worker", "connector") for file in (ROOT / folder).rglob("*.py")]
    return {name for file in files for name in SETTING.findall(file.read_text(encoding="utf-8"))}
