# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report`: a customer's period from a history or the store, as text, JSON, CSV and page."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa

from rules.statements import Statement, unseal
from worker.cli.main import run
from worker.store.database import Database
from worker.store.report_tables import statements
from worker.store.schema import prepare

EXAMPLE = Path(__file__).parents[2] / "examples" / "contract"
OCTOBER = ("--period", "2026-10", "--now", "2026-11-03T08:00:00Z")
NOVEMBER = ("--period", "2026-11", "--now", "2026-12-03T08:00:00Z")


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that name the rules of the example and a store that is not there yet."""
    monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("STIPT_RULES_PATH", str(EXAMPLE / "rules"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


def report(*words: str) -> int:
    """The exit code of a report over the example's history."""
    history, outages = str(EXAMPLE / "history.jsonl"), str(EXAMPLE / "outages.csv")
    return run(["report", *words, "--history", history, "--outages", outages])


def closed(label: str) -> Statement:
    """The example's closed statement."""
    return unseal((EXAMPLE / "statements" / f"acme-{label}.json").read_bytes()).statement


@pytest.mark.parametrize(("label", "period"), [("2026-10", OCTOBER), ("2026-11", NOVEMBER)])
def test_a_report_over_the_example_gives_the_cents_of_its_closed_statements(
    label: str, period: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    assert report("acme", *period, "--json") == 0

    document = json.loads(capsys.readouterr().out)
    kept = closed(label)
    owed = {one["obligation"]: one["credit"] for one in document["lines"]}
    assert owed == {one.obligation: str(one.credit) for one in kept.lines}
    assert document["total"] == str(kept.total)
    assert document["origin"]["evidence"] == kept.origin.evidence


def test_the_tables_of_a_report_are_those_that_the_statement_names(site: Path):
    assert report("acme", *NOVEMBER, "--tables", str(site / "tables"), "--quiet") == 0

    found = {file.name: file.read_bytes() for file in (site / "tables").iterdir()}
    kept = EXAMPLE / "statements"
    assert found == {file.name: file.read_bytes() for file in kept.glob("acme-2026-11-*.csv")}


def test_every_credit_is_shown_step_by_step(capsys: pytest.CaptureFixture[str]):
    assert report("acme", *NOVEMBER) == 0

    told = capsys.readouterr().out
    assert "measured 93.4 % (128 of 137): missed" in told
    assert "share of the fee: 1/20 * 2000 = 100" in told
    assert "cut to the contract's cap: 100 * 3/20 * 2000 / (375) = 80" in told
    assert "met without a reply 1" in told
    assert "excluded 2" in told
    assert "credits: 300.00 EUR, cut to the contract's cap" in told


def test_a_rounded_share_never_hides_on_which_side_of_the_level_it_lies(
    capsys: pytest.CaptureFixture[str],
):
    assert report("acme", *NOVEMBER) == 0

    assert "measured 99.8595 % (2,559,600 of 2,563,200): missed" in capsys.readouterr().out


def test_a_running_period_is_open_and_shows_what_is_not_due_yet(
    capsys: pytest.CaptureFixture[str],
):
    now = "2026-10-28 10:00 Europe/Amsterdam"
    assert report("acme", "--period", "2026-10", "--now", now, "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["state"] == "open"
    assert document["lines"][0]["counts"]["not_due"] > 0
    due = sum(document["lines"][0]["counts"][kind] for kind in ("met", "breached", "not_due"))
    assert due < closed("2026-10").lines[0].n_decided


def test_invoicing_gets_a_line_for_each_obligation(site: Path):
    assert report("acme", *NOVEMBER, "--csv", str(site / "acme.csv")) == 0

    with (site / "acme.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(one["obligation"], one["amount"], one["currency"]) for one in rows] == [
        ("reply_95", "80.00", "EUR"),
        ("solved_in_a_week", "60.00", "EUR"),
        ("portal", "160.00", "EUR"),
    ]


def test_the_page_loads_nothing_and_its_pictures_are_whole(site: Path):
    page = site / "acme.html"
    assert report("acme", *NOVEMBER, "--html", str(page), "--quiet") == 0

    text = page.read_text(encoding="utf-8")
    links = text.replace("http://www.w3.org/2000/svg", "")
    assert not any(word in links for word in ("http:", "https:", "<script", "@import", "url(//"))
    pictures = text.split("<svg ")[1:]
    for one in pictures:
        ET.fromstring("<svg " + one.split("</svg>")[0] + "</svg>")  # noqa: S314 - ours
    idents = [one.split('id="')[1].split('"')[0] for one in pictures]
    assert len(idents) == len(set(idents)) > 0


def test_every_missed_cycle_stands_on_the_page_with_its_times(site: Path):
    page = site / "acme.html"
    assert report("acme", *NOVEMBER, "--html", str(page), "--quiet") == 0

    text = page.read_text(encoding="utf-8").replace("&nbsp;", " ")
    row = (
        '<th scope="row">1050/first_reply/1</th><td>reply_95</td>'
        '<td class="tied">2026-11-02 11:11</td><td class="tied">2026-11-02 15:11</td>'
        '<td class="tied">2026-11-03 09:20</td><td>2 h 09 min</td>'
    )
    assert row in text
    missed = {one for line in closed("2026-11").lines for one in line.breached_cases}
    assert all(f'<th scope="row">{one.split("/")[0]}/' in text for one in missed)


def test_an_organization_without_a_contract_is_named_by_its_tier(
    capsys: pytest.CaptureFixture[str],
):
    assert report("premium-360002", *NOVEMBER) == 1

    assert "premium-360002 is promised nothing over periods" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody", "--period", "2026-11"], 'no customer "nobody"; contracts are: acme'),
        (["acne", "--period", "2026-11"], 'no customer "acne"; did you mean "acme"?'),
        (["acme", "--period", "2026-Q4"], "it has: calendar months (2026-11)"),
        (["acme", "--period", "2031-01"], "2031-01 has not begun: what is known ends on "),
    ],
)
def test_what_is_not_promised_is_said(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert report(*words) == 1

    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "premium-360009",
            "no ticket of an organization 360009 is known; did you mean everyone-360001?",
        ),
        ("premium-7", "no ticket of an organization 7 is known; customers with tickets: "),
    ],
)
def test_an_organization_that_the_history_does_not_know_is_no_customer(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
):
    starter = str(Path(__file__).parents[2] / "worker" / "starter")
    history = ["--history", str(EXAMPLE / "history.jsonl")]
    assert run(["report", name, *NOVEMBER, "--rules", starter, *history]) == 1

    assert said in capsys.readouterr().err


