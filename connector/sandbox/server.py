# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox as a real HTTP server on the loopback address."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.sandbox.control import control_routes
from connector.sandbox.gate import Request, pass_through
from connector.sandbox.replies import Envelope, Reply, Transports
from connector.sandbox.site import Site

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from types import TracebackType

    from starlette.requests import Request as HttpRequest
    from starlette.types import ASGIApp

    from connector.sandbox.account import Account
    from connector.sandbox.clock import SandboxClock
    from connector.sandbox.faults import Faults
    from connector.sandbox.ledger import Ledger
    from connector.sandbox.settings import SandboxSettings

HOST = "127.0.0.1"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
START_SECONDS = 15
TICK_SECONDS = 0.005
SETTLE_SECONDS = 0.25


def build_app(site: Site, transports: Transports) -> ASGIApp:
    """The web application of a site."""

    async def answer(http: HttpRequest) -> Reply:
        started = time.perf_counter()
        request = Request(
            method=http.method,
            path=http.url.path,
            query=dict(http.query_params),
            headers=dict(http.headers),
            body=await http.body(),
        )
        passage = pass_through(site, request)
        envelope = Envelope(
            now=site.clock.epoch(),
            runtime=time.perf_counter() - started,
            request_id=f"{secrets.token_hex(8)}-SBX",
            accepts_gzip="gzip" in request.headers.get("accept-encoding", ""),
        )
        return Reply(passage, site.settings, envelope, transports)

    routes = [*control_routes(site), Route("/{path:path}", answer, methods=METHODS)]
    return Starlette(routes=routes)


def protocol_class(transports: Transports) -> type[asyncio.Protocol]:
    """An HTTP protocol that remembers its connections, so that a fault can cut one."""

    class RememberingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it the same way
            super().connection_made(transport)
            transports[tuple(transport.get_extra_info("peername")[:2])] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(tuple(self.transport.get_extra_info("peername")[:2]), None)
            super().connection_lost(exc)

    return RememberingProtocol


class _PromptServer(uvicorn.Server):
    """Ends within milliseconds when asked to: tests start hundreds of sandboxes."""

    def __init__(self, config: uvicorn.Config, site: Site) -> None:
        super().__init__(config)
        self._site = site

    async def main_loop(self) -> None:
        settled = time.monotonic()
        while not self.should_exit:
            await asyncio.sleep(TICK_SECONDS)
            # live traffic goes on, and calls webhooks, while nobody asks
            if time.monotonic() - settled >= SETTLE_SECONDS:
                with self._site.lock:
                    self._site.settle()
                settled = time.monotonic()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for task in list(self.server_state.tasks):
            task.cancel()
        # one turn of the loop closes the transports
        await asyncio.sleep(TICK_SECONDS)


class Sandbox:
    """A Zendesk account on a loopback port, for tests, demos and load runs.

    ```python
    with Sandbox(SandboxSettings(tickets=50, speed=0)) as sandbox:
        requests.get(f"{sandbox.base_url}/api/v2/tickets.json", headers=sandbox.bearer)
    ```
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.site = Site(settings)
        self._transports: Transports = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, port: int = 0) -> str:
        """Serve in a thread of its own; returns the base URL."""
        listener = self._listen(port)
        self._server = _PromptServer(self._config(), self.site)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.005)
        return self.base_url

    def stop(self) -> None:
        """End the server and its deliveries."""
        self.site.stop()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(START_SECONDS)
        self._server = self._thread = None

    @property
    def base_url(self) -> str:
        """Scheme, address and port."""
        return self.site.base_url

    @property
    def bearer(self) -> dict[str, str]:
        """Headers of a caller with the ready-made admin token."""
        return {"Authorization": f"Bearer {self.settings.token}"}

    @property
    def account(self) -> Account:
        """The account's state, to look into and to change; hold `site.lock` while serving."""
        return self.site.account

    @property
    def clock(self) -> SandboxClock:
        """The clock that everything here follows."""
        return self.site.clock

    @property
    def ledger(self) -> Ledger:
        """Every write and the number of calls."""
        return self.site.ledger

    @property
    def faults(self) -> Faults:
        """The faults that are switched on."""
        return self.site.faults

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return self.site.clock.now()

    def advance(self, by: timedelta) -> datetime:
        """Jump ahead and let happen what is due by then."""
        with self.site.lock:
            now = self.site.clock.advance(by)
            self.site.settle()
            return now

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self, port: int) -> socket.socket:
        # asyncio turns Nagle's delay off only on sockets that name their protocol
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        # from here on nobody is refused: who comes before the server runs, waits
        listener.listen()
        self.site.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
        return listener

    def _config(self) -> uvicorn.Config:
        logging.getLogger("uvicorn.error").addFilter(_is_no_fault_of_ours)
        return uvicorn.Config(
            build_app(self.site, self._transports),
            http=protocol_class(self._transports),
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )


def _is_no_fault_of_ours(record: logging.LogRecord) -> bool:
    """False for the complaint about an answer that a fault cut off on purpose."""
    return not record.getMessage().startswith("ASGI callable returned without")
