# SPDX-License-Identifier: GPL-3.0-or-later
"""An ID token: signed by the provider, for us, for this very sign-in, and not too old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import extract_compact

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from joserfc.jwk import KeySet

    from worker.web.sign_in.provider import Claims

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)
"""Signatures with a provider's own key: none with a secret that we know too, and never none."""

LEEWAY_S: Final = 60
"""So much the provider's clock may differ from ours."""

_MOST_CHARACTERS: Final = 32 * 1024


class TokenRefused(Exception):
    """The token is not one to be believed; the text names the claim, not what it says."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str


def claims_of(
    token: str, keys: Callable[[str | None], KeySet], expected: Expected, now: datetime
) -> Claims:
    """What a token says, once everything about it is right.

    Args:
        token: as the provider gave it.
        keys: the provider's keys, with the one of that id if there is one.
        expected: for whom and which sign-in it must be.
        now: the present instant.

    Raises:
        TokenRefused: anything about it is wrong.
        ProviderFault: the keys cannot be had.
    """
    if len(token) > _MOST_CHARACTERS:
        raise TokenRefused("the token is too long")
    try:
        named = extract_compact(token.encode()).headers().get("kid")
        found = keys(named if isinstance(named, str) else None)
        claims = jwt.decode(token, found, algorithms=ALGORITHMS).claims
        _registry(expected, now).validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise TokenRefused(_reason(fault)) from None
    _only_for_us(claims, expected)
    return claims


def _registry(expected: Expected, now: datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )


def _only_for_us(claims: Claims, expected: Expected) -> None:
    """A token for several, or that names for whom it was made, must have been made for us."""
    party, audience = claims.get("azp"), claims.get("aud")
    are_several = isinstance(audience, list) and len(audience) > 1
    if (party is not None or are_several) and party != expected.client_id:
        raise TokenRefused("invalid_claim azp")
    for claim in ("iss", "nonce"):
        if not isinstance(claims[claim], str):  # a list that holds the right one is not right
            raise TokenRefused(f"invalid_claim {claim}")


def _reason(fault: Exception) -> str:
    """What is wrong, without what the token says."""
    if not isinstance(fault, JoseError):
        return "the token is not one"
    claim = getattr(fault, "claim", None)
    return f"{fault.error} {claim}" if isinstance(claim, str) else str(fault.error)