def test_an_outage_file_that_is_missing_is_never_taken_for_no_outage(
    capsys: pytest.CaptureFixture[str],
):
    history = str(EXAMPLE / "history.jsonl")
    assert run(["report", "acme", *NOVEMBER, "--history", history]) == 1

    assert "outages.csv: no such file; --outages names another one" in capsys.readouterr().err


@pytest.fixture
def store(site: Path) -> Path:
    """An empty store."""
    with closing(Database(f"sqlite:///{site / 'stipt.db'}")) as database:
        prepare(database)
    return site


def test_a_closed_statement_is_given_again_byte_for_byte(
    store: Path, capsysbinary: pytest.CaptureFixture[bytes]
):
    page, again = store / "closed.html", store / "again.html"
    assert report("close", "acme", *OCTOBER, "--yes", "--json", "--html", str(page)) == 0
    sha256 = json.loads(capsysbinary.readouterr().out)["sha256"]

    assert run(["report", "show", sha256[:12], "--json", "--html", str(again)]) == 0

    sealed = unseal(kept := capsysbinary.readouterr().out)
    assert sealed.sha256 == sha256
    assert sealed.statement.lines == closed("2026-10").lines
    assert page.read_bytes() == again.read_bytes()
    assert sha256 in page.read_text(encoding="utf-8")
    assert run(["report", "show", sha256, "--json"]) == 0
    assert capsysbinary.readouterr().out == kept


