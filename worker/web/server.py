# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server: uvicorn in a thread of the worker's process."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    import socket

    from starlette.types import ASGIApp

_HEAD_WITHIN_S: Final = 10.0
_KEEP_ALIVE_S: Final = 5
_MOST_CONNECTIONS: Final = 500
_MOST_HEAD_BYTES: Final = 32 * 1024
_START_S: Final = 15.0
_STOP_S: Final = 3


def hurried(head_within_s: float) -> type[asyncio.Protocol]:
    """HTTP that closes a connection whose next request has not begun in time.

    uvicorn's own limit begins anew with every byte, so that somebody who sends
    a header byte by byte would hold a connection for ever.
    """

    class Hurried(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it the same way
            super().connection_made(transport)
            self._await_head()

        def on_response_complete(self) -> None:
            self._await_head()
            super().on_response_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_later(head_within_s, self._too_slow, self.cycle)

        def _too_slow(self, before: object) -> None:
            if self.cycle is before:
                self.transport.close()

    return Hurried


class WebServer:
    """Serves an application on a socket until it is stopped.

    Args:
        application: what answers.
        listener: a socket that listens already.
        head_within_s: seconds within which a request's head must have come.
    """

    def __init__(
        self, application: ASGIApp, listener: socket.socket, head_within_s: float = _HEAD_WITHIN_S
    ) -> None:
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                http=hurried(head_within_s),
                ws="none",
                loop="asyncio",
                lifespan="off",
                proxy_headers=False,  # who may be believed is decided where it matters
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_STOP_S,
                limit_concurrency=_MOST_CONNECTIONS,
                h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
            )
        )
        # Its warnings are about callers that speak no HTTP: nothing to act on.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def address(self) -> str:
        """Host and port that are listened on."""
        host, port = self._listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        until = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise RuntimeError("the web server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Finish the answers that are begun, for a few seconds, and close the socket."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_S + 2)
        self._listener.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._listener])
