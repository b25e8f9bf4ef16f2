# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: a random token in a cookie, its hash and everything else in the database."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from worker.store.people import (
    EVERYBODY,
    Guest,
    begin_session,
    end_session,
    saw_session,
    session_of,
)
from worker.web.sign_in.loopback import is_loopback_host

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from worker.settings import Settings
    from worker.store.database import Database
    from worker.store.people import Role, Session

LONGEST: Final = timedelta(days=7)
"""Then somebody signs in anew, whatever happened meanwhile."""

LONGEST_OF_GUESTS: Final = timedelta(hours=12)
"""Then the provider is asked anew: it may have shut them out, or changed what they may."""

UNUSED: Final = timedelta(hours=12)
_NOTED_EVERY: Final = timedelta(minutes=5)


class Sessions:
    """The sessions of an installation. It blocks: not for the event loop.

    Args:
        database: holds them.
        issuer: the provider whose guests they are; None: people with an account of Stipt's own.
    """

    def __init__(self, database: Database, issuer: str | None = None) -> None:
        self._database = database
        self._issuer = issuer
        self.longest = LONGEST if issuer is None else LONGEST_OF_GUESTS

    def begin(self, name: str, now: datetime, role: Role | None = None) -> str:
        """A new session; its token. `role`: as the provider lets somebody in."""
        token = secrets.token_urlsafe(32)
        guest = None if role is None or self._issuer is None else Guest(self._issuer, role)
        with self._database.write(EVERYBODY) as books:
            begin_session(books, hash_of(token), name, now, guest)
        return token

    def find(self, token: str, now: datetime) -> Session | None:
        """The session of a token while it lasts; that it is used is noted now and then."""
        held = hash_of(token)
        with self._database.read(EVERYBODY) as books:
            found = session_of(books, held)
        if found is None or found.issuer != self._issuer or not is_alive(found, now, self.longest):
            return None
        if now - found.seen_at >= _NOTED_EVERY:
            with self._database.write(EVERYBODY) as books:
                saw_session(books, held, now)
        return found

    def end(self, token: str) -> None:
        """End a session."""
        with self._database.write(EVERYBODY) as books:
            end_session(books, hash_of(token))


def is_alive(session: Session, now: datetime, longest: timedelta = LONGEST) -> bool:
    """Whether a session still lasts."""
    return now - session.created_at < longest and now - session.seen_at < UNUSED


def hash_of(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


class Cookie:
    """A cookie of ours; over HTTPS its name binds it to this host alone.

    Args:
        name: its name without prefix.
        settings: tell whether pages are reached over HTTPS.
        longest: how long the browser keeps it; None: until it is closed.
    """

    def __init__(self, name: str, settings: Settings, longest: timedelta | None = None) -> None:
        self._name = name
        self._is_public = urlsplit(settings.public_url or "").scheme == "https"
        self._longest = longest

    def read(self, request: Request) -> str | None:
        """What the browser holds."""
        return request.cookies.get(self._full_name(request)) or None

    def write(self, request: Request, response: Response, value: str) -> None:
        """Let the browser hold a value."""
        longest = None if self._longest is None else int(self._longest.total_seconds())
        response.set_cookie(
            self._full_name(request),
            value,
            max_age=longest,
            secure=self._is_secure(request),
            httponly=True,
            samesite="lax",  # strict would ask whoever follows a link to sign in again
        )

    def delete(self, request: Request, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(
            self._full_name(request),
            secure=self._is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def _full_name(self, request: Request) -> str:
        return f"__Host-{self._name}" if self._is_secure(request) else self._name

    def _is_secure(self, request: Request) -> bool:
        """Only pages of this machine, shown on it, may do without HTTPS."""
        return self._is_public or not is_loopback_host(request.headers.get("host", ""))