@pytest.mark.usefixtures("store")
def test_a_period_is_closed_once(capsys: pytest.CaptureFixture[str]):
    assert report("close", "acme", *OCTOBER, "--yes") == 0
    assert report("close", "acme", *OCTOBER, "--yes") == 1

    assert "acme-2026-10 is closed (stipt report show " in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_what_came_to_light_later_is_an_entry_of_the_next_statement(
    capsys: pytest.CaptureFixture[str],
):
    assert report("close", "acme", *OCTOBER, "--yes") == 0
    assert report("close", "acme", *NOVEMBER, "--yes") == 0

    told = capsys.readouterr().out
    assert (
        "correction of acme-2026-10, reply_95: 90.7 % (39 of 43) before, "
        "88.4 % (38 of 43) now; 51.62 EUR" in told
    )
    assert "with corrections: 351.62 EUR" in told


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            "2026-10-31T12:00:00Z",
            "acme-2026-10 ends at 2026-10-31 23:00 UTC, and what is known at 2026-10-31 12:00 UTC",
        ),
        ("2026-11-01T12:00:00Z", "acme-2026-10 can be closed from 2026-11-02"),
    ],
)
def test_nothing_is_closed_before_late_data_can_have_come(
    now: str, said: str, capsys: pytest.CaptureFixture[str]
):
    assert report("close", "acme", "--period", "2026-10", "--now", now, "--yes") == 1

    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_without_an_answer_nothing_is_closed():
    assert report("close", "acme", *OCTOBER) == 1
    assert report("close", "acme", *OCTOBER, "--yes") == 0


def test_a_history_with_unreadable_lines_closes_nothing(
    store: Path, capsys: pytest.CaptureFixture[str]
):
    history = store / "history.jsonl"
    history.write_bytes((EXAMPLE / "history.jsonl").read_bytes() + b"{}\n")
    words = ["--history", str(history), "--outages", str(EXAMPLE / "outages.csv"), "--yes"]
    assert run(["report", "close", "acme", *OCTOBER, *words]) == 1

    assert "history.jsonl: 1 line could not be read" in capsys.readouterr().err


def test_a_statement_that_was_changed_in_the_store_is_refused(
    store: Path, capsys: pytest.CaptureFixture[str]
):
    assert report("close", "acme", *OCTOBER, "--yes", "--json") == 0
    sha256 = json.loads(capsys.readouterr().out)["sha256"]
    body = sa.func.replace(statements.c.body, '"51.61"', '"51.60"')
    with (
        closing(Database(f"sqlite:///{store / 'stipt.db'}")) as database,
        database.write("default") as books,
    ):
        books.tx.execute(sa.update(statements).values(body=body))

    assert run(["report", "show", sha256]) == 1
    assert "acme-2026-10 does not fit its hash" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_an_unknown_hash_is_said(capsys: pytest.CaptureFixture[str]):
    assert run(["report", "show", "0123456789ab"]) == 1

    said = capsys.readouterr().err
    assert "no closed statement has a hash that begins with 0123456789ab; stipt report" in said


@pytest.mark.parametrize("beginning", ["abc", "zz", "acme-2026-10", "0123456"])
def test_what_is_no_beginning_of_a_hash_is_wrong_usage(
    beginning: str, capsys: pytest.CaptureFixture[str]
):
    assert run(["report", "show", beginning]) == 64

    said = capsys.readouterr().err
    assert f'"{beginning}" is no beginning of a hash: at least eight digits of 0-9 and a-f' in said
    assert "stipt report verify names the statements of the store" in said


@pytest.mark.parametrize("words", [["acme"], ["team"], ["close", "acme"]])
@pytest.mark.parametrize("period", ["foo", "2026-13", "2026-11-31", "2026-W60"])
def test_a_period_that_cannot_be_read_is_wrong_usage_everywhere(
    words: list[str], period: str, capsys: pytest.CaptureFixture[str]
):
    history = ["--history", str(EXAMPLE / "history.jsonl")]
    assert run(["report", *words, "--period", period, *history]) == 64

    assert f'"{period}" is no period; say 2026-11, 2026-Q4' in capsys.readouterr().err
