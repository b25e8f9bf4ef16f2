# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipients with an address: what is sent, what is refused, what a failure means."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from apprise.plugins import N_MGR, opsgenie, pagerduty

from tests.notify.builders import NOW, a_message, a_messenger, a_policy, by_url
from tests.notify.receiver import Receiver
from worker.notify import apprise_url
from worker.notify.services import SERVICES, SIGNED_WEBHOOK
from worker.outbox import SendResult

POLICY = a_policy(on_call=by_url())


def send(url: str, **delivery: object) -> SendResult:
    return a_messenger(POLICY, {"ON_CALL_URL": url}, **delivery).send(a_message())


def webhook(receiver: Receiver, rest: str = "/hook") -> str:
    return f"json://127.0.0.1:{receiver.port}{rest}"


def test_a_message_reaches_a_webhook_with_its_key(receiver: Receiver):
    result = send(webhook(receiver, "/hook?+X-Team=support&:source=stipt"))
    assert result == SendResult("sent")
    [(path, headers, _)] = receiver.requests
    [body] = receiver.bodies
    assert path == "/hook"
    assert body["title"] == "Ticket 4711, acme: first reply due in 1h"
    assert "https://acme.zendesk.com/agent/tickets/4711" in body["message"]
    assert body["source"] == "stipt"
    assert headers["X-Team"] == "support"
    assert headers["Idempotency-Key"] == headers["webhook-id"] == a_message().key


def test_a_try_that_repeats_carries_the_same_key(receiver: Receiver):
    messenger = a_messenger(POLICY, {"ON_CALL_URL": webhook(receiver)})
    messenger.send(a_message())
    messenger.send(a_message(attempt=2, may_be_repeat=True))
    first, second = (headers["Idempotency-Key"] for _, headers, _ in receiver.requests)
    assert first == second
    assert "may be a repeat" in receiver.bodies[1]["message"]


def test_the_address_is_read_at_each_send(receiver: Receiver):
    environment: dict[str, str] = {}
    messenger = a_messenger(POLICY, environment)
    result = messenger.send(a_message())
    assert (result.outcome, result.detail) == (
        "setting",
        "the environment variable ON_CALL_URL is not set",
    )
    environment["ON_CALL_URL"] = webhook(receiver)
    assert messenger.send(a_message()).outcome == "sent"


def test_the_address_may_lie_in_a_file(receiver: Receiver, tmp_path: Path):
    file = tmp_path / "url"
    file.write_text(webhook(receiver) + "\n")
    environment = {"ON_CALL_URL_FILE": str(file)}
    assert a_messenger(POLICY, environment).send(a_message()).outcome == "sent"
    both = environment | {"ON_CALL_URL": webhook(receiver)}
    assert "both" in a_messenger(POLICY, both).send(a_message()).detail
    missing = {"ON_CALL_URL_FILE": str(tmp_path / "none")}
    assert "not readable" in a_messenger(POLICY, missing).send(a_message()).detail


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "sent"),
        (204, "sent"),
        (302, "setting"),
        (400, "permanent"),
        (401, "setting"),
        (404, "setting"),
        (408, "ambiguous"),
        (410, "setting"),
        (429, "temporary"),
        (500, "ambiguous"),
        (502, "ambiguous"),
        (503, "temporary"),
        (504, "ambiguous"),
    ],
)
def test_the_status_says_whether_to_try_again(receiver: Receiver, status: int, outcome: str):
    receiver.status = status
    receiver.reply = b""
    assert send(webhook(receiver)).outcome == outcome
    assert len(receiver.requests) == 1


def test_a_redirect_is_not_followed(receiver: Receiver):
    receiver.status, receiver.location = 302, f"{receiver.base}/inner"
    assert send(webhook(receiver)).outcome == "setting"
    assert [path for path, _, _ in receiver.requests] == ["/hook"]


def test_nobody_listening_means_it_certainly_did_not_arrive(receiver: Receiver):
    port = receiver.port
    receiver.close()
    result = send(f"json://127.0.0.1:{port}/hook")
    assert (result.outcome, result.detail) == ("temporary", "no connection to the service")


