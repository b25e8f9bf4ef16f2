# SPDX-License-Identifier: GPL-3.0-or-later
"""Who somebody is, and what they may do, by what a provider tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.web.sign_in.visitor import is_name

if TYPE_CHECKING:
    from worker.settings import Settings
    from worker.store.people import Role
    from worker.web.sign_in.provider import Claims


class NotAdmitted(Exception):
    """The provider knows them, and the settings do not let them in."""


class Nameless(Exception):
    """The provider does not tell by which name they are known here."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody who may come in."""

    name: str
    role: Role


def admitted(claims: Claims, settings: Settings) -> Admitted:
    """As whom somebody comes in.

    Raises:
        Nameless: the claim of the name is missing, or an address that was not verified.
        NotAdmitted: they are none of those who may.
    """
    name = _name(claims, settings.oidc_name_claim)
    values = _values(claim_at(claims, settings.oidc_role_claim))
    operators = {one.casefold() for one in settings.auth_operators}
    if name.casefold() in operators or values & set(settings.oidc_operators):
        return Admitted(name, "operator")
    if settings.oidc_viewers and not values & set(settings.oidc_viewers):
        raise NotAdmitted
    return Admitted(name, "viewer")


def needs_more(claims: Claims, settings: Settings) -> bool:
    """Whether the token leaves open what the provider may tell beside it."""
    wanted = {settings.oidc_name_claim}
    if settings.oidc_operators or settings.oidc_viewers:
        wanted.add(settings.oidc_role_claim)
    return any(claim_at(claims, one) is None for one in wanted)


def claim_at(claims: Claims, path: str) -> object:
    """A claim by its name, or by a path into claims: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def _name(claims: Claims, claim: str) -> str:
    found = claim_at(claims, claim)
    name = found.strip() if isinstance(found, str) else ""
    if not is_name(name):
        raise Nameless
    if claim == "email" and claims.get("email_verified", True) not in (True, "true"):
        raise Nameless
    return name


def _values(found: object) -> set[str]:
    """A claim that is one word or a list of them."""
    if isinstance(found, str):
        return {found}
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()
