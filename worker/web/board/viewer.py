# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks: what a sign-in has put on the request, or whoever sits at this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

    from worker.settings import Settings

Role = Literal["viewer", "operator"]

ROLE: Final = "stipt.role"
"""Where a sign-in leaves the role, in the request's scope."""


def role_of(request: Request, settings: Settings) -> Role:
    """The role of who asks.

    Without a sign-in nothing but a loopback address is bound, and whoever is on this machine
    may do everything. With one, a request that no sign-in has passed is refused.

    Raises:
        HTTPException: 401 for nobody known.
    """
    role = request.scope.get(ROLE)
    if role == "viewer":
        return "viewer"
    if role == "operator" or not settings.auth:
        return "operator"
    raise HTTPException(401)


def require_operator(request: Request, settings: Settings) -> None:
    """Let only operators change something, and only from a page of ours.

    Raises:
        HTTPException: 401 for nobody known, 403 for a viewer or a form of another site.
    """
    if role_of(request, settings) != "operator" or not _is_own_form(request):
        raise HTTPException(403)


def _is_own_form(request: Request) -> bool:
    """Whether the browser says that the form stood on a page of this server."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")
