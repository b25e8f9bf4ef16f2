# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports by e-mail: when they are due, in whose language, each once, whatever happens between."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from rules.facts import Organization
from rules.load import load
from rules.statements import close, seal
from tests.notify.mail_server import MailServer
from tests.worker.memory_helpdesk import at
from worker.cli.main import run
from worker.reporting.language import ENGLISH
from worker.reporting.schedule import Subscription, occasions, subscriptions
from worker.store.report_mails import begin_mail, claim_mail
from worker.store.report_tables import report_mails
from worker.store.statements import keep_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from rules.policy import Policy
    from tests.worker.conftest import Site
    from worker.reporting.mailing import ReportMailer
    from worker.store.database import Database

RULES = """version: 1
settings: {time_zone: Europe/Amsterdam}
recipients:
  desk: {email: desk@acme.example, language: nl}
  lead: {email: lead@example.com, on_ambiguous: hold}
obligations:
  reply_95:
    of: first_reply
    tickets: everything
    at_least: 95%
    per: calendar_month
    excluding: []
    otherwise: {credit: [{below: 95%, share_of_fee: 5%}], cap: 5%}
tiers:
  everyone:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 4h, counted: always}
customers:
  acme:
    match: {organization.id: "1"}
    tier: everyone
    commitment: guarantee
    from: 2026-10-01
    obligations: [reply_95]
    fee: {amount: "2000.00", currency: EUR, per: month}
    reports:
      - {every: period, to: [desk]}
      - {every: week, to: [lead]}
"""
NOVEMBER, DECEMBER = "2026-11-30T23:00:00Z", "2026-12-02T23:00:00Z"
"""The end of November in Amsterdam, and two days later."""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture
def server() -> Iterator[MailServer]:
    running = MailServer()
    yield running
    running.close()


@pytest.fixture
def live_on(
    site_over: Callable[[Database], Site],
    kept_databases: Callable[[str], Database],
    server: MailServer,
) -> Callable[[str], Site]:
    """A worker of 20 November that knows a ticket of Acme that was never answered."""
    return lambda kind: lived(site_over(kept_databases(kind)), server)


@pytest.fixture
def live(live_on: Callable[[str], Site]) -> Site:
    """Such a worker on SQLite."""
    return live_on("sqlite")


def lived(site: Site, server: MailServer) -> Site:
    url = SecretStr(f"mailto://127.0.0.1:{server.port}?from=sla@example.com&name=Stipt")
    changes = {"mail_url": url, "allow_networks": ("127.0.0.0/8",)}
    site.settings = site.settings.model_copy(update=changes)
    go_to(site, "2026-11-20T08:00:00Z")
    acme = Organization(id="1", name="Acme")
    site.helpdesk.add("4711", organization=acme, created_by="end_user", created_public=True)
    site.once()
    return site


def go_to(site: Site, when: str) -> None:
    site.clock.move(at(when) - site.clock.now())


def mailer(site: Site) -> ReportMailer:
    installation = site.installation or site.start()
    return installation.accounts[0].report_mailer


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def of_month(server: MailServer) -> list[EmailMessage]:
    """What went to the customer, as opposed to the weekly report."""
    return [mail for to, mail in server.mails if to == ["desk@acme.example"]]


def test_a_report_goes_out_two_days_after_its_period_and_once(live: Site, server: MailServer):
    go_to(live, "2026-12-02T22:59:00Z")
    live.once()
    assert of_month(server) == []

    go_to(live, DECEMBER)
    for _ in range(3):
        live.once()
    [mail] = of_month(server)
    assert mail["Subject"] == "Rapport acme-2026-11"
    assert "eerste antwoord, ten minste 95%" in body(mail)
    assert "tegoeden: EUR 100,00" in body(mail)
    assert "nog niet afgesloten" in body(mail)
    assert "te laat." not in body(mail)
    names = {part.get_filename() for part in mail.iter_attachments()}
    assert "acme-2026-11.html" in names


def test_a_report_says_that_it_is_late_after_a_stop(live: Site, server: MailServer):
    go_to(live, "2026-12-05T23:00:00Z")
    live.once()

    [mail] = of_month(server)
    assert "Dit rapport is 72 u 00 min te laat." in body(mail)


def test_a_report_waits_until_the_helpdesk_was_read_to_the_end_of_its_period(
    live: Site, server: MailServer
):
    go_to(live, DECEMBER)
    assert mailer(live).send_due() == 0

    live.once()
    live.wait(minutes=5)
    assert mailer(live).send_due() == 2
    assert len(of_month(server)) == 1


