# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail, handed to a real mail server on loopback."""

from collections.abc import Iterator

import pytest

from connector.base import Unavailable
from rules.policy import Recipient
from tests.notify.builders import HERE, SmallHelpdesk, a_message, a_messenger, a_policy
from tests.notify.mail_server import MailServer
from worker.notify import mail
from worker.outbox import SendResult

LEAD = Recipient("team_lead", HERE, email="support-lead@example.com", language="nl")
POLICY = a_policy(
    team_lead=LEAD,
    assignee=Recipient("assignee", HERE, ticket="assignee"),
    group=Recipient("group", HERE, ticket="group"),
    by_mailto=Recipient("by_mailto", HERE, url_name="MAIL_ADDRESS"),
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    running = MailServer()
    yield running
    running.close()


def send(
    server: MailServer,
    recipient: str = "team_lead",
    *,
    helpdesk: SmallHelpdesk | None = None,
    url: str = "mailto://127.0.0.1:{port}?from=sla@example.com&name=Stipt",
    **changes: object,
) -> SendResult:
    messenger = a_messenger(POLICY, helpdesk=helpdesk, mail_url=url.format(port=server.port))
    return messenger.send(a_message(recipient=recipient, **changes))


def test_a_mail_reaches_the_address_of_the_rule_file_in_its_language(server: MailServer):
    assert send(server) == SendResult("sent")
    [(to, received)] = server.mails
    assert to == ["support-lead@example.com"]
    assert received["Subject"] == "Ticket 4711, acme: eerste antwoord moet binnen 1u"
    assert received["From"] == "Stipt <sla@example.com>"
    assert received["Auto-Submitted"] == "auto-generated"
    plain, page = received.get_body(("plain",)), received.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "Open het ticket: https://acme.zendesk.com/agent/tickets/4711" in plain.get_content()
    link = '<a href="https://acme.zendesk.com/agent/tickets/4711">Open het ticket</a>'
    assert link in page.get_content()


def test_every_try_has_the_same_message_id_and_every_message_another(server: MailServer):
    send(server)
    send(server, attempt=2, may_be_repeat=True)
    send(server, cycle=2)
    first, repeat, other = (received["Message-ID"] for _, received in server.mails)
    assert first == repeat
    assert first != other
    assert first.endswith("@example.com>")


def test_a_hostile_customer_name_starts_no_header(server: MailServer):
    send(server, customer="x\r\nBcc: victim@example.org\r\n\r\nbody", tier="<b>tier</b>")
    [(to, received)] = server.mails
    assert to == ["support-lead@example.com"]
    assert received["Bcc"] is None
    assert "\n" not in received["Subject"]
    plain, page = received.get_body(("plain",)), received.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert len(plain.get_content().splitlines()) < 10
    assert "<b>" not in page.get_content()


def test_the_assignee_is_found_through_the_helpdesk(server: MailServer):
    helpdesk = SmallHelpdesk()
    helpdesk.people["assignee", "88"] = ("anna@example.com",)
    assert send(server, "assignee", helpdesk=helpdesk).outcome == "sent"
    assert server.mails[0][0] == ["anna@example.com"]


def test_a_group_gets_one_mail_for_all_its_members(server: MailServer):
    helpdesk = SmallHelpdesk()
    helpdesk.people["group", "77"] = ("anna@example.com", "bob@example.com")
    assert send(server, "group", helpdesk=helpdesk).outcome == "sent"
    [(to, _)] = server.mails
    assert to == ["anna@example.com", "bob@example.com"]


def test_one_refused_member_does_not_repeat_the_mail_to_the_others(server: MailServer):
    helpdesk = SmallHelpdesk()
    helpdesk.people["group", "77"] = ("anna@example.com", "gone@example.com")
    server.answers["RCPT gone@example.com"] = "550 no such user"
    assert send(server, "group", helpdesk=helpdesk).outcome == "sent"
    assert [to for to, _ in server.mails] == [["anna@example.com"]]


@pytest.mark.parametrize(("recipient", "field"), [("assignee", "assignee"), ("group", "group")])
def test_a_ticket_without_the_person_has_nobody_to_tell(
    server: MailServer, recipient: str, field: str
):
    result = send(server, recipient, **{field: None})
    assert (result.outcome, result.detail) == ("nobody", f"the ticket has no {field}")


def test_a_person_without_an_address_has_nobody_to_tell(server: MailServer):
    assert send(server, "assignee") == SendResult("nobody", "nobody there has an address")


def test_a_helpdesk_that_is_away_is_for_the_outbox_to_judge(server: MailServer):
    class Away(SmallHelpdesk):
        def address_of(self, kind: str, ident: str) -> tuple[str, ...]:
            raise Unavailable(f"{kind} {ident}")

    with pytest.raises(Unavailable):
        send(server, "assignee", helpdesk=Away())


def test_a_mailto_address_names_its_own_server_and_people(server: MailServer):
    environment = {
        "MAIL_ADDRESS": f"mailto://127.0.0.1:{server.port}?to=x@example.com&from=s@example.com"
    }
    messenger = a_messenger(POLICY, environment)
    assert messenger.send(a_message(recipient="by_mailto")).outcome == "sent"
    assert server.mails[0][0] == ["x@example.com"]


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        ("RCPT", "550 no such user", "permanent"),
        ("RCPT", "451 greylisted", "temporary"),
        ("DATA", "554 looks like spam", "permanent"),
        ("DATA", "452 disk full", "temporary"),
    ],
)
def test_the_mail_servers_answer_says_whether_to_try_again(
    server: MailServer, command: str, answer: str, outcome: str
):
    server.answers[command] = answer
    result = send(server)
    assert result.outcome == outcome
    assert "example.com" not in result.detail


