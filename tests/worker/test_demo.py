# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: everything at work in one process, and nothing left behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from worker.demo import Demo, DemoSettings


def leftovers() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("*-stipt-demo"))


def test_one_pass_reports_what_it_did_and_a_second_one_writes_nothing() -> None:
    files, variables = leftovers(), dict(os.environ)

    with Demo(DemoSettings(tickets=60, speed=0)) as demo:
        report = demo.once().to_json()

    wanted = {"tickets", "writes", "second_pass_writes", "messages", "api_calls", "states"}
    assert wanted <= set(report)
    assert report["tickets"] == 60
    assert isinstance(report["writes"], int)
    assert report["writes"] > 0
    assert isinstance(report["second_pass_judged"], int)
    assert report["second_pass_judged"] > 0
    assert report["second_pass_writes"] == 0
    assert leftovers() == files
    assert dict(os.environ) == variables
