# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt replay`: whole histories judged, with what cannot be read counted."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from worker.cli.main import run
from worker.histories import JsonLinesHistory
from worker.replay import replay
from worker.rule_folder import load_folder

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("STIPT_SHARED", ROOT.parent / "shared"))
needs_data = pytest.mark.skipif(
    not (SHARED / "data").is_dir() and not os.environ.get("CI"),
    reason="STIPT_SHARED names no folder with data/",
)

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
tiers:
  vip:
    match: {tags: vip}
    priority: {default: high}
    targets:
      - {measure: first_reply, within: 1h, counted: always}
      - {measure: next_reply, within: 2h, counted: always}
  everyone:
    match: everything
    priority: {default: normal}
    targets: []
"""

ROW_KEYS = [
    *("ticket", "measure", "cycle", "organization", "tier", "customer", "rule", "policy"),
    *("target_seconds", "calendar", "started_at", "due_at", "fulfilled_at", "ended_by"),
    *("breached_at", "elapsed_seconds", "paused_seconds", "state", "reason"),
]


def a_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES)
    return folder


def a_ticket(ident: str, created_at: str, *happenings: dict[str, object]) -> str:
    line = {"id": ident, "created_at": created_at, "tags": ["vip"], "happenings": happenings}
    return json.dumps(line)


def a_reply(at: str, by: str = "agent") -> dict[str, object]:
    return {"at": at, "kind": "comment", "by": by, "public": True}


def replayed(tmp_path: Path, *lines: str, flags: tuple[str, ...] = ()) -> list[dict[str, object]]:
    history, out = tmp_path / "history.jsonl", tmp_path / "rows.jsonl"
    history.write_text("\n".join(lines) + "\n")
    rules = a_folder(tmp_path)
    code = run(
        ["replay", "--rules", str(rules), "--history", str(history), "--out", str(out), *flags]
    )
    assert code == 0
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_a_row_tells_the_promise_the_clock_and_the_verdict(tmp_path: Path) -> None:
    [row] = replayed(
        tmp_path, a_ticket("1", "2026-11-20T09:00:00+01:00", a_reply("2026-11-20T08:30:00.9Z"))
    )

    assert list(row) == ROW_KEYS
    policy = row.pop("policy")
    assert isinstance(policy, str)
    assert len(policy) == 64
    assert row == {
        "ticket": "1",
        "measure": "first_reply",
        "cycle": 1,
        "organization": None,
        "tier": "vip",
        "customer": None,
        "rule": "sla.yaml:9",
        "target_seconds": 3600,
        "calendar": "always",
        "started_at": "2026-11-20T08:00:00Z",
        "due_at": "2026-11-20T09:00:00Z",
        "fulfilled_at": "2026-11-20T08:30:00Z",
        "ended_by": "reply",
        "breached_at": None,
        "elapsed_seconds": 1800,
        "paused_seconds": 0,
        "state": "met",
        "reason": None,
    }


def test_a_line_comes_for_every_target_and_cycle(tmp_path: Path) -> None:
    rows = replayed(
        tmp_path,
        a_ticket(
            "1",
            "2026-11-20T08:00:00Z",
            a_reply("2026-11-20T08:30:00Z"),
            a_reply("2026-11-20T09:00:00Z", by="requester"),
            a_reply("2026-11-20T12:00:00Z"),
            a_reply("2026-11-20T13:00:00Z", by="requester"),
        ),
    )

    assert [(row["measure"], row["cycle"], row["state"]) for row in rows] == [
        ("first_reply", 1, "met"),
        ("next_reply", 1, "breached"),
        ("next_reply", 2, "running"),
    ]


def test_without_an_instant_it_judges_at_the_latest_one_of_the_readable_tickets(
    tmp_path: Path,
) -> None:
    bad = '{"id": "3", "created_at": "2027-01-01T00:00:00Z", "oops": 1}'

    rows = replayed(
        tmp_path,
        a_ticket("1", "2026-11-20T08:00:00Z"),
        a_ticket("2", "2026-11-20T08:20:00Z", a_reply("2026-11-20T08:50:00Z")),
        bad,
    )

    assert [(row["ticket"], row["state"], row["elapsed_seconds"]) for row in rows] == [
        ("1", "running", 3000),
        ("2", "met", 1800),
    ]


def test_tickets_created_after_the_instant_of_judging_get_no_row(tmp_path: Path) -> None:
    rows = replayed(
        tmp_path,
        a_ticket("1", "2026-11-20T08:00:00Z"),
        a_ticket("2", "2026-11-20T08:00:01Z"),
        flags=("--now", "2026-11-20 09:00 Europe/Amsterdam"),
    )

    assert [(row["ticket"], row["state"]) for row in rows] == [("1", "running")]


def test_the_summary_counts_rows_and_names_bad_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replayed(
        tmp_path,
        a_ticket(
            "1",
            "2026-11-20T08:00:00Z",
            {"at": "2026-11-20T07:00:00Z", "kind": "field", "field": "group", "to": "a"},
            a_reply("2026-11-20T08:30:00Z"),
        ),
        "nonsense",
        a_ticket("1", "2026-11-20T08:00:00Z"),
        '{"id": "2", "created_at": "2026-11-20T08:00:00Z"}',
        flags=("--json", "--now", "2026-11-20T10:00:00Z"),
    )

    summary = json.loads(capsys.readouterr().out)
    assert [one["line"] for one in summary.pop("bad")] == [2, 3]
    assert summary.pop("policy")
    assert summary == {
        "now": "2026-11-20T10:00:00Z",
        "lines": 4,
        "bad_lines": 2,
        "tickets": 2,
        "tickets_created_later": 0,
        "tickets_without_target": 1,
        "happenings_moved_to_creation": 1,
        "rows": 1,
        "excluded": {},
        "states": {"met": 1},
        "measures": {"first_reply": {"met": 1}},
        "tiers": {"vip": {"met": 1}},
    }


def test_without_a_file_for_them_rows_go_to_standard_output_and_the_summary_beside_it(
    tmp_path: Path,
) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text(a_ticket("1", "2026-11-20T08:00:00Z"))

    done = stipt("replay", "--rules", str(a_folder(tmp_path)), "--history", str(history))

    assert [json.loads(line)["ticket"] for line in done.stdout.splitlines()] == ["1"]
    assert "1 tickets judged as of 2026-11-20T08:00:00Z" in done.stderr


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("nonsense\n", "no line could be read"),
        ("", "no ticket was judged"),
        (None, "No such file"),
        (".", "it must be a file"),
    ],
)
def test_a_history_without_a_readable_line_fails(
    tmp_path: Path, history: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.jsonl"
    if history == ".":
        path.mkdir()
    elif history is not None:
        path.write_text(history)

    code = run(["replay", "--rules", str(a_folder(tmp_path)), "--history", str(path)])

    assert code == 1
    assert message in capsys.readouterr().err


def test_many_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    lines = [
        a_ticket(str(n), f"2026-11-{n % 28 + 1:02}T08:00:00Z", a_reply("2026-12-01T08:00:00Z"))
        for n in range(9000)
    ]
    history.write_text("\n".join([*lines, "nonsense", lines[0]]))
    policy = load_folder(a_folder(tmp_path))

    def judged(processes: int) -> tuple[bytes, dict[str, object]]:
        rows: list[bytes] = []
        source = JsonLinesHistory(history)
        summary = replay(policy, source, now=None, write=rows.append, processes=processes)
        return b"".join(rows), summary.to_json()

    one, two = judged(1), judged(2)

    assert one == two
    assert one[0].count(b"\n") == 9000


@needs_data
def test_the_city_of_boston_gave_the_same_due_dates(tmp_path: Path) -> None:
    rows = example(tmp_path, "boston311", "boston311.csv")
    cases = answers("boston311.csv")

    near = sum(seconds_apart(rows[one["case_id"]], one["target_at"]) <= 60 for one in cases)
    closed = [one for one in cases if one["closed_at"]]
    agreed = sum(
        (rows[one["case_id"]]["state"] == "met") == (one["on_time"] == "ONTIME") for one in closed
    )

    assert len(rows) == len(cases) == 3008
    assert near / len(cases) >= 0.985
    assert agreed / len(closed) >= 0.99


@needs_data
def test_the_incident_log_replays_with_every_row_read(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"

    done = stipt(*example_flags("servicenow", "servicenow-incidents.csv"), "--out", str(out))

    assert "890 tickets judged" in done.stdout
    assert "0 of 5998 lines could not be read" in done.stdout
    states = [json.loads(line)["state"] for line in out.read_text().splitlines()]
    assert states.count("met") > states.count("breached") > 0


def example_flags(example: str, data: str) -> list[str]:
    folder = ROOT / "examples" / example
    flags = ["--rules", str(folder / "rules"), "--mapping", str(folder / "mapping.toml")]
    return ["replay", *flags, "--history", str(SHARED / "data" / data)]


def example(tmp_path: Path, name: str, data: str) -> dict[str, dict[str, str]]:
    out = tmp_path / "rows.jsonl"
    begun = time.monotonic()
    stipt(*example_flags(name, data), "--out", str(out))
    assert time.monotonic() - begun < 60
    return {row["ticket"]: row for row in map(json.loads, out.read_text().splitlines())}


def answers(data: str) -> list[dict[str, str]]:
    with (SHARED / "data" / data).open(newline="") as file:
        return list(csv.DictReader(file))


def seconds_apart(row: dict[str, str], local: str) -> float:
    theirs = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("America/New_York"))
    return abs((datetime.fromisoformat(row["due_at"]) - theirs).total_seconds())


def stipt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.cli.main", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - our own program
