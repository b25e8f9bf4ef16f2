# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks of one's own: signed, and connected to the address that was checked."""

import base64
import hashlib
import hmac
import socket
import threading
from datetime import UTC, datetime

import pytest

from tests.notify.builders import NOW, a_message, a_messenger, a_policy, by_url
from tests.notify.receiver import Receiver
from worker.notify import signed_webhook
from worker.notify.channel import NotDelivered
from worker.notify.signed_webhook import signature, signing_key
from worker.outbox import SendResult

POLICY = a_policy(on_call=by_url())
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def send(url: str, *, secret: str | None = SECRET, **delivery: object) -> SendResult:
    environment = {"ON_CALL_URL": url}
    if secret is not None:
        environment["ON_CALL_URL_SECRET"] = secret
    return a_messenger(POLICY, environment, **delivery).send(a_message())


def test_the_signature_is_that_of_the_published_example():
    # The example of the Standard Webhooks specification.
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    proof = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": proof,
    }


def test_a_receiver_can_tell_who_called_and_what_about(receiver: Receiver):
    assert send(f"{receiver.base}/sla?team=1") == SendResult("sent")
    [(path, headers, raw)] = receiver.requests
    assert path == "/sla?team=1"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    proof = hmac.new(b"k" * 32, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(proof).decode()
    assert headers["webhook-id"] == headers["Idempotency-Key"] == a_message().key
    assert int(headers["webhook-timestamp"]) == int(NOW.timestamp())
    [body] = receiver.bodies
    assert body["type"] == "step.due"
    assert body["data"]["ticket_id"] == "4711"
    assert body["data"]["due_at"] == "2026-11-30T10:00:00Z"
    assert body["data"]["steps"] == ["50%", "1h before"]
    assert body["data"]["link"] == "https://acme.zendesk.com/agent/tickets/4711"


def test_every_try_has_the_same_id(receiver: Receiver):
    environment = {"ON_CALL_URL": f"{receiver.base}/", "ON_CALL_URL_SECRET": SECRET}
    messenger = a_messenger(POLICY, environment)
    messenger.send(a_message())
    messenger.send(a_message(attempt=2, may_be_repeat=True))
    first, second = (headers["webhook-id"] for _, headers, _ in receiver.requests)
    assert first == second
    assert [body["data"]["may_be_repeat"] for body in receiver.bodies] == [False, True]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "sent"),
        (202, "sent"),
        (204, "sent"),
        (302, "setting"),
        (400, "permanent"),
        (401, "setting"),
        (410, "setting"),
        (429, "temporary"),
        (500, "ambiguous"),
        (503, "temporary"),
    ],
)
def test_the_status_says_whether_to_try_again(receiver: Receiver, status: int, outcome: str):
    receiver.status, receiver.location = status, f"{receiver.base}/inner"
    assert send(f"{receiver.base}/hook").outcome == outcome
    assert [path for path, _, _ in receiver.requests] == ["/hook"]


def test_nobody_listening_means_it_certainly_did_not_arrive(receiver: Receiver):
    receiver.close()
    assert send(f"{receiver.base}/hook") == SendResult("temporary", "no connection to the receiver")


@pytest.mark.parametrize("trouble", ["reset", "hang"])
def test_a_connection_that_breaks_after_the_request_is_ambiguous(
    receiver: Receiver, trouble: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(signed_webhook, "_READ_TIMEOUT_S", 0.3)
    receiver.trouble = trouble
    assert send(f"{receiver.base}/hook").outcome == "ambiguous"


def test_a_server_that_never_ends_its_answer_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signed_webhook, "TOTAL_TIMEOUT_S", 0.5)
    end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server, end))
        thread.start()
        result = send(f"http://127.0.0.1:{server.getsockname()[1]}/")
        end.set()
        thread.join()
    assert (result.outcome, result.detail) == ("ambiguous", "no answer within 0 s")


def _drip(server: socket.socket, end: threading.Event) -> None:
    connection, _ = server.accept()
    with connection:
        while not end.wait(0.05):
            try:
                connection.sendall(b"H")
            except OSError:
                return


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "http://localhost/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://user:word@hook.example.com/",
        "https://hook.example.com/#here",
        "https://hook.example.com:22/",
        "http://hook.example.com/",
        "https://",
        "https://[",
        "https://hook.example.com:99999/",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
)
def test_an_address_that_is_not_allowed_is_refused(url: str):
    delivery = {"allow_networks": (), "allow_hosts": ("hook.example.com", "hooks.slack.com")}
    result = send(url, resolve=lambda _host: ("93.184.216.34",), **delivery)
    assert result.outcome == "setting"
    assert "word" not in result.detail
    assert "TIiajkdn" not in result.detail


