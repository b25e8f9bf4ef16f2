# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server on the loopback address that answers what a test tells it to."""

from __future__ import annotations

import gzip
import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

START = datetime(2026, 11, 24, 15, 0, 10, tzinfo=UTC)


class StandingClock:
    """A clock that only moves when somebody waits on it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.waits: list[float] = []
        self.stopped = False

    def now(self) -> datetime:
        return self.at

    def pause(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)
        return self.stopped


@dataclass
class Reply:
    """One answer. `body` is JSON unless it is bytes; `cut` closes the line after so many bytes."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float | None = None
    zipped: bool = False

    def content(self) -> bytes:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return gzip.compress(raw) if self.zipped else raw


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: object


class ScriptedServer:
    """Answers by method and path, in order; the last answer of a path stays.

    Without a script a path answers 404, but for the short lists that every
    connection reads, which are empty.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self._script: dict[str, deque[Reply]] = defaultdict(deque)
        self._stop = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_request(self, *_: object) -> None:
                return

            def handle_any(self) -> None:
                server.answer(self)

            do_GET = do_PUT = do_POST = handle_any  # noqa: N815 - http.server's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.on("GET", "/api/v2/users/me", Reply(body={"user": {"id": 99, "role": "admin"}}))
        self.on("GET", "/api/v2/ticket_fields", Reply(body={"ticket_fields": OWN_FIELDS}))
        self.on("GET", "/api/v2/custom_statuses", Reply(body={"custom_statuses": []}))
        self.on("GET", "/api/v2/groups", Reply(body={"groups": [{"id": 700, "name": "support"}]}))
        self.on("GET", "/api/v2/brands", Reply(body={"brands": []}))
        self.on("GET", "/api/v2/ticket_forms", Reply(status=403, body={"error": "Forbidden"}))
        self.on("GET", "/api/v2/users/show_many", Reply(body={"users": []}))
        self.on("GET", "/api/v2/organizations/show_many", Reply(body={"organizations": []}))

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """Set what a path answers."""
        self._script[f"{method} {path}"] = deque(replies)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def asked(self, path: str, method: str = "GET") -> list[Received]:
        """The requests of one path, in order."""
        return [item for item in self.requests if item.path == path and item.method == method]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = json.loads(raw) if raw else None
        self.requests.append(
            Received(handler.command, parts.path, query, dict(handler.headers), body)
        )
        waiting = self._script[f"{handler.command} {parts.path}"]
        if not waiting:
            reply = Reply(status=404, body={"error": "RecordNotFound"})
        else:
            reply = waiting.popleft() if len(waiting) > 1 else waiting[0]
        self._send(handler, reply)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        content = reply.content()
        if reply.cut == 0:
            handler.close_connection = True
            handler.connection.shutdown(2)
            return
        handler.send_response(reply.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        if reply.zipped:
            headers["Content-Encoding"] = "gzip"
        for name, value in {**headers, **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if reply.drip is not None:
            self._drip(handler, content, reply.drip)
            return
        handler.wfile.write(content[: reply.cut])
        if reply.cut is not None:
            handler.close_connection = True

    def _drip(self, handler: BaseHTTPRequestHandler, content: bytes, every: float) -> None:
        try:
            for byte in content:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if self._stop.wait(every):
                    break
        except OSError:
            pass  # the client has had enough
        handler.close_connection = True


OWN_FIELDS: list[dict[str, object]] = [
    {"id": 2000, "type": "tagger", "title": "SLA tier", "custom_field_options": []},
    {"id": 2001, "type": "tagger", "title": "SLA state", "custom_field_options": []},
    {"id": 2002, "type": "text", "title": "SLA due at"},
    {"id": 2003, "type": "date", "title": "SLA due date"},
    {"id": 2004, "type": "tagger", "title": "SLA target", "custom_field_options": []},
    {"id": 2005, "type": "textarea", "title": "SLA detail"},
    {"id": 1001, "type": "tagger", "title": "Product"},
]
