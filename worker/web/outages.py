# SPDX-License-Identifier: GPL-3.0-or-later
"""`POST /api/outages`: whoever watches a service tells when it was out, with a bearer secret.

Each outage has an id of the caller's, so that telling it again changes nothing and telling
it differently corrects it. docs/obligations.md lists what is taken and what is answered.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from rules.evidence import Outage
from rules.prepared import prepared
from worker.logs import get_logger
from worker.store.outages import ToldOutage, keep_outages
from worker.web.addresses import outages_path
from worker.web.intake import Intake, Refused, Seldom
from worker.web.rates import AddressRates

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from worker.clock import Clock
    from worker.store.database import Database
    from worker.wiring import AccountWork, Installation

MOST_BYTES: Final = 256 * 1024
MOST_OUTAGES: Final = 500
_PER_SECOND, _BURST = 2.0, 60.0
_AHEAD = timedelta(minutes=5)
"""So far another machine's clock may be ahead of ours."""

_log = get_logger(__name__)

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class _Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One outage of a call; `withdrawn`: there was none after all."""

    id: _Name
    from_: _Instant | None = msgspec.field(default=None, name="from")
    until: _Instant | None = None
    because: Annotated[str, msgspec.Meta(max_length=500)] = ""
    withdrawn: bool = False


class _Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a call."""

    log: _Name
    outages: Annotated[tuple[_Telling, ...], msgspec.Meta(max_length=MOST_OUTAGES)]


class NotUnderstood(Exception):
    """The body says something that cannot be kept; the text says what, for the caller."""


def outage_routes(installation: Installation) -> list[Route]:
    """A route for every account that has a secret for it."""
    intake = Intake(AddressRates(_PER_SECOND, _BURST), MOST_BYTES)
    routes = []
    for work in installation.accounts:
        token = work.settings.outages_token
        if token is None:
            continue
        desk = OutageDesk(
            *(installation.database, work.name, installation.clock),
            partial(_logs_of, work),
            token.get_secret_value(),
        )
        endpoint = OutageEndpoint(desk, intake)
        routes.append(Route(outages_path(work.name), endpoint.answer, methods=["POST"]))
    return routes


def _logs_of(work: AccountWork) -> frozenset[str]:
    """The logs that obligations of the rules in force name."""
    obligations = work.policies.policy.obligations.values()
    return frozenset(one.outages for one in obligations if one.outages)


@dataclass(frozen=True, slots=True)
class OutageDesk:
    """Where one account's calls are judged and kept. It blocks: not for the event loop."""

    database: Database
    account: str
    clock: Clock
    logs: Callable[[], frozenset[str]]
    token: str = field(repr=False)

    def require_token(self, request: Request) -> None:
        """Let nobody in who has not the secret.

        Raises:
            Refused: 401.
        """
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_it = hmac.compare_digest(given.strip().encode(), self.token.encode())
        if not is_it or scheme.lower() != "bearer":
            raise Refused(401, "token", www_authenticate="Bearer")

    def take(self, body: bytes) -> dict[str, int]:
        """Keep what a call tells: all of it or nothing.

        Raises:
            NotUnderstood: the body is not of the form, or tells what cannot be.
            Refused: the database does not answer.
        """
        try:
            call = msgspec.json.decode(body, type=prepared(_Call))
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise NotUnderstood(str(fault)) from None
        if call.log not in self.logs():
            raise NotUnderstood("log: no obligation of the rules in force names it in its outages")
        now = self.clock.now()
        told = [_told(one, place, now) for place, one in enumerate(call.outages)]
        if len({one.ident for one in told}) < len(told):
            raise NotUnderstood("outages: an id stands there twice")
        try:
            with self.database.write(self.account) as books:
                found = keep_outages(books, call.log, told, now)
        except SQLAlchemyError as fault:
            _log.warning("outages_not_kept", account=self.account, reason=type(fault).__name__)
            raise Refused(503, "unavailable", retry_after="5") from None
        kept = {name: found[name] for name in ("new", "changed", "same", "withdrawn")}
        _log.info("outages_told", account=self.account, **kept)
        return kept


def _told(one: _Telling, place: int, now: datetime) -> ToldOutage:
    where = f"outages[{place}]"
    if one.withdrawn:
        if one.from_ is not None or one.until is not None:
            raise NotUnderstood(f"{where}: what is withdrawn has neither from nor until")
        return ToldOutage(one.id, None)
    if one.from_ is None:
        raise NotUnderstood(f"{where}: from is missing")
    try:
        begin, end = _second(one.from_), None if one.until is None else _second(one.until)
    except OverflowError:
        raise NotUnderstood(f"{where}: not an instant that can be counted with") from None
    if end is not None and end <= begin:
        raise NotUnderstood(f"{where}: until is not after from")
    if max(begin, end or begin) > now + _AHEAD:
        raise NotUnderstood(f"{where}: it lies in the future; leave until out while it lasts")
    return ToldOutage(one.id, Outage(begin, end, one.because.strip()))


def _second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


class OutageEndpoint:
    """Answers the calls of one account."""

    def __init__(self, desk: OutageDesk, intake: Intake) -> None:
        self._desk = desk
        self._intake = intake
        self._seldom = Seldom()

    async def answer(self, request: Request) -> Response:
        """The answer to one call; its `result` is a word that docs/obligations.md explains."""
        try:
            self._intake.look_at_head(request)
            self._desk.require_token(request)
            body = await self._intake.body(request)
            kept = await run_in_threadpool(self._desk.take, body)
        except NotUnderstood as fault:
            self._tell("malformed")
            return JSONResponse({"result": "malformed", "problem": f"{fault}"}, 422)
        except Refused as refused:
            self._tell(refused.why)
            return JSONResponse({"result": refused.why}, refused.status, refused.headers)
        return JSONResponse({"result": "taken", **kept})

    def _tell(self, why: str) -> None:
        if self._seldom.is_time_for(why):
            _log.warning("outages_refused", account=self._desk.account, reason=why)
