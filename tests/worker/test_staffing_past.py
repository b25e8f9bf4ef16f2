# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt staffing` from what came in: the store of a sandbox, and history files."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from connector.sandbox import Sandbox, SandboxSettings
from connector.zendesk import RATINGS_SCOPES, RUNNING_SCOPES
from rules.arrivals import LookBack
from tests.connector.test_zendesk_on_sandbox import desk
from tests.worker.test_records import ClockOf
from worker.cli.main import run
from worker.rule_folder import load_folder
from worker.run_once import OnePass
from worker.settings import load_settings
from worker.staffing.past import NothingCameIn, past_of_store
from worker.staffing.setting import calendar_of
from worker.store.database import Database
from worker.store.record_tables import calls
from worker.taking_over import take_over
from worker.wiring import Parts, build

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-09-01}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: [09:00-17:00]}
    holidays: {also: [2026-11-11]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: normal}
    targets:
      - {measure: first_reply, when: {channel: chat}, within: 5m, counted: office}
      - {measure: first_reply, within: 2h, counted: office}
    obligations: [answered, replies]
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 8h, counted: office}
obligations:
  answered: {of: phone_answer, within: 60s, at_least: 90%, per: calendar_month, excluding: []}
  replies:
    {of: first_reply, tickets: everything, at_least: 97%, per: calendar_month, excluding: []}
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A store into which a sandbox was read; the environment of commands over it."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "sla").mkdir()
    (folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
    url = f"sqlite:///{folder / 'stipt.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").create_database()
    environment = {
        "HOME": str(folder),
        "STIPT_DATABASE_URL": url,
        "STIPT_RULES_PATH": str(folder / "sla"),
        "STIPT_STATE_DIR": str(folder),
        "STIPT_SYNC_FROM": "400d",
        "ZENDESK_SUBDOMAIN": "acme",
    }
    database = Database(url)
    with Sandbox(SandboxSettings(speed=0, tickets=700)) as sandbox:
        helpdesk = desk(sandbox, scopes=(*RUNNING_SCOPES, *RATINGS_SCOPES))
        parts = Parts(clock=ClockOf(sandbox), helpdesks={"default": helpdesk}, database=database)
        installation = build(load_settings(environment=environment), parts)
        take_over(installation, is_alone=True)
        OnePass(installation, installation.accounts[0]).run()
    database.close()
    return environment


