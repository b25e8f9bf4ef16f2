# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's look at who may see the web pages: is the sign-in whole, and does it answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.doctor_finding import Finding
from worker.settings import SettingsInvalid
from worker.web.binding import web_address
from worker.web.sign_in.provider import Provider, ProviderFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.settings import Settings

_GROUP = "web"
_OPENID = "oidc"
_NOBODY = "anybody on this machine sees the pages; nobody else reaches them"


def look_at_sign_in(settings: Settings) -> Iterator[Finding]:
    """Whether `stipt run` would serve pages, and whether people can sign in to them."""
    unused = sorted(name for name in settings.model_fields_set if name.startswith(f"{_OPENID}_"))
    if unused and settings.auth != _OPENID:
        names = ", ".join(f"STIPT_{name.upper()}" for name in unused)
        seen = f"{names} without STIPT_AUTH={_OPENID}: nobody signs in that way"
        yield Finding(
            _GROUP, "unused settings", "warn", seen, f"set STIPT_AUTH={_OPENID}, or delete them"
        )
    try:
        web_address(settings)
    except SettingsInvalid as fault:
        remedy = "stipt run with web pages does not start like this; docs/sign-in.md has examples"
        for problem in fault.problems:
            yield Finding(_GROUP, "sign-in", "fail", problem, remedy)
        return
    told = f"STIPT_AUTH={settings.auth}" if settings.auth else f"none: {_NOBODY}"
    yield Finding(_GROUP, "sign-in", "ok", told)
    if settings.auth == _OPENID:
        yield _provider(settings)


def _provider(settings: Settings) -> Finding:
    """Whether the provider tells its addresses and keys, on hosts that may be called."""
    provider = Provider(settings)
    try:
        provider.try_out()
    except ProviderFault as fault:
        remedy = "docs/sign-in.md says what each means; the client and its secret are not tried"
        return Finding(_GROUP, "provider", "fail", f"{provider.host}: {fault}", remedy)
    seen = f"{provider.host} tells its addresses and keys; the client and its secret are not tried"
    return Finding(_GROUP, "provider", "ok", seen)
