# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up with zenpy: the only module that imports it, and only when a field must be written.

zenpy sleeps in the thread on 429, follows links with credentials and logs
bodies at DEBUG, so it is kept to a handful of calls by an admin's command.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Final

import requests

from connector.base import CredentialsRejected, Refused, Throttled, Unavailable
from connector.zendesk.account import SETUP_SCOPES, AccessToken, ApiToken
from connector.zendesk.names import FIELD_TITLES, FIELD_TYPES
from connector.zendesk.tokens import grant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zenpy import Zenpy

    from connector.zendesk.session import Session
    from connector.zendesk.wire import OptionRow
    from rules.changes import OwnField

_FORCED: Final = ("ZENPY_FORCE_SCHEME", "ZENPY_FORCE_NETLOC")
_LOCK: Final = threading.Lock()
_TIMEOUT_S: Final = 30
_PATIENCE_S: Final = 90


class FieldSetup:
    """Creates our ticket fields and adds options to them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._signed_in: dict[str, str] | None = None

    def create(self, own: OwnField, options: Sequence[tuple[str, str]]) -> str:
        """Create one of our fields; returns its id.

        Args:
            own: which one.
            options: name and tag of each option, for drop-downs.

        Raises:
            HelpdeskError: the field was not created.
        """
        from zenpy.lib.api_objects import TicketField  # noqa: PLC0415 - heavy, set-up only

        field = TicketField(
            type=FIELD_TYPES[own],
            title=FIELD_TITLES[own],
            description="Kept by Stipt. What is changed by hand is put back.",
            visible_in_portal=False,
            editable_in_portal=False,
            **_options([{"name": name, "value": tag} for name, tag in options]),
        )
        with self._client() as client:
            return str(client.ticket_fields.create(field).id)

    def add_options(
        self, field_id: str, held: Sequence[OptionRow], missing: Sequence[tuple[str, str]]
    ) -> None:
        """Add options to a drop-down; those it holds are sent along, or they would be lost.

        Raises:
            HelpdeskError: nothing was added.
        """
        from zenpy.lib.api_objects import TicketField  # noqa: PLC0415 - heavy, set-up only

        rows: list[dict[str, object]] = [
            {"id": row.id, "name": row.name, "value": row.value} for row in held
        ]
        rows.extend({"name": name, "value": tag} for name, tag in missing)
        field = TicketField(id=int(field_id), **_options(rows))
        with self._client() as client:
            client.ticket_fields.update(field)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Zenpy]:
        """A client for one deed, with a token that is not kept.

        Raises:
            HelpdeskError: what zenpy's own errors mean.
        """
        from zenpy import Zenpy  # noqa: PLC0415 - heavy, set-up only
        from zenpy.lib.exception import (  # noqa: PLC0415 - heavy, set-up only
            APIException,
            RatelimitBudgetExceeded,
            ZenpyException,
        )

        account = self._session.account
        subdomain, _, domain = account.netloc.partition(".")
        with _pointed_at(account.netloc if account.is_loopback else None), self._http() as http:
            try:
                yield Zenpy(
                    subdomain=subdomain if domain else "loopback",
                    domain=domain or "zendesk.com",
                    session=http,
                    disable_cache=True,
                    timeout=_TIMEOUT_S,
                    ratelimit_budget=_PATIENCE_S,
                    **self._credentials(),
                )
            except RatelimitBudgetExceeded:
                raise Throttled(60.0, "setup") from None
            except APIException as error:
                raise _meaning(error) from None
            except requests.HTTPError as error:
                raise _meaning(error) from None
            except requests.RequestException as error:
                raise Unavailable(f"set-up: {type(error).__name__}") from None
            except ZenpyException as error:
                raise Refused(f"set-up: {type(error).__name__}") from None

    def _credentials(self) -> dict[str, str]:
        """How zenpy signs in: with a token for this set-up alone, dropped at its end."""
        if self._signed_in is None:
            self._signed_in = self._sign_in()
        return self._signed_in

    def _sign_in(self) -> dict[str, str]:
        credentials = self._session.account.credentials
        if isinstance(credentials, AccessToken):
            return {"oauth_token": credentials.token}
        if isinstance(credentials, ApiToken):
            return {"email": credentials.email, "token": credentials.token}
        granted = grant(credentials, SETUP_SCOPES, self._session.call_once)
        return {"oauth_token": granted.access_token}

    @contextlib.contextmanager
    def _http(self) -> Iterator[requests.Session]:
        """A session that counts its calls beside ours."""
        with requests.Session() as http:
            http.trust_env = not self._session.account.is_loopback
            http.hooks["response"].append(self._count)
            yield http

    def _count(self, response: requests.Response, **_: object) -> None:
        method = (response.request.method or "GET").upper()
        self._session.count(f"{method} /ticket_fields")


@contextlib.contextmanager
def _pointed_at(netloc: str | None) -> Iterator[None]:
    """Point zenpy at a loopback address while it works: it reads the environment."""
    with _LOCK:
        before = {name: os.environ.get(name) for name in _FORCED}
        if netloc is not None:
            os.environ.update(zip(_FORCED, ("http", netloc), strict=True))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _options(rows: list[dict[str, object]]) -> dict[str, object]:
    return {"custom_field_options": rows} if rows else {}


def _meaning(error: Exception) -> Exception:
    """The connector's error for one of zenpy's; its text may hold bodies and is dropped."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    said = f"set-up: status {status}"
    if status in {401, 403}:
        return CredentialsRejected(said)
    return Unavailable(said) if status >= 500 or status == 0 else Refused(said)
