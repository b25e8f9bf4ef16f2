# SPDX-License-Identifier: GPL-3.0-or-later
"""`/livez`, `/readyz` and `/metrics`: whether the process lives, can work, and what it counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.store.gauges import last_page_at
from worker.store.schema import held_version, needed_version
from worker.web.gauges import StoreGauges

if TYPE_CHECKING:
    from starlette.requests import Request

    from worker.wiring import AccountWork, Installation

_ANSWER_WITHIN_S: Final = 0.9
_MISSED_POLLS: Final = 3


def probe_routes(installation: Installation, *, polls: bool) -> list[Route]:
    """The probes and the metrics of a process; `polls`: it reads the helpdesk."""
    probes = Probes(installation, polls=polls)
    return [
        Route("/livez", probes.livez),
        Route("/readyz", probes.readyz),
        Route("/metrics", probes.metrics),
    ]


class Probes:
    """Answers within a second, and never asks the helpdesk.

    Args:
        installation: what is looked at.
        polls: the process is there to read the helpdesk, and is not ready while it cannot.
    """

    def __init__(self, installation: Installation, *, polls: bool) -> None:
        self._installation = installation
        self._polls = polls
        self._schema = needed_version()
        self._gauges = CollectorRegistry()
        self._gauges.register(StoreGauges(installation))

    async def livez(self, request: Request) -> Response:
        """200 while every loop comes round; the body has the seconds since each did."""
        del request
        heartbeats = self._installation.heartbeats
        late = heartbeats.late()
        ages = {loop: round(age, 1) for loop, age in sorted(heartbeats.ages().items())}
        return JSONResponse({"loops": ages, "late": sorted(late)}, 503 if late else 200)

    async def readyz(self, request: Request) -> Response:
        """200 while the database answers and fits, rules are loaded and the helpdesk is read."""
        del request
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                missing = await run_in_threadpool(self._missing)
        except TimeoutError:
            missing = ["the database does not answer in time"]
        return JSONResponse({"ready": not missing, "missing": missing}, 503 if missing else 200)

    async def metrics(self, request: Request) -> Response:
        """All metrics in Prometheus' text format."""
        del request
        text = await run_in_threadpool(self._metrics)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    def _metrics(self) -> bytes:
        return generate_latest(self._installation.metrics.registry) + generate_latest(self._gauges)

    def _missing(self) -> list[str]:
        """Why this process is not ready, in sentences without values of rows."""
        installation = self._installation
        if installation.stop.is_set():
            return ["the process is stopping"]
        try:
            return [one for work in installation.accounts for one in self._missing_of(work)]
        except Exception as fault:  # noqa: BLE001 -- whatever it is, work cannot be done
            return [f"the database does not answer: {type(fault).__name__}"]

    def _missing_of(self, work: AccountWork) -> list[str]:
        with self._installation.database.read(work.name) as books:
            version, last = held_version(books), last_page_at(books)
        if version != self._schema:
            return ["the database's schema is not the one that this version needs"]
        now = self._installation.clock.now().timestamp()
        longest = _MISSED_POLLS * work.settings.poll_interval.total_seconds()
        if not self._polls or (last is not None and now - last < longest):
            return []
        return [f"{work.name}: the helpdesk was not read in the last {longest:.0f} seconds"]