def test_a_name_with_one_inner_answer_is_refused():
    result = send(
        "https://hook.example.com/",
        allow_networks=(),
        allow_hosts=("hook.example.com",),
        resolve=lambda _host: ("93.184.216.34", "10.0.0.1"),
    )
    assert "STIPT_ALLOW_NETWORKS" in result.detail


def test_a_name_that_answers_differently_a_moment_later_leads_nowhere(receiver: Receiver):
    """The address that was checked is the one that is called: nobody asks the name again."""
    answers = iter([("127.0.0.1",)])
    result = send(
        f"http://hook.example.com:{receiver.port}/x",
        allow_hosts=("hook.example.com",),
        resolve=lambda _host: next(answers),
    )
    assert result.outcome == "sent"
    [(_, headers, _)] = receiver.requests
    assert headers["Host"] == f"hook.example.com:{receiver.port}"


@pytest.mark.parametrize(
    ("secret", "detail"),
    [
        (None, "ON_CALL_URL_SECRET is not set"),
        ("short", "at least 24 bytes"),
        ("whsec_####", "at least 24 bytes"),
    ],
)
def test_without_a_good_secret_nothing_is_sent(receiver: Receiver, secret: str | None, detail: str):
    result = send(f"{receiver.base}/", secret=secret)
    assert result.outcome == "setting"
    assert detail in result.detail
    assert receiver.requests == []


def test_faults_of_a_signed_webhook_are_found_before_anything_is_sent(receiver: Receiver):
    environment = {"ON_CALL_URL": f"{receiver.base}/"}
    assert "SECRET" in a_messenger(POLICY, environment).faults(POLICY)["on_call"]
    environment["ON_CALL_URL_SECRET"] = SECRET
    assert a_messenger(POLICY, environment).faults(POLICY) == {}
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("host", "is_trusted", "outcome"),
    [
        pytest.param("hook.example.com", True, "sent", id="good"),
        pytest.param("hook.example.com", False, "setting", id="not trusted"),
        pytest.param("other.example.com", True, "setting", id="of another name"),
    ],
)
def test_the_certificate_must_be_that_of_the_name(
    secure_receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    is_trusted: bool,
    outcome: str,
):
    if not is_trusted:
        monkeypatch.delenv("SSL_CERT_FILE")
    result = send(
        f"https://{host}:{secure_receiver.port}/",
        allow_hosts=(host,),
        resolve=lambda _host: ("127.0.0.1",),
    )
    assert result.outcome == outcome
    assert len(secure_receiver.requests) == int(outcome == "sent")


def test_behind_a_proxy_the_proxy_is_asked_for_a_tunnel():
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        thread = threading.Thread(target=_refuse, args=(proxy, asked))
        thread.start()
        environment = {
            "ON_CALL_URL": "https://hook.example.com/x",
            "ON_CALL_URL_SECRET": SECRET,
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.getsockname()[1]}",
        }
        messenger = a_messenger(POLICY, environment, allow_hosts=("hook.example.com",))
        result = messenger.send(a_message())
        thread.join()
    assert result == SendResult("temporary", "no connection to the receiver")
    assert asked[0].startswith(b"CONNECT hook.example.com:443 ")


def _refuse(proxy: socket.socket, asked: list[bytes]) -> None:
    connection, _ = proxy.accept()
    with connection:
        asked.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.0 403 no\r\n\r\n")


def test_a_proxy_that_is_none_is_said():
    environment = {
        "ON_CALL_URL": "https://hook.example.com/x",
        "ON_CALL_URL_SECRET": SECRET,
        "HTTPS_PROXY": "nonsense",
    }
    messenger = a_messenger(POLICY, environment, allow_hosts=("hook.example.com",))
    assert "HTTPS_PROXY" in messenger.send(a_message()).detail


def test_a_secret_may_come_without_its_prefix():
    assert signing_key(SECRET.removeprefix("whsec_")) == b"k" * 32
    with pytest.raises(NotDelivered):
        signing_key("")
