# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's own endpoints under `/_sandbox`: clock, ledger, calls, faults, assumptions."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from connector.sandbox.assumptions import assumptions_json
from connector.sandbox.faults import from_options
from connector.sandbox.wire import Json, as_object, as_rows

if TYPE_CHECKING:
    from starlette.requests import Request

    from connector.sandbox.site import Site


def control_routes(site: Site) -> list[Route]:
    """Routes to look into a running sandbox and to steer it."""
    control = _Control(site)
    return [
        Route("/_sandbox/clock", control.read_clock, methods=["GET"]),
        Route("/_sandbox/clock", control.move_clock, methods=["POST"]),
        Route("/_sandbox/ledger", control.read_ledger, methods=["GET"]),
        Route("/_sandbox/ledger", control.clear_ledger, methods=["DELETE"]),
        Route("/_sandbox/calls", control.read_calls, methods=["GET"]),
        Route("/_sandbox/faults", control.read_faults, methods=["GET"]),
        Route("/_sandbox/faults", control.add_faults, methods=["POST"]),
        Route("/_sandbox/faults", control.clear_faults, methods=["DELETE"]),
        Route("/_sandbox/assumptions", control.read_assumptions, methods=["GET"]),
        Route("/_sandbox/tokens", control.revoke_tokens, methods=["DELETE"]),
    ]


class _Control:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def read_clock(self, request: Request) -> JSONResponse:
        del request
        return JSONResponse(self._clock())

    async def move_clock(self, request: Request) -> JSONResponse:
        """Body: any of `advance_seconds`, `set` (ISO 8601 with zone), `speed`."""
        body = await _body(request)
        try:
            with self._site.lock:
                self._move(body)
                self._site.settle()
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._clock())

    async def read_ledger(self, request: Request) -> JSONResponse:
        del request
        with self._site.lock:
            return JSONResponse(self._site.ledger.to_json())

    async def clear_ledger(self, request: Request) -> JSONResponse:
        del request
        with self._site.lock:
            self._site.ledger.clear()
        return JSONResponse({})

    async def read_calls(self, request: Request) -> JSONResponse:
        del request
        with self._site.lock:
            return JSONResponse(self._site.ledger.calls_json())

    async def read_faults(self, request: Request) -> JSONResponse:
        del request
        return JSONResponse(self._site.faults.to_json())

    async def add_faults(self, request: Request) -> JSONResponse:
        """Body: `{"faults": [{"kind": ..., "path": ..., "count": ...}]}`, or `{"name": ...}`."""
        body = await _body(request)
        try:
            with self._site.lock:
                if isinstance(body.get("name"), str):
                    self._site.faults.add_named(str(body["name"]))
                for row in as_rows(body.get("faults")):
                    options = [(key, str(row[key])) for key in row if key != "kind"]
                    self._site.faults.add(from_options(str(row.get("kind")), options))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._site.faults.to_json())

    async def clear_faults(self, request: Request) -> JSONResponse:
        del request
        with self._site.lock:
            self._site.faults.clear()
        return JSONResponse(self._site.faults.to_json())

    async def read_assumptions(self, request: Request) -> JSONResponse:
        del request
        return JSONResponse(assumptions_json(self._site.settings))

    async def revoke_tokens(self, request: Request) -> JSONResponse:
        del request
        with self._site.lock:
            self._site.authority.tokens.clear()
        return JSONResponse({})

    def _clock(self) -> Json:
        clock = self._site.clock
        return {"now": clock.now().isoformat(), "epoch": clock.seconds(), "speed": clock.speed}

    def _move(self, body: Json) -> None:
        if "set" in body:
            at = datetime.fromisoformat(str(body["set"]))
            if at.tzinfo is None:
                raise ValueError("set needs an instant with a zone")
            self._site.clock.set(at)
        if "advance_seconds" in body:
            self._site.clock.advance(timedelta(seconds=float(str(body["advance_seconds"]))))
        if "speed" in body:
            self._site.clock.run_at(float(str(body["speed"])))


async def _body(request: Request) -> Json:
    try:
        return as_object(json.loads(await request.body() or b"{}"))
    except ValueError:
        return {}
