# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt replay --compare`: what a change of rules would have done to a history."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from connector.history.stretches import stretches_of
from worker import histories
from worker.backtest import backtest
from worker.backtest_summary import to_json
from worker.cli.main import run
from worker.histories import JsonLinesHistory
from worker.report.backtest_page import backtest_page
from worker.rule_folder import load_folder

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
version: 1
settings: {{time_zone: Europe/Amsterdam}}
tiers:
  premium:
    match: {{organization.fields.sla_tier: premium}}
    priority: {{default: normal}}
    targets:
      - {{measure: first_reply, within: {premium}, counted: always}}
  standard:
    match: everything
    priority: {{default: normal}}
    targets:
      - {{measure: first_reply, within: 8h, counted: always}}
      - {{measure: {second}, within: 24h, counted: always}}
customers:
  acme:
    match: {{organization.id: "1"}}
    tier: premium
"""


def folder(path: Path, name: str, **changes: str) -> Path:
    made = path / name
    made.mkdir()
    values = {"premium": "4h", "second": "resolution", **changes}
    (made / "sla.yaml").write_text(RULES.format(**values), encoding="utf-8")
    return made


def a_line(ident: str, replied: str | None = None, organization: str | None = "1") -> str:
    happenings = []
    if replied is not None:
        at = f"2026-11-23T{replied}:00Z"
        happenings = [{"at": at, "kind": "comment", "by": "agent", "public": True}]
    line = {
        "id": ident,
        "created_at": "2026-11-23T08:00:00Z",
        "organization": None if organization is None else {"id": organization},
        "happenings": happenings,
    }
    return json.dumps(line)


LINES = (
    a_line("in-time-both", "09:00"),
    a_line("late-after", "11:00"),
    a_line("late-both", "13:00"),
    a_line("open"),
    a_line("other", "10:00", organization=None),
)
NOW = "2026-11-23T11:30:00Z"


def compared(tmp_path: Path, *flags: str, lines: tuple[str, ...] = LINES, **changes: str) -> int:
    history = tmp_path / "history.jsonl"
    history.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = folder(tmp_path, "sla")
    after = folder(tmp_path, "sla-new", **(changes or {"premium": "2h"}))
    arguments = ["--rules", str(before), "--compare", str(after), "--history", str(history)]
    return run(["replay", *arguments, *flags])


def answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, *flags: str, **changes: str
) -> dict[str, object]:
    assert compared(tmp_path, "--json", "--now", NOW, *flags, **changes) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_the_answer_counts_tickets_targets_verdicts_and_dues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, tmp_path)

    assert found["affected_tickets"] == {
        "all": 4,
        "gain_a_target": 0,
        "lose_a_target": 0,
        "target_changes": 4,
        "verdict_flips": 1,
        "newly_overdue": 2,
    }
    assert found["target_changes"] == {"first_reply": {"due_earlier": 4, "shorter": 4}}
    assert found["flips"] == [
        {"measure": "first_reply", "tier": "premium", "met_to_breached": 1, "breached_to_met": 0}
    ]
    assert found["turns"] == [
        {"before": "met", "after": "breached", "cycles": 1},
        {"before": "not_due", "after": "breached", "cycles": 2},
    ]
    shifts = found["due_shifts"]
    assert isinstance(shifts, list)
    assert [one for one in shifts if one["cycles"]] == [
        {"over_seconds": -14_400, "until_seconds": -3_600, "cycles": 4}
    ]
    assert (shifts[0]["over_seconds"], shifts[0]["until_seconds"]) == (None, -604_800)
    assert (shifts[-1]["over_seconds"], shifts[-1]["until_seconds"]) == (604_800, None)


def test_attainment_is_exact_per_tier_and_customer_and_absent_where_nothing_is_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, tmp_path)

    attainment = found["attainment"]
    assert isinstance(attainment, dict)
    premium = attainment["tiers"]["premium"]
    assert premium["before"] == {
        "met": 2,
        "breached": 0,
        "not_due": 2,
        "excluded": 0,
        "cancelled": 0,
        "attainment": "2/2",
        "percent": "100.0",
    }
    assert premium["after"]["attainment"] == "1/4"
    assert attainment["customers"]["acme"] == premium
    assert list(attainment["tiers"]) == ["premium", "standard"]
    assert attainment["all"]["after"]["attainment"] == "2/5"


def test_nothing_decided_is_not_everything_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(tmp_path, "--json", "--now", "2026-11-23T08:10:00Z") == 0

    everything = json.loads(capsys.readouterr().out)["attainment"]["all"]["before"]
    assert (everything["attainment"], everything["percent"]) == (None, "n/a")


def test_the_most_affected_tickets_come_first_with_both_explanations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    most = answer(capsys, tmp_path)["most_affected"]

    assert isinstance(most, list)
    assert [one["ticket"] for one in most] == ["late-after", "late-both", "open", "in-time-both"]
    first = most[0]
    assert first["line"] == 2
    assert first["why_before"] == (
        "acme (sla.yaml:17, organization.id = 1): first_reply 1 within 4h on always (sla.yaml:9), "
        "due 2026-11-23 13:00:00+0100, met"
    )
    assert first["why_after"].endswith(
        "within 2h on always (sla.yaml:9), due 2026-11-23 11:00:00+0100, breached"
    )


def test_targets_gained_and_lost_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, tmp_path, second="requester_wait")

    assert found["target_changes"] == {
        "requester_wait": {"gained": 1},
        "resolution": {"lost": 1},
    }
    most = found["most_affected"]
    assert isinstance(most, list)
    assert most[0]["before"] is None
    assert most[0]["why_before"].endswith("no target for requester_wait 1")


def test_cycles_that_differ_go_to_a_file_in_the_order_of_the_history(tmp_path: Path) -> None:
    out = tmp_path / "changes.jsonl"

    assert compared(tmp_path, "--quiet", "--now", NOW, "--out", str(out)) == 0

    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["ticket"] for row in rows] == ["in-time-both", "late-after", "late-both", "open"]
    assert rows[1] == {
        "ticket": "late-after",
        "measure": "first_reply",
        "cycle": 1,
        "changes": ["due_earlier", "shorter"],
        "before": {
            "tier": "premium",
            "customer": "acme",
            "rule": "sla.yaml:9",
            "target_seconds": 14_400,
            "calendar": "always",
            "due_at": "2026-11-23T12:00:00Z",
            "breached_at": None,
            "state": "met",
        },
        "after": {
            "tier": "premium",
            "customer": "acme",
            "rule": "sla.yaml:9",
            "target_seconds": 7_200,
            "calendar": "always",
            "due_at": "2026-11-23T10:00:00Z",
            "breached_at": "2026-11-23T10:00:00Z",
            "state": "breached",
        },
    }


def test_the_text_tells_the_gist_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(tmp_path, "--now", NOW, lines=(*LINES, "nonsense")) == 0

    told = capsys.readouterr().out
    assert "4 of 5 tickets would be affected: 4 have a target changed" in told
    assert "1 of 6 lines could not be read" in told
    assert "  line 6: not JSON" in told
    assert re.search(r"premium +100.0 % \(2 of 2\) +25.0 % \(1 of 4\) +2 -> 0", told)
    assert re.search(r"customer acme +100.0 % \(2 of 2\)", told)
    assert "#late-after first_reply 1, met to breached, due 2h earlier" in told


def test_rules_that_mean_the_same_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = tmp_path / "report.html"

    assert compared(tmp_path, "--now", NOW, "--html", str(html), premium="240m") == 0

    told = capsys.readouterr().out
    assert "0 of 5 tickets would be affected" in told
    assert "most affected" not in told
    assert "No verdict changes." in html.read_text(encoding="utf-8")


def test_a_report_needs_a_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = folder(tmp_path, "sla")

    assert run(["replay", "--rules", str(rules), "--history", "x", "--html", "y"]) == 64

    assert "--compare" in capsys.readouterr().err


def test_a_history_without_a_readable_line_fails(tmp_path: Path) -> None:
    assert compared(tmp_path, lines=("nonsense",)) == 1


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "no ticket was judged, so there is nothing to report"),
        (("nonsense",), "no line could be"),
    ],
    ids=["empty", "unreadable"],
)
def test_no_report_is_written_of_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: tuple[str, ...], told: str
) -> None:
    html = tmp_path / "report.html"
    assert compared(tmp_path, "--now", NOW, "--html", str(html), lines=lines) == 1
    assert told in capsys.readouterr().err
    assert not html.exists()


def test_a_report_in_no_folder_is_told_by_the_name_that_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = tmp_path / "nowhere" / "report.html"
    assert compared(tmp_path, "--now", NOW, "--html", str(html)) == 1
    told = f"{html}: its folder {html.parent} does not exist; make it first"
    assert capsys.readouterr().err.splitlines()[-1] == told


class _Page(HTMLParser):
    """Counts tags that are opened and not closed, and what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "rect", "line", "path"):
            self.open.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag in ("script", "link", "iframe", "img"):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "line", "path"):
            assert self.open.pop() == tag


