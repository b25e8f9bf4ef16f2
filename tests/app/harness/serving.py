# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders served on loopback: only the kinds of file that Zendesk accepts as assets."""

from __future__ import annotations

import functools
import http.server
import threading
import urllib.parse
from pathlib import Path
from typing import Any

KINDS = {
    "css": "text/css",
    "gif": "image/gif",
    "html": "text/html",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
}


SDK = "https://static.zdassets.com/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js"
DOUBLE = Path(__file__).parent / "zaf_double.js"
AXE = Path(__file__).parents[3] / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves files of one folder under one prefix."""

    protocol_version = "HTTP/1.1"  # one connection for many files, as any real host has it

    def __init__(self, *args: Any, folder: Path, prefix: str, refused: list[str]) -> None:
        self.folder, self.prefix, self.refused = folder, prefix, refused
        super().__init__(*args)

    def do_GET(self) -> None:
        path = urllib.parse.unquote(self.path.partition("?")[0])
        file = (self.folder / path.removeprefix(self.prefix)).resolve()
        kind = KINDS.get(file.suffix[1:])
        if file.name == "favicon.ico":  # the browser asks by itself
            self._answer(b"", KINDS["png"])
            return
        ours = {one.name: one for one in (DOUBLE, AXE)}.get(file.name)
        if ours is not None:
            self._answer(ours.read_bytes(), KINDS["js"])
            return
        is_inside = path.startswith(self.prefix) and file.is_relative_to(self.folder)
        if not is_inside or not file.is_file() or kind is None:
            self.refused.append(path if kind else f"{path} (not accepted by Zendesk)")
            self.send_error(404)
            return
        # The page gets the double where it asks for Zendesk's SDK: nothing leaves this machine.
        self._answer(file.read_bytes().replace(SDK.encode(), DOUBLE.name.encode()), kind)

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: what was refused is in the result."""


class Served:
    """A folder under an address of its own on loopback until `close`."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.refused: list[str] = []
        handler = functools.partial(
            _Handler, folder=folder.resolve(), prefix=prefix, refused=self.refused
        )
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}/"
        self.url = self.origin.rstrip("/") + prefix

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
