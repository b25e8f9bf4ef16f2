# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as bytes and headers, compressed as Zendesk compresses them, broken when asked to."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.refusals import http_date

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from connector.sandbox.gate import Passage
    from connector.sandbox.limits import Reading
    from connector.sandbox.settings import SandboxSettings

COMPRESSED = (200, 404)
SHORTEST_COMPRESSED = 20
BUCKETS_SHOWN_ON = (200, 201, 204, 429)
CLOCK_SHIFT = 600
PIECES = 20
SHOWN_BUCKETS = {
    "tickets-index",
    "tickets-update",
    "per-ticket-updates",
    "deleted-tickets-destroy",
}
Transports = dict[tuple[str, int], asyncio.Transport]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a reply tells besides the answer: when, how long it took, and its request's number."""

    now: int
    runtime: float
    request_id: str
    accepts_gzip: bool


def headers_of(
    passage: Passage, settings: SandboxSettings, envelope: Envelope, raw: bytes
) -> dict[str, str]:
    """All headers but those of the framing."""
    answer = passage.answer
    now = envelope.now
    if passage.fault is not None and passage.fault.kind == "clock_ahead":
        now += CLOCK_SHIFT
    elif passage.fault is not None and passage.fault.kind == "clock_behind":
        now -= CLOCK_SHIFT
    headers = {"Date": http_date(now), "x-request-id": envelope.request_id}
    if passage.surface == "engagements":
        headers |= {"vary": "Accept-Encoding", "zendesk-service": "agent-engagement-api-service"}
    else:
        headers["x-zendesk-api-version"] = "v2"
    if passage.surface == "support":
        headers |= _support_headers(answer.status, settings, envelope, raw)
    headers |= _rate_headers(passage, settings)
    if passage.warning is not None:
        headers["X-Zendesk-API-Warn"] = passage.warning
    if answer.location is not None:
        headers["location"] = answer.location
    if answer.status != 204:
        plain = passage.surface == "support" or not answer.content_type.startswith("application")
        headers["Content-Type"] = answer.content_type if plain else "application/json"
    elif passage.surface == "webhooks":
        headers["Content-Type"] = "application/json"
    return headers | answer.headers


def _support_headers(
    status: int, settings: SandboxSettings, envelope: Envelope, raw: bytes
) -> dict[str, str]:
    headers = {
        "x-runtime": f"{envelope.runtime:.6f}",
        "x-zendesk-application-version": "v1",
        "cache-control": "no-cache",
    }
    if status in {200, 201}:
        headers["cache-control"] = "max-age=0, private, must-revalidate"
        digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        headers["etag"] = f'W/"{digest}"'
    if settings.era != "2023":
        headers["X-Zendesk-API-Gateway"] = "yes"
    return headers


def _rate_headers(passage: Passage, settings: SandboxSettings) -> dict[str, str]:
    plan = passage.plan
    if plan is None:
        return {}
    headers = {
        "x-rate-limit": str(plan.total),
        "x-rate-limit-remaining": str(plan.remaining),
    }
    if passage.surface == "webhooks":
        return headers
    old = settings.era == "2023"
    prefix = "rate-limit" if old else "ratelimit"
    headers["rate-limit" if old else "ratelimit-limit"] = str(plan.total)
    headers[f"{prefix}-remaining"] = str(plan.remaining)
    headers[f"{prefix}-reset"] = str(plan.resets)
    for reading in passage.buckets if passage.answer.status in BUCKETS_SHOWN_ON else ():
        name = reading.name.split(" ", maxsplit=1)[0]
        if name in SHOWN_BUCKETS and not (old and name == "per-ticket-updates"):
            headers[f"zendesk-{prefix}-{name}"] = _bucket_text(reading)
    return headers


def _bucket_text(reading: Reading) -> str:
    return f"total={reading.total}; remaining={reading.remaining}; resets={reading.resets}"


def body_of(passage: Passage) -> bytes:
    """The answer's body before compression."""
    body = passage.answer.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class Reply:
    """Sends an answer, whole or broken. An ASGI application for one request."""

    def __init__(
        self,
        passage: Passage,
        settings: SandboxSettings,
        envelope: Envelope,
        transports: Transports,
    ) -> None:
        self._passage = passage
        self._settings = settings
        self._envelope = envelope
        self._transports = transports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply."""
        del receive
        fault = self._passage.fault
        kind = fault.kind if fault else None
        if kind in {"reset", "executed_then_reset"}:
            self._reset(scope)
            return
        raw = body_of(self._passage)
        headers = headers_of(self._passage, self._settings, self._envelope, raw)
        if kind == "truncated":
            raw = raw[: max(1, len(raw) // 2)]
            await self._send(send, headers | {"Content-Length": str(len(raw))}, [raw])
            return
        if kind == "slow" and fault is not None:
            await asyncio.sleep(fault.seconds)
        raw = self._framed(headers, raw)
        if kind == "reset_mid_page":
            headers.pop("Content-Length", None)
            await self._send(send, headers, [raw[: max(1, len(raw) // 2)]], ends=False)
            await asyncio.sleep(0.05)
            self._reset(scope)
        elif kind == "drip" and fault is not None:
            await self._drip(send, headers, raw, fault.seconds)
        else:
            await self._send(send, headers, [raw])

    def _framed(self, headers: dict[str, str], raw: bytes) -> bytes:
        """Compress and chunk, or give the length, by status as recorded."""
        status = self._passage.answer.status
        if status == 204:
            return b""
        long_enough = len(raw) >= SHORTEST_COMPRESSED
        if status in COMPRESSED and long_enough and self._envelope.accepts_gzip:
            headers["Content-Encoding"] = "gzip"
            return gzip.compress(raw, compresslevel=1)
        headers["Content-Length"] = str(len(raw))
        return raw

    async def _send(
        self, send: Send, headers: dict[str, str], parts: list[bytes], *, ends: bool = True
    ) -> None:
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        status = self._passage.answer.status
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        for number, part in enumerate(parts, 1):
            more = number < len(parts) or not ends
            await send({"type": "http.response.body", "body": part, "more_body": more})

    async def _drip(self, send: Send, headers: dict[str, str], raw: bytes, seconds: float) -> None:
        await self._send(send, headers, [b""], ends=False)
        size = max(1, len(raw) // PIECES)
        for start in range(0, len(raw), size):
            await asyncio.sleep(seconds / PIECES)
            piece = raw[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _reset(self, scope: Scope) -> None:
        """Drop the connection hard: the client sees a reset, not an orderly end."""
        transport = self._transports.get(tuple(scope["client"]))
        if transport is None:
            return
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