@pytest.mark.parametrize("trouble", ["reset", "hang", "drip"])
def test_a_connection_that_breaks_after_the_request_is_ambiguous(
    receiver: Receiver, trouble: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(apprise_url, "READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr(apprise_url, "TOTAL_TIMEOUT_S", 0.8)
    receiver.trouble = trouble
    assert send(webhook(receiver)).outcome == "ambiguous"


@pytest.mark.parametrize(
    "url",
    [
        "syslog://",
        "dbus://",
        "windows://",
        "macosx://",
        "file:///etc/hostname",
        "form://127.0.0.1/x",
        "xml://127.0.0.1/x",
        "apprise://127.0.0.1/token",
        "mqtt://127.0.0.1",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "matrixs://user:word@matrix.example.com/#room",
        "json//127.0.0.1",
        "",
        "   ",
    ],
)
def test_a_scheme_that_is_not_on_the_list_is_refused(url: str):
    result = send(url)
    assert result.outcome == "setting"
    assert "TIiajkdn" not in result.detail


@pytest.mark.parametrize(
    "argument",
    [
        "verify=no",
        "VERIFY=no",
        "verify=yes",
        "attach=/etc/hostname",
        "redirect=yes",
        "retry=3",
        "cto=1000",
        "rto=1000",
        "optional=yes",
        "overflow=split",
        "template=/etc/hostname",
        "tz=UTC",
        "a;verify=no",
    ],
)
def test_an_argument_that_is_not_on_the_list_is_refused(receiver: Receiver, argument: str):
    result = send(webhook(receiver, f"/hook?{argument}"))
    assert result.outcome == "setting"
    assert "is not allowed in an address of webhook" in result.detail
    assert "/etc/hostname" not in result.detail
    assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "jsons://169.254.169.254/latest/meta-data",
        "json://10.0.0.1/",
        "json://localhost/",
        "jsons://0x7f.1/",
        "jsons://2130706433/",
        "jsons://[::ffff:127.0.0.1]/",
        "workflows://127.1:443/643e69ef/jfhsad",
    ],
)
def test_a_private_target_is_refused(url: str):
    assert send(url, allow_networks=()).outcome == "setting"


def test_a_listed_host_that_resolves_inside_is_refused():
    result = send(
        "jsons://hook.example.com/x",
        allow_hosts=("hook.example.com",),
        resolve=lambda _host: ("10.0.0.1",),
    )
    assert "STIPT_ALLOW_NETWORKS" in result.detail


def test_several_targets_in_one_address_are_refused():
    result = send("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#a/#b", resolve=public)
    assert "several targets" in result.detail


def public(_host: str) -> tuple[str, ...]:
    return ("93.184.216.34",)


def test_the_address_and_the_message_stay_out_of_the_logs(
    receiver: Receiver, captured_logs: StringIO, capfd: pytest.CaptureFixture[str]
):
    receiver.status = 500
    receiver.reply = b"answer of the other side"
    send(webhook(receiver, "/secret-token-in-path"))
    receiver.close()
    send(webhook(receiver, "/secret-token-in-path"))
    seen = captured_logs.getvalue() + "".join(capfd.readouterr())
    for word in ("secret-token-in-path", "acme", "4711", "answer of the other side"):
        assert word not in seen


def test_every_scheme_is_one_that_apprise_knows():
    own = {scheme for scheme, service in SERVICES.items() if service is SIGNED_WEBHOOK}
    assert {scheme for scheme in SERVICES if scheme not in N_MGR} == own


def test_a_key_that_fits_no_header_goes_as_its_digest(receiver: Receiver):
    messenger = a_messenger(a_policy(東京=by_url()), {"ON_CALL_URL": webhook(receiver)})
    assert messenger.send(a_message(recipient="東京")).outcome == "sent"
    [(_, headers, _)] = receiver.requests
    assert len(headers["Idempotency-Key"]) == 64


@pytest.mark.parametrize("hours", [1, -1], ids=["before the due", "after the due"])
def test_opsgenie_opens_an_alert_named_by_the_key(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, hours: int
):
    receiver.status, receiver.reply = 202, b'{"requestId": "1"}'
    monkeypatch.setitem(opsgenie.OPSGENIE_API_LOOKUP, "us", receiver.base)
    environment = {"ON_CALL_URL": "opsgenie://aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}
    message = a_message(due_at=NOW + timedelta(hours=hours))
    messenger = a_messenger(POLICY, environment, resolve=public)
    assert messenger.send(message).outcome == "sent"
    assert receiver.bodies[0]["alias"] == message.key


def test_pagerduty_folds_repeats_by_the_key(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    receiver.status = 202
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", receiver.base)
    result = send("pagerduty://A1BRTD4JDTIiajkdnlazkcOXrIdevi7FQ@A1BRTD4JD", resolve=public)
    assert result.outcome == "sent"
    assert receiver.bodies[0]["dedup_key"] == a_message().key
