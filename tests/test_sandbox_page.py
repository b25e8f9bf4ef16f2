# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk through the sandbox does what its page says, line by line."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.seed_names import CUSTOMERS
from connector.sandbox.server import Sandbox
from connector.sandbox.settings import START, SandboxSettings
from worker.cli.main import run
from worker.cli.sandboxes import _announce, environment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
ENDS_OTHERWISE = {"stipt doctor": [5, 0]}
"""Commands that do not end with 0 each time: the fields are missing at first."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """What the first terminal runs, and an empty folder for the second."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    with Sandbox(SandboxSettings()) as running:
        yield running


def test_the_exports_of_the_page_are_those_that_the_sandbox_prints() -> None:
    printed = environment_of("http://127.0.0.1:8321", SandboxSettings())
    told = dict(line.removeprefix("export ").split("=", 1) for line in LINES if "export " in line)
    assert told == {**printed, "STIPT_STATE_DIR": "$(mktemp -d)"}


def test_every_start_prints_a_store_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folders = []
    for _ in range(2):
        _announce("http://127.0.0.1:8321", SandboxSettings(), json=False, quiet=True)
        printed = capsys.readouterr().out
        folders += re.findall("^export STIPT_STATE_DIR=(.+)$", printed, re.MULTILINE)
    first, second = map(Path, folders)
    assert first != second
    assert [*first.iterdir(), *second.iterdir()] == []


@pytest.mark.timeout(180)
def test_every_command_of_the_page_does_what_it_should(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = {command: list(codes) for command, codes in ENDS_OTHERWISE.items()}
    for line in LINES:
        words = shlex.split(line.replace("$(mktemp -d)", str(Path.cwd() / "state")))
        if words[0] == "export":
            name, value = words[1].split("=", 1)
            monkeypatch.setenv(name, value.replace("http://127.0.0.1:8321", sandbox.base_url))
        elif words[0] == "cp":
            shutil.copytree(words[2], words[3])
        elif words[0] == "sed":
            old, new = re.fullmatch(r"s/(.+)/(.+)/", words[2]).groups()
            path = Path(words[3])
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        else:
            assert words[0] == "stipt"
            expected = ends[line].pop(0) if ends.get(line) else 0
            assert run(words[1:]) == expected, (line, capsys.readouterr())
    shown = capsys.readouterr().out
    assert "tickets get an earlier due date because of tiers.yaml" in shown or "earlier" in shown
    assert Path("report.html").stat().st_size > 10_000
    assert sandbox.ledger.ticket_writes


def test_the_page_tells_the_customers_and_the_clock_that_there_are() -> None:
    assert f"{START:%A} {START.day} {START:%B %Y}, {START:%H:%M} UTC" in PAGE
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("|") and ("`nl`" in line or "`us`" in line)
    ]
    for customer in CUSTOMERS:
        (row,) = [one for one in rows if customer.name in one[0]]
        assert row[1:] == [
            f"`{customer.tier}`" if customer.tier else "none",
            f"`{customer.market}`",
        ]
        assert all(f"`{tag}`" in row[0] for tag in customer.tags)
    assert len(CUSTOMERS) == 12
