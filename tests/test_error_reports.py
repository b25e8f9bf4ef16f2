# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told to Sentry, seen by a receiver in its place on loopback."""

import gzip
import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

CANARIES = ("CANARY-SUBJECT", "canary.person", "CANARY-TOKEN", "CANARY-BODY", "CANARY-QUERY")

FAULTS = """
import sys, threading
from worker.error_reports import report, start_error_reports

assert "sentry_sdk" not in sys.modules
started = start_error_reports(sys.argv[1] or None, release="0.1.0", environment="test")
assert started == bool(sys.argv[1])
import dramatiq, requests
from dramatiq.brokers.stub import StubBroker

broker = StubBroker(middleware=[])
dramatiq.set_broker(broker)

from connector.base import Unavailable
subject = "Router kaputt CANARY-SUBJECT"

@dramatiq.actor
def reconcile(ticket_id, token):
    body = "Dear support CANARY-BODY"
    raise ValueError(f"{subject} {body} canary.person@example.com")

def chained():
    try:
        secrets = {"Authorization": "CANARY-TOKEN"}
        requests.get("http://127.0.0.1:1/x?token=CANARY-QUERY", headers=secrets)
    except requests.ConnectionError as problem:
        where = "https://a.example.com/x?token=CANARY-QUERY"
        raise Unavailable(f"the helpdesk at {where} is away") from problem

reconcile.send("4711", "CANARY-TOKEN")
worker = dramatiq.Worker(broker, worker_timeout=100)
worker.start()
broker.join(reconcile.queue_name, fail_fast=False)
worker.join()
worker.stop()
try:
    chained()
except Unavailable as problem:
    report(problem)
thread = threading.Thread(target=lambda: {}["canary.person@example.com"])
threading.excepthook = lambda args: None
thread.start()
thread.join()
if "sentry_sdk" in sys.modules:
    sys.modules["sentry_sdk"].flush(10)
    raise KeyError("CANARY-SUBJECT at the end")
"""


class Sentry(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.envelopes: list[str] = []
        self.headers: list[str] = []
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        rows = [json.loads(row) for one in self.envelopes for row in one.splitlines() if row]
        return [row for row in rows if "exception" in row]


# sentry-sdk takes Brotli where it is installed; what prints PDF files brings it along.
_UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": lambda body: bytes(importlib.import_module("brotli").decompress(body)),
}


class _Handler(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpacked = _UNPACKED[self.headers.get("Content-Encoding", "identity")](body)
        self.server.envelopes.append(unpacked.decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    server = Sentry()
    yield server
    server.shutdown()
    server.server_close()


def run(dsn: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script, in a process of its own as the SDK is global
        [sys.executable, "-c", FAULTS, dsn], capture_output=True, text=True, check=False, timeout=50
    )


def test_faults_are_reported_without_a_word_of_anybody(sentry: Sentry):
    port = sentry.server_address[1]
    run(f"http://public@127.0.0.1:{port}/1")
    told = "\n".join(sentry.envelopes)
    assert [word for word in CANARIES if word in told] == []
    types = {one["type"] for event in sentry.events for one in event["exception"]["values"]}
    assert {"ValueError", "Unavailable", "KeyError"} <= types
    [ours] = [
        one
        for event in sentry.events
        for one in event["exception"]["values"]
        if one["type"] == "Unavailable"
    ]
    assert ours["value"] == "the helpdesk at https://a.example.com/x?… is away"
    assert any(frame["function"] == "chained" for frame in ours["stacktrace"]["frames"])
    for event in sentry.events:
        assert event["server_name"] == "stipt"
        assert event["release"] == "stipt@0.1.0"
        assert "breadcrumbs" not in event
        assert "extra" not in event
        assert set(event["contexts"]) <= {"runtime", "trace"}


def test_without_a_dsn_the_sdk_is_not_even_imported():
    done = run("")
    assert done.returncode == 0, done.stderr[-2000:]