def test_a_connection_cut_while_handing_over_is_ambiguous(server: MailServer):
    server.trouble = "cut"
    assert send(server).outcome == "ambiguous"
    assert len(server.mails) == 1


def test_a_server_that_never_answers_is_given_up(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mail, "TOTAL_TIMEOUT_S", 0.3)
    monkeypatch.setattr(mail, "SOCKET_TIMEOUT_S", 1.0)
    server.trouble = "slow"
    assert send(server).outcome == "ambiguous"


def test_no_mail_server_at_all_may_be_one_later(server: MailServer):
    server.close()
    assert send(server).outcome == "temporary"


def test_a_wrong_password_may_be_right_later():
    guarded = MailServer(password="right")
    address = f"mailto://stipt:WORD@127.0.0.1:{guarded.port}?from=sla@example.com"
    try:
        for word, outcome in (("wrong", "setting"), ("right", "sent")):
            result = send(guarded, url=address.replace("WORD", word))
            assert result.outcome == outcome
            assert word not in result.detail
    finally:
        guarded.close()


def test_a_server_without_encryption_is_not_used_where_it_is_demanded(server: MailServer):
    url = "mailtos://127.0.0.1:{port}?from=sla@example.com&mode=starttls"
    assert send(server, url=url).outcome in ("temporary", "setting")
    assert server.mails == []


def test_mail_to_a_public_server_must_be_encrypted():
    messenger = a_messenger(
        POLICY,
        mail_url="mailto://stipt:word@mail.example.com",
        resolve=lambda _host: ("93.184.216.34",),
    )
    result = messenger.send(a_message(recipient="team_lead"))
    assert (result.outcome, result.detail) == (
        "setting",
        "the connection to a public host must be encrypted",
    )


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "json://127.0.0.1",
        "smtp://127.0.0.1",
        "mailto://",
        "mailto://127.0.0.1?pgp=/etc/hostname",
        "mailtos://stipt:word@10.0.0.5",
        "mailtos://stipt:word@127.0.0.1?verify=no",
        "mailtos://stipt:word@mail.example.com?smtp=169.254.169.254",
    ],
)
def test_an_unusable_mail_server_is_refused_without_naming_it(url: str | None):
    messenger = a_messenger(POLICY, mail_url=url, resolve=lambda _host: ("93.184.216.34",))
    result = messenger.send(a_message(recipient="team_lead"))
    assert result.outcome == "setting"
    assert "word" not in result.detail


@pytest.mark.parametrize(
    "address", ["", "a", "a@b@c", "a b@example.com", "a@example.com,b@example.com", "ü@example.com"]
)
def test_an_address_that_is_none_is_refused(server: MailServer, address: str):
    helpdesk = SmallHelpdesk()
    helpdesk.people["assignee", "88"] = (address,)
    assert send(server, "assignee", helpdesk=helpdesk).outcome == "permanent"
    assert server.mails == []
