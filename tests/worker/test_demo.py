# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: everything at work in one process, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.worker.sandbox_site import eventually
from worker.demo import Demo, DemoSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a demo keeps its files, apart from those that another test runs meanwhile."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("*-stipt-demo"))


def test_one_pass_reports_what_it_did_and_a_second_one_writes_nothing(temporary: Path) -> None:
    variables = dict(os.environ)

    with Demo(DemoSettings(tickets=60, speed=0)) as demo:
        assert len(leftovers(temporary)) == 1
        report = demo.once().to_json()

    wanted = {"tickets", "writes", "second_pass_writes", "messages", "api_calls", "states"}
    assert wanted <= set(report)
    assert report["tickets"] == 60
    assert isinstance(report["writes"], int)
    assert report["writes"] > 0
    assert isinstance(report["second_pass_judged"], int)
    assert report["second_pass_judged"] > 0
    assert report["second_pass_writes"] == 0
    assert leftovers(temporary) == []
    assert dict(os.environ) == variables


_OBEDIENT_DEMO = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from worker.cli.main import main
main()
"""
"""What runs in the background of a shell has Ctrl-C ignored, and hands that on to its children."""


def test_the_demo_opens_its_board_and_leaves_nothing_behind(
    tmp_path: Path, temporary: Path
) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    program = [sys.executable, "-c", _OBEDIENT_DEMO, "demo", "--open"]
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    with subprocess.Popen([*program, "--tickets", "30"], env=environment) as running:  # noqa: S603 -- ourselves
        try:
            assert eventually(lambda: opened.exists() and opened.read_text() != "", 60)
            address = opened.read_text()
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 -- as above
                assert b"Open tickets by deadline" in answer.read()
        finally:
            running.send_signal(signal.SIGINT)
            try:
                code = running.wait(60)
            finally:
                running.kill()
        assert code == 0
    assert leftovers(temporary) == []
