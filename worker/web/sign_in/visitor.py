# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks for a page, as the gate has found and left it on the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

    from worker.store.people import Role

FORM_FIELD: Final = "form_token"
"""The hidden field of every form that changes something."""

_KEY: Final = "stipt.visitor"
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: `name` is None where nobody needs to sign in.

    `form_token` stands in every form that this visitor is shown; `signs_out`: a
    session of ours could be ended.
    """

    name: str | None
    role: Role
    form_token: str = field(repr=False)
    signs_out: bool = False


def is_name(told: str) -> bool:
    """Whether a proxy or a provider told what can be somebody's name."""
    return 0 < len(told) <= _LONGEST_NAME and told.isprintable()


def visitor_of(request: Request) -> Visitor:
    """Who asks.

    Raises:
        HTTPException: 401, the request has come past the gate unseen.
    """
    found = request.scope.get(_KEY)
    if not isinstance(found, Visitor):
        raise HTTPException(401)
    return found


def with_visitor(visitor: Visitor) -> dict[str, object]:
    """What the gate adds to a request's scope."""
    return {_KEY: visitor}


def require_operator(request: Request) -> None:
    """Let only operators through; that a form is ours the gate has seen.

    Raises:
        HTTPException: 401 for nobody known, 403 for a viewer.
    """
    if visitor_of(request).role != "operator":
        raise HTTPException(403)
