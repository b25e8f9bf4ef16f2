# SPDX-License-Identifier: GPL-3.0-or-later
"""Help pages as they were reviewed, and a page of documentation that names every command and flag.

After a change: pytest tests/worker/test_help.py --rewrite, then look at the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer

from worker.cli.command_list import COMMANDS, GROUPS, Command
from worker.cli.main import program

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "help"
PAGE = ROOT / "docs" / "commands.md"
PAGES = ("", *GROUPS, *(command.name for command in COMMANDS))
REWRITE = "pytest tests/worker/test_help.py --rewrite writes it afresh"
SHARED_FLAGS = frozenset({"--json", "--quiet", "--config", "--account", "--help"})


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written."""
    return bool(request.config.getoption("--rewrite"))


def help_of(name: str) -> str:
    """The help page of a command as a terminal of 100 columns shows it."""
    environment = {
        **os.environ,
        "COLUMNS": "100",
        "TERMINAL_WIDTH": "100",
        "NO_COLOR": "1",
        "LANG": "C.UTF-8",
    }
    environment.pop("FORCE_COLOR", None)
    environment.pop("GITHUB_ACTIONS", None)  # it makes rich believe in a terminal
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker.cli.main", *name.split(), "--help"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=50,
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip() + "\n"


@pytest.mark.parametrize("name", PAGES, ids=lambda name: name or "stipt")
def test_the_help_page_is_the_one_that_was_reviewed(name: str, rewrite: bool) -> None:
    file = GOLDEN / f"{name.replace(' ', '-') or 'stipt'}.txt"
    shown = help_of(name)
    if rewrite:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert file.exists(), REWRITE
    assert shown == file.read_text(encoding="utf-8"), REWRITE


def test_no_help_page_is_left_of_a_command_that_is_gone(rewrite: bool) -> None:
    wanted = {f"{name.replace(' ', '-') or 'stipt'}.txt" for name in PAGES}
    left = {path for path in GOLDEN.iterdir() if path.name not in wanted}
    if rewrite:
        for path in left:
            path.unlink()
        return
    assert left == set()


@cache
def parameters(name: str) -> list[typer.core.TyperOption | typer.core.TyperArgument]:
    """The arguments and options of a command."""
    node = typer.main.get_command(program(None))
    for word in name.split():
        node = node.commands[word]
    return list(node.params)


def table_of(command: Command) -> str:
    """The arguments and flags of a command, but for those that all have, as a table."""
    rows = []
    for one in parameters(command.name):
        names = [word for word in (*one.opts, *one.secondary_opts) if word.startswith("-")]
        if SHARED_FLAGS & set(names):
            continue
        word = one.metavar or one.name.upper()
        takes_value = bool(names) and not getattr(one, "is_flag", False)
        shown = f"{', '.join(names)}{f' {word}' if takes_value else ''}" if names else word
        told = getattr(one, "help", None) or ""
        rows.append(f"| `{shown}` | {told.replace('|', chr(92) + '|')}{_default(one)} |")
    return "\n".join(["| | |", "|---|---|", *rows]) if rows else "No flags but those of all."


def _default(one: object) -> str:
    value = getattr(one, "default", None)
    if value in (None, False, "", ()) or callable(value):
        return ""
    return f" Default: `{value}`."


def begin(command: Command) -> str:
    return f"<!-- flags of {command.name} -->"


END = "<!-- end -->"


def with_tables(text: str) -> str:
    """The page with the tables that the program has now, a section for each new command."""
    for command in COMMANDS:
        block = f"{begin(command)}\n\n{table_of(command)}\n\n{END}"
        if begin(command) in text:
            pattern = re.escape(begin(command)) + r".*?" + re.escape(END)
            text = re.sub(pattern, lambda _, block=block: block, text, count=1, flags=re.DOTALL)
        else:
            text += f"\n## stipt {command.name}\n\n{command.summary}\n\n{block}\n"
    return text


def test_the_page_of_commands_has_every_command_with_its_flags(rewrite: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    if rewrite:
        PAGE.write_text(with_tables(text), encoding="utf-8")
        text = PAGE.read_text(encoding="utf-8")
    missing = [command.name for command in COMMANDS if f"## stipt {command.name}\n" not in text]
    assert missing == [], REWRITE
    assert text == with_tables(text), REWRITE


def test_flags_that_all_commands_share_are_told_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{flag}" in text for flag in SHARED_FLAGS)


WITHOUT = {
    "--json": {},
    "--quiet": {
        "calendar": "all that it prints is the answer",
        "explain": "all that it prints is the answer",
    },
    "--config": {
        "schema": "needs nothing",
        "app package": "looks at files alone",
        "sandbox": "has no settings",
        "demo": "has no settings",
    },
}


@pytest.mark.parametrize("flag", ["--json", "--quiet", "--config"])
def test_every_command_takes_the_shared_flags_where_they_make_sense(flag: str) -> None:
    reasons = WITHOUT[flag]
    lacking = {
        command.name
        for command in COMMANDS
        if not any(flag in one.opts for one in parameters(command.name))
    }
    assert lacking == {*reasons}
