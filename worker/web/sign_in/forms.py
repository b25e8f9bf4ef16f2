# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of our own: read with a bound, and known by a token that no other site can tell."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException

from worker.store.acknowledgements import known_signing_key, signing_key
from worker.web.sign_in.visitor import FORM_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import Message, Receive

    from worker.settings import Settings
    from worker.store.database import Database

MOST_BYTES: Final = 64 * 1024
HEADER: Final = "x-stipt-form"
"""Where scripts name the token instead of the field."""


class Seal:
    """Proofs under a key of the installation: the same in all of its processes.

    Args:
        database: holds the key.
        account: the account among whose columns it stands.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account
        self._key: bytes | None = None

    def proof(self, purpose: str, text: str) -> str:
        """A proof that only this installation can make; it may ask the database."""
        if self._key is None:
            self._key = self._held().encode()
        return hmac.new(self._key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()

    def is_proof(self, given: str, purpose: str, text: str) -> bool:
        """Whether that is the proof, compared in constant time."""
        return hmac.compare_digest(given.encode(), self.proof(purpose, text).encode())

    def _held(self) -> str:
        with self._database.read(self._account) as books:
            known = known_signing_key(books)
        if known is not None:
            return known
        with self._database.write(self._account) as books:
            return signing_key(books)


async def read_body(receive: Receive) -> bytes:
    """The whole body.

    Raises:
        HTTPException: 413, more than `MOST_BYTES`; 400, the caller has gone.
    """
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400)
        piece: bytes = message.get("body", b"")
        body += piece
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
        if not message.get("more_body", False):
            return body


def fields_of(body: bytes) -> Mapping[str, str]:
    """The fields of a form; the first of those that have the same name.

    Raises:
        HTTPException: 400, it is none.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        raise HTTPException(400) from None
    return dict(reversed(pairs))


def token_in(request: Request, body: bytes) -> str:
    """The form token that a request names; empty for none."""
    named = request.headers.get(HEADER)
    if named is not None:
        return named
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return ""
    return fields_of(body).get(FORM_FIELD, "")


def is_own_page(request: Request, settings: Settings) -> bool:
    """Whether nothing tells that the form stood on a page of another site."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    own = {request.headers.get("host"), urlsplit(settings.public_url or "").netloc}
    return urlsplit(origin).netloc in own - {None, ""}


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more to whoever reads it next."""
    is_given = False

    async def receive_again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