def test_the_weeks_report_is_of_the_running_period(live: Site, server: MailServer):
    go_to(live, "2026-11-22T23:00:00Z")
    live.once()

    [(to, mail)] = server.mails
    assert to == ["lead@example.com"]
    assert mail["Subject"] == "Report acme-2026-11, so far"
    assert "The period is not over" in body(mail)


def test_of_the_weeks_that_were_missed_only_the_last_is_told(live: Site, server: MailServer):
    go_to(live, "2026-12-17T08:00:00Z")
    live.once()

    weekly = [mail["Subject"] for to, mail in server.mails if to == ["lead@example.com"]]
    assert weekly == ["Report acme-2026-12, so far"]


def test_every_period_that_was_missed_is_told(live: Site, server: MailServer):
    go_to(live, "2027-02-10T08:00:00Z")
    live.once()

    assert [mail["Subject"] for mail in of_month(server)] == [
        "Rapport acme-2026-11",
        "Rapport acme-2026-12",
        "Rapport acme-2027-01",
    ]


def test_what_came_due_before_the_report_was_ordered_is_not_sent(
    live: Site, server: MailServer, rules: Path
):
    mailer(live)
    text = (rules / "sla.yaml").read_text(encoding="utf-8")
    (rules / "sla.yaml").write_text(text.replace("to: [desk]", "to: [lead]"), encoding="utf-8")
    go_to(live, "2026-12-10T08:00:00Z")
    live.start()
    live.once()
    (rules / "sla.yaml").write_text(text, encoding="utf-8")
    live.start()
    live.once()

    assert of_month(server) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_workers_send_a_report_once(
    kind: str, live_on: Callable[[str], Site], server: MailServer
):
    site = live_on(kind)
    go_to(site, DECEMBER)
    poller = site.start().accounts[0].poller
    poller.poll()
    together = [threading.Thread(target=mailer(site).send_due) for _ in range(4)]
    for one in together:
        one.start()
    for one in together:
        one.join()

    keys = [mail["Message-ID"] for _, mail in server.mails]
    assert len(keys) == len(set(keys)) == 2


@pytest.mark.parametrize("is_begun", [False, True], ids=["claimed", "handing it over"])
def test_a_report_whose_worker_was_killed_goes_out_by_another(
    live: Site, server: MailServer, *, is_begun: bool
):
    go_to(live, DECEMBER)
    live.start().accounts[0].poller.poll()
    mailer(live)._find_due(subscribed())
    with live.database.write("default") as books:
        while mail := claim_mail(books, live.clock.now(), 300):
            assert not is_begun or begin_mail(books, mail)
    assert mailer(live).send_due() == 0

    live.database.lease_skew = 1000
    mailer(live).send_due()
    [mail] = of_month(server)
    assert ("een herhaling" in body(mail)) == is_begun


def test_a_report_that_may_have_arrived_says_so_and_is_recognised(live: Site, server: MailServer):
    server.trouble = "cut"
    go_to(live, DECEMBER)
    live.once()
    server.trouble = ""
    live.wait(minutes=2)
    live.once()

    first, second = of_month(server)
    assert first["Message-ID"] == second["Message-ID"]
    assert "Dit kan een herhaling van een eerdere mail zijn." in body(second)


def test_a_report_that_may_have_arrived_is_held_where_the_rules_say_so(
    live: Site, server: MailServer
):
    go_to(live, "2026-11-22T23:00:00Z")
    server.trouble = "cut"
    live.once()
    server.trouble = ""
    for _ in range(3):
        live.wait(hours=1)
        live.once()

    assert len(server.mails) == 1
    assert states(live) == {"lead": "dead"}


def test_a_mail_server_that_is_busy_is_asked_again(live: Site, server: MailServer):
    server.answers["DATA"] = "451 later"
    go_to(live, DECEMBER)
    live.once()
    assert states(live)["desk"] == "ready"

    server.answers.clear()
    live.wait(minutes=2)
    live.once()
    assert len(of_month(server)) == 1


def test_an_address_that_is_refused_is_given_up(live: Site, server: MailServer):
    server.answers["RCPT desk@acme.example"] = "550 nobody"
    go_to(live, DECEMBER)
    live.once()

    assert states(live)["desk"] == "dead"


def test_nothing_goes_out_while_changes_are_only_recorded(live: Site, server: MailServer):
    live.start(write="off")
    go_to(live, DECEMBER)
    live.once()

    assert server.mails == []


