# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt messages` and `stipt notify`: what operators see and set right."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
import sqlalchemy as sa

from tests.notify.mail_server import MailServer
from tests.worker.conftest import Site
from worker.cli import messages
from worker.cli.main import run
from worker.outbox import Manner, SendResult
from worker.store.accounts import standing_notices
from worker.store.tables import outbox


@pytest.fixture
def store(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose store the commands open: three messages to the lead wait."""
    for name, value in {
        "STIPT_DATABASE_URL": site.database.url.render_as_string(hide_password=False),
        "STIPT_RULES_PATH": str(site.rules),
        "STIPT_STATE_DIR": str(site.settings.state_dir),
        "ZENDESK_SUBDOMAIN": "acme",
        "ZENDESK_OAUTH_TOKEN": "none",
        "XDG_CONFIG_HOME": str(site.settings.state_dir / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(messages, "present", lambda _settings: site.clock.now())
    site.mailbox.manners["team_lead"] = Manner(per_minute=60, holds_doubtful=True)
    for ident in ("1", "2", "3"):
        site.helpdesk.add(ident)
    site.once()
    site.wait(hours=2)
    work = site.installation.accounts[0]
    work.reconciler.reconcile(work.reconciler.claim())
    return site


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def send(site: Site) -> None:
    site.installation.accounts[0].outbox.send_due()


def given_up(site: Site, *results: SendResult) -> None:
    site.mailbox.answers = list(results)
    send(site)


def found(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, object]:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def states(site: Site) -> list[str]:
    with site.database.read("default") as books:
        rows = books.tx.execute(sa.select(outbox.c.state).order_by(outbox.c.id))
        return [row[0] for row in rows]


def ids(site: Site) -> list[int]:
    with site.database.read("default") as books:
        return list(books.tx.execute(sa.select(outbox.c.id).order_by(outbox.c.id)).scalars())


BAD = SendResult("permanent", "the mail server answered 550")


def test_the_list_tells_what_waits_and_what_was_given_up_with_the_reason(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up(store, BAD, SendResult("temporary", "down"))
    assert run(["messages", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "ready" in lines[0]
    assert "#2 first_reply 50%  to team_lead" in lines[0]
    assert "1 try  down" in lines[0]
    assert "dead" in lines[1]
    assert lines[1].endswith("the mail server answered 550")


def test_the_list_as_json_has_stable_keys(store: Site, capsys: pytest.CaptureFixture[str]) -> None:
    given_up(store, BAD)
    answer = found(capsys, "messages", "list", "--state", "dead")
    assert answer["total"] == 1
    [letter] = answer["messages"]  # type: ignore[misc] - a list
    assert letter == {
        "id": ids(store)[0],
        "state": "dead",
        "ticket_id": "1",
        "measure": "first_reply",
        "cycle": 1,
        "steps": ["50%"],
        "recipient": "team_lead",
        "at": "2026-11-24T11:00:00Z",
        "due": "2026-11-24T11:00:00Z",
        "attempts": 1,
        "may_have_arrived": False,
        "reason": "the mail server answered 550",
        "ended_at": "2026-11-24T11:00:00Z",
    }


def test_the_list_can_be_narrowed_and_says_what_it_leaves_out(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert states(store) == ["ready"] * 3
    assert found(capsys, "messages", "list", "--ticket", "2")["total"] == 1
    assert found(capsys, "messages", "list", "--recipient", "nobody")["total"] == 0
    assert found(capsys, "messages", "list", "--state", "all")["total"] == 3
    capsys.readouterr()
    assert run(["messages", "list", "--limit", "1"]) == 0
    assert "2 more; --limit shows them" in capsys.readouterr().err
    assert run(["messages", "list", "--state", "sent"]) == 0
    assert run(["messages", "list", "--state", "gone"]) == 64


def test_what_was_given_up_is_sent_after_all_and_the_notice_ends(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up(store, BAD, BAD, BAD)
    assert states(store) == ["dead"] * 3
    assert run(["messages", "retry", "--recipient", "team_lead", "--yes"]) == 0
    assert capsys.readouterr().out == "3 messages are sent\n"
    with store.database.read("default") as books:
        assert "messages_dead" not in standing_notices(books)
    send(store)
    assert states(store) == ["sent"] * 3


def test_a_setting_that_was_missing_is_mended_and_retry_sends(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up(store, *[SendResult("setting", "no mail server is set (STIPT_MAIL_URL)")] * 3)
    number = ids(store)[0]
    assert found(capsys, "messages", "retry", str(number)) == {
        "messages": [number],
        "not_found": [],
    }
    send(store)
    assert states(store) == ["sent", "ready", "ready"]


def test_a_message_that_was_held_goes_out_when_an_operator_says_so(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up(store, SendResult("ambiguous", "cut"))
    number = ids(store)[0]
    assert found(capsys, "messages", "list", "--state", "dead")["messages"][0][  # type: ignore[index] - a list
        "may_have_arrived"
    ]
    assert run(["messages", "retry", str(number)]) == 0
    store.mailbox.sent.clear()
    send(store)
    again = next(one for one in store.mailbox.sent if one.id == number)
    assert again.may_be_repeat
    assert states(store)[0] == "sent"


def test_what_nobody_wants_any_more_is_dropped(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up(store, BAD)
    assert run(["messages", "drop", "--all", "--yes"]) == 0
    assert capsys.readouterr().out == "1 message is dropped\n"
    assert states(store) == ["dropped", "sent", "sent"]


def test_what_was_sent_is_left_alone(store: Site, capsys: pytest.CaptureFixture[str]) -> None:
    send(store)
    number = ids(store)[0]
    assert run(["messages", "retry", str(number)]) == 1
    assert f"left alone: {number}" in capsys.readouterr().err
    assert run(["messages", "drop", str(number), "999"]) == 1
    assert states(store) == ["sent"] * 3


def test_without_numbers_somebody_has_to_say_which(store: Site) -> None:
    assert run(["messages", "retry"]) == 64
    assert run(["messages", "drop"]) == 64
    assert states(store) == ["ready"] * 3


def test_all_at_once_is_asked_first(
    store: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    given_up(store, BAD)
    assert run(["messages", "drop", "--all"]) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert states(store)[0] == "dead"


def test_a_preview_shows_a_steps_message_at_its_moment(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["messages", "preview", "1", "--step", "1h before"]) == 0
    out = capsys.readouterr().out
    assert "--- first_reply 1h before to team_lead, 2026-11-24T12:00:00Z" in out
    assert "Ticket 1, tier premium: first reply due in 1h" in out
    assert "Open the ticket: https://acme.zendesk.com/agent/tickets/1" in out
    assert "to note, " in out
    assert store.mailbox.sent == []
    answer = found(capsys, "messages", "preview", "1", "--recipient", "note", "--step", "1h before")
    [one] = answer["messages"]  # type: ignore[misc] - a list
    assert set(one) >= {"subject", "plain", "markdown", "html", "at", "step", "recipient"}


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("markdown", "[Open the ticket](<https://acme.zendesk.com/agent/tickets/1>)"),
        ("html", '<a href="https://acme.zendesk.com/agent/tickets/1">Open the ticket</a>'),
    ],
)
def test_a_preview_shows_each_form(
    store: Site, capsys: pytest.CaptureFixture[str], form: str, shown: str
) -> None:
    assert run(["messages", "preview", "1", "--form", form]) == 0
    assert shown in capsys.readouterr().out
    assert store.mailbox.sent == []


def test_a_preview_needs_a_ticket_of_the_store(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["messages", "preview", "99"]) == 1
    assert "ticket 99 is not in the store" in capsys.readouterr().err
    assert run(["messages", "preview", "1", "--step", "3%"]) == 0
    assert "tells anybody" in capsys.readouterr().err
    assert states(store) == ["ready"] * 3


def test_a_test_message_really_arrives(
    store: Site,
    mail_server: MailServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "STIPT_MAIL_URL", f"mailto://127.0.0.1:{mail_server.port}?from=s@example.com"
    )
    monkeypatch.setenv("STIPT_ALLOW_NETWORKS", "127.0.0.0/8")
    assert run(["notify", "--test", "team_lead"]) == 0
    assert capsys.readouterr().out == "team_lead: the message was handed over\n"
    [(to, received)] = mail_server.mails
    assert to == ["lead@example.com"]
    assert received["Subject"] == "Test message from Stipt"
    assert states(store) == ["ready"] * 3
    answer = found(capsys, "notify", "--test", "team_lead")
    assert answer == {"recipient": "team_lead", "outcome": "sent", "reason": None}
    first, second = (mail["Message-ID"] for _, mail in mail_server.mails)
    assert first != second


def test_a_test_message_that_does_not_arrive_says_why(
    store: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["notify", "--test", "team_lead"]) == 1
    assert "STIPT_MAIL_URL" in capsys.readouterr().err
    monkeypatch.setenv("STIPT_MAIL_URL", "mailto://127.0.0.1:9?from=s@example.com")
    monkeypatch.setenv("STIPT_ALLOW_NETWORKS", "127.0.0.0/8")
    assert run(["notify", "--test", "team_lead"]) == 4
    assert run(["notify", "--test", "nobody"]) == 1
    assert "known are: team_lead" in capsys.readouterr().err
    assert states(store) == ["ready"] * 3


def test_a_recipient_of_a_ticket_needs_one(store: Site, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        (store.rules / "sla.yaml").read_text().replace("email: lead@example.com", "ticket: group")
    )
    (store.rules / "sla.yaml").write_text(text)
    assert run(["notify", "--test", "team_lead"]) == 1
    assert "--ticket" in capsys.readouterr().err
    assert run(["notify", "--test", "team_lead", "--ticket", "99"]) == 1
    assert run(["notify", "--test", "team_lead", "--ticket", "1"]) == 1
    assert "the ticket has no group" in capsys.readouterr().err