@pytest.fixture
def there(lived: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Commands see the store."""
    for name, value in lived.items():
        monkeypatch.setenv(name, value)
    return lived


WORDS = ["staffing", "--until", "2026-11-23", "--shrinkage", "30%"]


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """What the command says as JSON."""
    assert run([*WORDS, *words, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("there")
def test_phone_chat_and_mail_are_planned_from_the_store(capsys: pytest.CaptureFixture[str]):
    found = answered(capsys)
    phone, chat, mail = found["phone"], found["chat"], found["mail"]

    assert (found["weeks"], found["calendar"], found["zone"]) == (8, "office", "Europe/Amsterdam")
    assert [one["of"] for one in phone["promises"]] == [["premium"]]
    assert phone["promises"][0]["answered_with_them"] >= 0.9
    assert phone["promises"][0]["answered_with_one_fewer"] < 0.9
    assert 0 < phone["promises"][0]["answered_in_these_weeks"] < 1
    assert chat["promises"][0]["within_seconds"] == 300
    assert {one["of"]: one["promised"] for one in mail["promises"]} == {
        "premium": 0.97,
        "everybody": 0.95,
    }
    assert all(one["in_time"] >= one["promised"] for one in mail["promises"])
    assert any(one["in_time_with_one_fewer"] < one["promised"] for one in mail["promises"])


def test_calls_a_week_are_those_of_the_store_without_holidays_and_closed_hours(
    there: dict[str, str], capsys: pytest.CaptureFixture[str]
):
    found = answered(capsys)
    database = Database(there["STIPT_DATABASE_URL"])
    with database.read("default") as books:
        rows = list(books.rows(sa.select(calls).where(calls.c.outside_hours == 0)))
    database.close()
    over = LookBack(datetime.fromisoformat("2026-11-23").date(), "Europe/Amsterdam")
    offered = [
        at
        for row in rows
        if row["ended"] != "abandoned_in_ivr"
        and (at := datetime.fromtimestamp(row["at"], AMSTERDAM)).date() in over.days
        and str(at.date()) != "2026-11-11"
    ]
    wednesdays = [at for at in offered if at.weekday() == 2]
    others = [at for at in offered if at.weekday() != 2]
    expected = len(others) / 8 + len(wednesdays) / 7
    assert found["phone"]["a_week"] == pytest.approx(expected)


@pytest.mark.usefixtures("there")
def test_the_text_says_what_one_fewer_does(capsys: pytest.CaptureFixture[str]):
    assert run(WORDS) == 0
    told = capsys.readouterr()

    assert told.out.startswith("From 2026-09-28 to 2026-11-22 (8 weeks, without 1 holiday)")
    assert "premium: 90.0 % within 1 min 00 s" in told.out
    assert "with one fewer" in told.out
    assert "Mail: " in told.out
    assert "too few callers gave up" in told.err or "give up after" in told.out


@pytest.mark.usefixtures("there")
def test_a_roster_is_compared_and_every_interval_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    roster, table = tmp_path / "roster.csv", tmp_path / "week.csv"
    roster.write_text(
        "work,days,from,until,agents\nphone,mon-fri,09:00,17:00,1\nmail,mon-fri,09:00,17:00,40\n",
        encoding="utf-8",
    )
    found = answered(capsys, "--roster", str(roster), "--csv", str(table))

    rows = list(csv.DictReader(StringIO(table.read_text(encoding="utf-8"))))
    phone = [row for row in rows if row["work"] == "phone"]
    assert len(phone) == 5 * 16
    assert {row["rostered"] for row in phone} == {"1"}
    assert sum(int(row["short"]) for row in phone) == sum(
        max(0, int(row["people"]) - 1) for row in phone
    )
    assert 0 < found["phone"]["answered_as_rostered"] <= 1
    assert all(one["in_time"] == 1 for one in found["mail_as_rostered"]["promises"])


@pytest.mark.usefixtures("there")
def test_every_interval_has_its_80th_percentile_and_the_dates_that_stand_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    table = tmp_path / "week.csv"
    found = answered(capsys, "--csv", str(table))["phone"]["intervals"]
    rows = list(csv.DictReader(StringIO(table.read_text(encoding="utf-8"))))
    written = [row for row in rows if row["work"] == "phone"]

    assert [str(one["p80"]) for one in found] == [row["p80"] for row in written]
    assert [" ".join(one["stood_out"]) for one in found] == [row["stood_out"] for row in written]
    assert any(one["p80"] > one["expected"] for one in found)


@pytest.mark.usefixtures("there")
def test_more_calls_need_more_people(capsys: pytest.CaptureFixture[str]):
    now, later = answered(capsys), answered(capsys, "--growth", "900%")

    assert later["phone"]["person_hours"] > 2 * now["phone"]["person_hours"]
    assert later["mail"]["people"] > now["mail"]["people"]


@pytest.mark.usefixtures("there")
def test_a_page_holds_everything_and_loads_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    page = tmp_path / "staffing.html"
    assert run([*WORDS, "--html", str(page), "--quiet"]) == 0
    text = page.read_text(encoding="utf-8")

    assert "People needed on phone" in text
    assert "Mail, and all that can wait" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text
    assert capsys.readouterr().out


@pytest.mark.usefixtures("there")
def test_weeks_that_are_not_known_are_told(capsys: pytest.CaptureFixture[str]):
    assert run([*WORDS, "--weeks", "20"]) == 0
    assert "weeks instead of 20 are known" in capsys.readouterr().err


def test_less_than_a_week_foretells_nothing(there: dict[str, str]):
    database = Database(there["STIPT_DATABASE_URL"])
    over = LookBack(datetime.fromisoformat("2026-09-26").date(), "Europe/Amsterdam")
    with pytest.raises(NothingCameIn, match="less than a week"):
        past_of_store(database, "default", over)
    database.close()


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hours", "nowhere"], "there is no calendar"),
        (["--interval", "20"], "intervals are 15, 30 or 60"),
        (["--abandoned", "5%"], "add --calls"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert run([*WORDS, *words]) == 64
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("there")
def test_a_roster_that_cannot_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    roster = tmp_path / "roster.csv"
    roster.write_text("work,days,from,until,agents\nfax,mon,09:00,17:00,1\n", encoding="utf-8")
    assert run([*WORDS, "--roster", str(roster)]) == 1
    assert "line 2: work is phone, chat or mail" in capsys.readouterr().err


def history_of(folder: Path, days: int) -> Path:
    """Ten mails each working day at nine, for so many days before 23 November 2026."""
    end = datetime.fromisoformat("2026-11-23T09:00:00+01:00")
    lines = [
        json.dumps(
            {
                "id": f"{back}-{n}",
                "created_at": (end - timedelta(days=back)).isoformat(),
                "channel": "email",
                "status": "open",
                "requester": {"id": "9", "role": "end_user"},
                "organization": {"id": "1", "name": "Acme", "fields": {"sla_tier": "premium"}},
                "happenings": [],
            }
        )
        for back in range(days, -1, -1)
        for n in range(10)
        if (end - timedelta(days=back)).weekday() < 5
    ]
    path = folder / "history.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_history_file_gives_mail_and_no_phone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
    words = ["staffing", "--history", str(history_of(tmp_path, 56)), "--mail-work", "1h"]
    assert run([*words, "--rules", str(tmp_path / "sla"), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)

    # Ten hours of work at nine, due at eleven: five people do it, four do eight of them.
    assert found["phone"] is None
    assert "phone calls are not recorded" in told.err
    assert found["mail"]["people"] == 5
    assert found["mail"]["promises"][0]["in_time_with_one_fewer"] == pytest.approx(0.8)
    monday, saturday = found["mail_days"][0], found["mail_days"][5]
    assert (monday["work_seconds"], monday["due"], monday["late"]) == (36_000, 10, 0)
    assert monday["capacity_seconds"] == 5 * 8 * 3600
    assert (saturday["work_seconds"], saturday["capacity_seconds"]) == (0, 0)


def test_a_calendar_that_depends_on_the_ticket_stands_for_its_default() -> None:
    starter = load_folder(Path(__file__).parents[2] / "worker" / "starter")
    assert calendar_of(starter, None).name == "office_nl"