def test_a_closed_statement_is_sent_as_it_was_closed(live: Site, server: MailServer):
    go_to(live, "2026-12-02T22:00:00Z")
    live.once()
    account = live.installation
    assert account is not None
    policy = account.accounts[0].policies.policy
    sheet = mailer(live)._reports.sheet("acme", "2026-11", policy, ENGLISH)
    sealed = seal(close(sheet.statement, at(DECEMBER)))
    with live.database.write("default") as books:
        kept = keep_statement(books, sealed)
    go_to(live, DECEMBER)
    live.once()

    [mail] = of_month(server)
    assert "afgesloten en verandert niet meer" in body(mail)
    assert f"sha256: {kept.sha256}" in body(mail)


@pytest.fixture
def by_hand(live: Site, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The worker's store as commands find it, in December, with what was due sent by nobody."""
    go_to(live, "2026-12-02T22:00:00Z")
    live.once()
    monkeypatch.setenv("STIPT_STATE_DIR", str(live.settings.state_dir))
    url = live.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("STIPT_DATABASE_URL", url)
    monkeypatch.setenv("STIPT_RULES_PATH", str(live.rules))
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    monkeypatch.setenv("STIPT_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("STIPT_MAIL_URL", f"mailto://127.0.0.1:{server.port}?from=sla@example.com")
    server.mails.clear()
    return live


SEND = ["report", "send", "acme", "--period", "2026-11"]


@pytest.mark.usefixtures("by_hand")
def test_a_dry_run_says_what_would_go_to_whom_and_sends_nothing(
    server: MailServer, capsys: pytest.CaptureFixture[str]
):
    assert run([*SEND, "--dry-run"]) == 0

    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("desk (nl): Rapport acme-2026-11; ")
    assert told[1].startswith("lead (en): Report acme-2026-11; ")
    assert "acme-2026-11.html (" in told[0]
    assert server.mails == []


def test_what_was_sent_by_hand_is_not_sent_by_the_schedule(by_hand: Site, server: MailServer):
    assert run([*SEND, "--to", "desk", "--yes"]) == 0
    go_to(by_hand, DECEMBER)
    by_hand.once()

    [mail] = of_month(server)
    assert mail["Subject"] == "Rapport acme-2026-11"


@pytest.mark.usefixtures("by_hand")
def test_nothing_is_sent_without_an_answer(server: MailServer):
    assert run(SEND) == 1
    assert server.mails == []


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "nobody"], 'no recipient "nobody"; the rules have: desk, lead'),
        (["--period", "2026-Q4"], "is no period of acme"),
    ],
)
def test_whom_and_what_it_is_about_must_be_known(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert run([*SEND, *words, "--yes"]) == 1
    assert said in capsys.readouterr().err


def states(site: Site) -> dict[str, str]:
    with site.database.read("default") as books:
        rows = books.tx.execute(sa.select(report_mails).where(report_mails.c.state != "stands"))
        return {row.recipient: row.state for row in rows}


def subscribed() -> Policy:
    policy, problems = load({"sla.yaml": RULES.encode()})
    assert policy is not None, problems
    return policy


def test_each_recipient_of_each_order_is_told():
    assert subscriptions(subscribed()) == [
        Subscription("acme", "period", "desk"),
        Subscription("acme", "week", "lead"),
    ]


@pytest.mark.parametrize(
    ("since", "now", "due"),
    [
        pytest.param("2026-11-20T08:00:00Z", "2026-12-02T22:59:59Z", [], id="before it is due"),
        pytest.param("2026-11-20T08:00:00Z", DECEMBER, ["2026-11"], id="at the second"),
        pytest.param(DECEMBER, "2026-12-20T08:00:00Z", [], id="ordered when it was due"),
        pytest.param(
            "2026-10-02T08:00:00Z", DECEMBER, ["2026-10", "2026-11"], id="two were missed"
        ),
        pytest.param(
            "2025-01-01T00:00:00Z", "2026-11-20T08:00:00Z", ["2026-10"], id="before the contract"
        ),
    ],
)
def test_a_periods_report_is_due_when_its_days_of_grace_are_over(
    since: str, now: str, due: list[str]
):
    order = Subscription("acme", "period", "desk")
    found = occasions(order, subscribed(), at(since), at(now))

    assert [one.label for one in found] == due
    assert all(one.due_at == one.ended_at + timedelta(days=2) for one in found)


def test_a_weeks_report_is_due_on_monday_at_midnight_of_the_contract():
    order = Subscription("acme", "week", "lead")
    since = at("2026-10-19T08:00:00Z")
    [found] = occasions(order, subscribed(), since, at("2026-10-25T23:00:00Z"))

    assert (found.of, found.label) == ("2026-W43", "2026-10")
    assert found.due_at == at("2026-10-25T23:00:00Z")  # the clocks went back that night
    assert occasions(order, subscribed(), since, at("2026-10-25T22:59:59Z")) == []
