# SPDX-License-Identifier: GPL-3.0-or-later
"""What every request passes: faults, credentials, limits, the warn header, the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox import routes
from connector.sandbox.answers import Answer, Refusal
from connector.sandbox.faults import AFTERWARDS, INSTEAD, PAGES, Fault
from connector.sandbox.ledger import Write, body_keys, ticket_ids, written_at
from connector.sandbox.limits import MINUTE, TEN_MINUTES, Reading
from connector.sandbox.refusals import refuse_by_fault
from connector.sandbox.site import Call
from connector.sandbox.wire import Json, as_object

if TYPE_CHECKING:
    from connector.sandbox.auth import Grant
    from connector.sandbox.endpoints import Endpoint
    from connector.sandbox.site import Site

API = "/api/v2/"
EXPORTS_TEXT = "Number of allowed incremental export API requests per minute exceeded"
PER_USER_TEXT = "exceeded the rate limit for updating a single unique user: 5 per minute"
UPDATES_OF_ONE = 5
LACKING = {
    "team": ("slas", "business_hours"),
    "no_talk": ("channels/voice", "satisfaction_ratings"),
}
"""Beginnings of the paths that a plan does not have, by the switch that chooses it."""

LOSING = ("reset", "executed_then_reset", "reset_mid_page", "truncated")


@dataclass(slots=True)
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Passage:
    """What became of a request: the answer and what the reply must tell about it."""

    answer: Answer
    surface: str = "support"
    plan: Reading | None = None
    buckets: list[Reading] = field(default_factory=list)
    warning: str | None = None
    fault: Fault | None = None


def pass_through(site: Site, request: Request) -> Passage:
    """Carry out one request."""
    with site.lock:
        if site.settings.seconds_per_request:
            site.step()
        site.settle()
        return _Gate(site, request).run()


class _Gate:
    """One request on its way through."""

    def __init__(self, site: Site, request: Request) -> None:
        self._site = site
        self._request = request
        self._now = site.clock.epoch()
        self._path = request.path.removeprefix(API).removesuffix(".json").strip("/")
        self._passage = Passage(Answer(404))
        self._executed = False
        self._template = f"{request.method} unknown"
        self._body: Json = {}
        self._user_id: int | None = None
        self._met: str | None = None

    def run(self) -> Passage:
        try:
            self._passage.answer = self._carry_out()
            self._executed = True
        except Refusal as refusal:
            self._passage.answer = refusal.answer
        self._enter()
        return self._passage

    def _carry_out(self) -> Answer:
        self._check_host()
        if self._request.path == "/oauth/tokens":
            return self._grant()
        found = routes.find(self._request.method, self._path)
        if found is None or not self._request.path.startswith(API):
            raise Refusal(404, {"error": "InvalidEndpoint", "description": "Not found"})
        endpoint, params = found
        self._template = endpoint.template
        self._passage.surface = endpoint.surface
        self._meet_trouble(endpoint)
        call = self._call(endpoint, params)
        self._drain(endpoint, call)
        self._body = call.body = self._decode()
        self._passage.warning = _warning(endpoint, call.body)
        self._check_rights(endpoint, call)
        return endpoint.handler(call)

    def _grant(self) -> Answer:
        self._template = "POST /oauth/tokens"
        self._meet_trouble(None)
        return self._site.authority.grant_token(self._decode(), self._now)

    def _check_host(self) -> None:
        host = self._request.headers.get("host", "").partition(":")[0]
        if host.endswith(".zendesk.com") and host != f"{self._site.settings.subdomain}.zendesk.com":
            raise Refusal(404, {"error": {"title": "No help desk at this address"}})

    def _meet_trouble(self, endpoint: Endpoint | None) -> None:
        method, faults = self._request.method, self._site.faults
        path = self._path if endpoint else "oauth/tokens"
        fault = faults.draw(INSTEAD, method, path)
        if fault is not None:
            self._met = fault.kind
            if fault.kind == "reset":
                self._passage.fault = fault
                raise Refusal(500, "")
            if fault.kind == "token_expired":
                self._site.authority.revoke(self._request.headers.get("authorization"))
            raise refuse_by_fault(fault, self._now)
        self._passage.fault = faults.draw(AFTERWARDS, method, path)
        if self._passage.fault is not None:
            self._met = self._passage.fault.kind

    def _call(self, endpoint: Endpoint, params: dict[str, str]) -> Call:
        headers = self._request.headers
        call = Call(
            site=self._site,
            method=self._request.method,
            path=self._path,
            query=self._request.query,
            body={},
            headers=headers,
            now=self._now,
            host=headers.get("host", ""),
            params=params,
        )
        call.grant = self._who(endpoint)
        call.user = self._site.account.users.get(call.grant.user_id) if call.grant else None
        self._user_id = call.user.id if call.user else None
        if fault := self._site.faults.draw(PAGES, call.method, call.path):
            call.fault = self._met = fault.kind
            if fault.kind.startswith("clock_"):
                self._passage.fault = fault
        return call

    def _who(self, endpoint: Endpoint) -> Grant | None:
        authorization = self._request.headers.get("authorization")
        try:
            grant = self._site.authority.who(authorization, self._now)
        except Refusal:
            basic = (authorization or "").lower().startswith("basic")
            if endpoint.anonymous and basic:
                # a wrong password is as good as none where anybody may call
                return None
            raise
        if grant is None and not endpoint.anonymous:
            raise Refusal(401, {"error": "Couldn't authenticate you"})
        return grant

    def _decode(self) -> Json:
        if not self._request.body:
            return {}
        try:
            return as_object(json.loads(self._request.body))
        except ValueError:
            text = "Server could not parse JSON"
            raise Refusal(422, {"error": "Unprocessable Entity", "message": text}) from None

    def _drain(self, endpoint: Endpoint, call: Call) -> None:
        limits, take = self._site.settings.effective_limits, self._site.buckets.take
        if endpoint.surface == "webhooks":
            testing = endpoint.bucket == "webhook-test"
            total = limits.webhook_test if testing else limits.webhooks
            self._passage.plan = take("webhook-test" if testing else "webhooks", total, self._now)
            self._refuse_if_empty(self._passage.plan)
            return
        if endpoint.surface == "support":
            self._passage.plan = take("plan", limits.plan, self._now)
            self._refuse_if_empty(self._passage.plan)
        for name, total, window in self._buckets_of(endpoint, call):
            reading = take(f"{name}", total, self._now, window)
            self._passage.buckets.append(reading)
            self._refuse_if_empty(reading)

    def _buckets_of(self, endpoint: Endpoint, call: Call) -> list[tuple[str, int, int]]:
        limits = self._site.settings.effective_limits
        totals: dict[str, int] = {
            "exports": limits.exports,
            "tickets-index": limits.tickets_index,
            "tickets-update": limits.ticket_update,
            "ticket-fields-index": limits.ticket_fields_index,
            "ticket-fields-update": limits.ticket_fields_update,
            "audits": limits.audits,
            "search-export": limits.search_export,
            "deleted-tickets-destroy": 1000,
            "talk": 10,
        }
        found: list[tuple[str, int, int]] = []
        if endpoint.bucket == "exports" and self._site.faults.is_on("unlimited_exports"):
            return []
        if endpoint.bucket is not None:
            found.append((endpoint.bucket, totals[endpoint.bucket], MINUTE))
        if endpoint.bucket == "tickets-update":
            who = f"per-ticket-updates {self._user_id} {call.ident}"
            found.append((who, limits.per_ticket, TEN_MINUTES))
        if endpoint.template in ("PUT /api/v2/users/{id}", "PUT /api/v2/organizations/{id}"):
            found.append((f"single {call.path}", UPDATES_OF_ONE, MINUTE))
        return found

    def _refuse_if_empty(self, reading: Reading) -> None:
        if not reading.refused:
            return
        headers = {"Retry-After": str(reading.resets)}
        if reading.name.startswith("single users"):
            raise Refusal(429, PER_USER_TEXT, headers, "text/plain; charset=utf-8")
        text = self._site.settings.assumptions.plan_limit_text
        if reading.name == "exports":
            text = EXPORTS_TEXT
        raise Refusal(429, {"error": "APIRateLimitExceeded", "description": text}, headers)

    def _check_rights(self, endpoint: Endpoint, call: Call) -> None:
        if endpoint.anonymous and call.grant is None:
            return
        write = endpoint.method != "GET"
        allowed = call.grant is not None and call.grant.allows(endpoint.scope, write=write)
        is_admin = call.user is not None and call.user.role == "admin"
        staff = call.user is not None and call.user.is_staff
        lacking = any(
            self._site.faults.is_on(switch) and endpoint.path.startswith(paths)
            for switch, paths in LACKING.items()
        )
        if not allowed or not staff or lacking or (endpoint.admin and not is_admin):
            text = self._site.settings.assumptions.forbidden_text
            raise Refusal(403, {"error": "Forbidden", "description": text})

    def _enter(self) -> None:
        request, answer = self._request, self._passage.answer
        lost = self._passage.fault is not None and self._passage.fault.kind in LOSING
        ledger = self._site.ledger
        ledger.count(self._template, answer.status, request.headers.get("host", ""))
        if request.method == "GET" or self._template == "POST /oauth/tokens":
            return
        ledger.writes.append(
            Write(
                at=written_at(self._now),
                method=request.method,
                path=self._path,
                template=self._template,
                keys=body_keys(self._body),
                ticket_ids=ticket_ids(self._path, request.query, self._body),
                status=answer.status,
                executed=self._executed,
                delivered=not lost,
                user_id=self._user_id,
                fault=self._met,
            )
        )


def _warning(endpoint: Endpoint, body: Json) -> str | None:
    """The warn header for keys that the endpoint does not take."""
    unknown = _unknown_keys(endpoint, body)
    if not unknown:
        return None
    keys = ", ".join(f'"{key}"' for key in unknown)
    return (
        f'{{:allowed_parameters=>{{:controller=>"{endpoint.controller}", '
        f':action=>"{endpoint.action}", :unpermitted_keys=>[{keys}], :invalid_values=>[]}}}}'
    )


def _unknown_keys(endpoint: Endpoint, body: Json) -> list[str]:
    if endpoint.surface != "support":
        return []
    if endpoint.method == "DELETE":
        inner = [f"{key}.{name}" for key, value in body.items() for name in as_object(value)]
        return inner + list(body)
    if endpoint.wrapper is None or endpoint.permitted is None:
        return []
    given = as_object(body.get(endpoint.wrapper))
    return [f"{endpoint.wrapper}.{key}" for key in sorted(given) if key not in endpoint.permitted]
