# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker dies at the worst moments; nothing is lost, nothing confirmed is done twice."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox import Sandbox, SandboxSettings
from tests.worker.sandbox_site import GENEROUS, SandboxSite

POINTS = (
    "page-received",
    "before-page-commit",
    "after-page-commit",
    "after-page-commit:2",
    "tick-claimed",
    "tick-before-commit",
    "write-claimed",
    "before-write",
    "job-submitted",
    "written-not-marked",
    "write-marked",
    "outbox-claimed",
    "before-send",
    "before-send:2",
    "sent-not-marked",
    "marked",
)


def a_sandbox(tickets: int) -> Sandbox:
    return Sandbox(
        SandboxSettings(tickets=tickets, seed=5, speed=60, limits=GENEROUS, job_rows_per_second=500)
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxSite]:
    with a_sandbox(60) as sandbox:
        yield ready(sandbox, tmp_path, monkeypatch)


def ready(sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SandboxSite:
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", sandbox.base_url.removeprefix("http://"))
    made = SandboxSite(sandbox, folder)
    made.set_up_fields()
    monkeypatch.delenv("ZENPY_FORCE_SCHEME")
    monkeypatch.delenv("ZENPY_FORCE_NETLOC")
    return made


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_at_any_point_loses_and_repeats_nothing(site: SandboxSite, point: str) -> None:
    assert site.crash(point) == 137
    assert not site.cursor_is_ahead()
    report = site.once()
    assert report["is_complete"], report
    assert site.unfinished() == 0
    assert len(site.stored_tickets()) == 60
    assert site.written_for_nothing() == []
    assert max(Counter(site.notes()).values()) == 1


@pytest.mark.timeout(180)
def test_a_worker_killed_again_and_again_in_its_first_sync_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(1_000_000)  # noqa: S311 -- when to kill, no secret
    chance = random.Random(seed)  # noqa: S311
    with a_sandbox(1500) as sandbox:
        site = ready(sandbox, tmp_path / "killed", monkeypatch)
        kills = 0
        for _ in range(8):
            if not site.kill_after(chance.uniform(0.05, 1.2)):
                break
            kills += 1
            assert not site.cursor_is_ahead()
        report = site.once()
        assert kills >= 3, f"seed {seed}: the pass was done too soon to be killed"
        assert report["is_complete"], f"seed {seed}: {report}"
        assert site.written_for_nothing() == [], f"seed {seed}"
        assert max(Counter(site.notes()).values()) == 1, f"seed {seed}"
        site.let_exports_see()
        whole = SandboxSite(sandbox, tmp_path / "whole")
        whole.once(STIPT_WRITE="off")
        site.once()
        assert site.stored_tickets() == whole.stored_tickets(), f"seed {seed}"
        assert whole.events() - site.events() == set(), f"seed {seed}"
