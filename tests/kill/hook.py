# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver of webhooks that counts the keys it gets, and now and then hangs up afterwards."""

import random
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, cast


class Hook(ThreadingHTTPServer):
    """Takes every message; with `hangs_up` some callers never learn that it was taken."""

    daemon_threads = True

    def __init__(self, *, hangs_up: float = 0.05, seed: int = 1) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hangs_up = hangs_up
        self.takes_s = 0.0
        self.keys: list[str] = []
        self.n_ambiguous = 0
        self.n_begun = 0
        self.chance = random.Random(seed)  # noqa: S311 -- when to hang up, no secret
        self.lock = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def address(self) -> str:
        """Its address as a recipient's."""
        return f"json://127.0.0.1:{self.server_address[1]}/on-call"

    def be_good(self) -> None:
        """Hang up no more, and answer at once."""
        self.hangs_up = self.takes_s = 0.0

    def take(self, key: str) -> bool:
        """Keep a message; False when the caller is not to know."""
        with self.lock:
            self.keys.append(key)
            if self.chance.random() >= self.hangs_up:
                return True
            self.n_ambiguous += 1
            return False

    def __enter__(self) -> "Hook":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that was killed says nothing of the receiver."""


class _Handler(BaseHTTPRequestHandler):
    timeout: ClassVar[float] = 10

    def do_POST(self) -> None:
        hook = cast("Hook", self.server)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        hook.n_begun += 1
        if hook.takes_s:
            time.sleep(hook.takes_s)  # a slow receiver, in real time as the caller sees it
        if not hook.take(self.headers.get("Idempotency-Key", "")):
            reset = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            self.connection.close()
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: object) -> None:
        """Say nothing."""