def test_the_report_is_one_page_that_fetches_nothing_and_whose_pictures_are_xml(
    tmp_path: Path,
) -> None:
    html = tmp_path / "report.html"
    hostile = a_line('<script>alert("1")</script>', "11:00")

    assert (
        compared(tmp_path, "--quiet", "--now", NOW, "--html", str(html), lines=(*LINES, hostile))
        == 0
    )

    text = html.read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.fetched == []
    assert "url(" not in text
    pictures = re.findall(r"<svg .*?</svg>", text, re.S)
    assert len(pictures) == 6  # three, each wide and narrow
    parsed = [ET.fromstring(one) for one in pictures]  # noqa: S314 - our own page
    assert len({one.get("id") for one in parsed}) == 6
    assert "premium 100.0 % (3 of 3) before, " in text
    assert "&lt;script&gt;" in text


def test_many_processes_give_the_same_bytes_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = tmp_path / "history.jsonl"
    hours = ("09:00", "10:30", "13:00", None)
    lines = [a_line(f"{n}", hours[n % 4], f"{n % 3}") for n in range(20_000)]
    history.write_text("\n".join([*lines, "nonsense", lines[0]]), encoding="utf-8")
    before = load_folder(folder(tmp_path, "sla"))
    after = load_folder(folder(tmp_path, "sla-new", premium="2h"))
    assert len(stretches_of(history)) > 1

    def found(pays_from: int) -> tuple[bytes, dict[str, object], str]:
        monkeypatch.setattr(histories, "_PAYS_FROM_BYTES", pays_from)
        rows: list[bytes] = []
        one = backtest(before, after, JsonLinesHistory(history), now=None, write=rows.append)
        return b"".join(rows), to_json(one), backtest_page(one)

    alone, together = found(10**12), found(0)

    assert alone == together
    assert alone[1]["bad_lines"] == 2
    assert alone[0]
