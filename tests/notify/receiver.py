# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on loopback that keeps what it gets and answers as told."""

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, cast


class Receiver(ThreadingHTTPServer):
    """Answers `status` to everything; `trouble` is reset, hang or drip."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.trouble = ""
        self.location = ""
        self.reply = b"ok"
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.end = threading.Event()
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.requests]

    def close(self) -> None:
        self.end.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    timeout: ClassVar[float] = 10

    def do_POST(self) -> None:
        server = cast("Receiver", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.requests.append((self.path, dict(self.headers), body))
        if server.trouble == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if server.trouble == "hang":
            server.end.wait(10)
            return
        self.send_response(server.status)
        if server.location:
            self.send_header("Location", server.location)
        self.send_header(
            "Content-Length", str(1000 if server.trouble == "drip" else len(server.reply))
        )
        self.end_headers()
        if server.trouble == "drip":
            self._drip(server)
        else:
            self.wfile.write(server.reply)

    def do_GET(self) -> None:
        self.do_POST()

    def _drip(self, server: Receiver) -> None:
        while not server.end.wait(0.05):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return

    def log_message(self, *args: object) -> None:
        del args
