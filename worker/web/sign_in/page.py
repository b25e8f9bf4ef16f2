# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on which people sign in; it works without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from worker.web.board.layout import LOGO, PAGE_POLICY
from worker.web.board.markup import Html, e, together
from worker.web.sign_in.gate import SIGN_IN
from worker.web.sign_in.visitor import FORM_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

Fault = Literal[
    "wrong", "too_often", "old_form", "no_cookie", "denied", "not_admitted", "nameless", "provider"
]

_TOLD: Final[Mapping[Fault, tuple[int, str]]] = {
    "wrong": (403, "The name or the password is not right."),
    "too_often": (429, "Too many tries. Wait a quarter of an hour, then try again."),
    "old_form": (403, "This page was open for too long. Please try again."),
    "no_cookie": (
        403,
        "Your browser sent no cookie. Allow cookies for this page, and open it over HTTPS.",
    ),
    "denied": (403, "The sign-in service did not let you in."),
    "not_admitted": (
        403,
        "You are signed in there, and may not see Stipt. Ask whoever runs it to let you in.",
    ),
    "nameless": (
        403,
        "The sign-in service does not tell Stipt who you are, or has not verified your address.",
    ),
    "provider": (
        502,
        "The sign-in service did not answer as it should. The reason stands in Stipt's log.",
    ),
}


def password_page(wanted: str, token: str, fault: Fault | None) -> Response:
    """The page for a name and a password; nothing that was typed is repeated."""
    status, told = _TOLD[fault] if fault else (200, None)
    return _page("Sign in", _form(wanted, token, told), status)


def provider_page(host: str, begin: str, wanted: str, fault: Fault | None) -> Response:
    """The page with the way to a provider."""
    status, told = _TOLD[fault] if fault else (200, None)
    query = "" if wanted == "/" else f"?{urlencode({'next': wanted})}"
    card = e(
        "section",
        e("h1", "Sign in"),
        _told(told),
        e("p", "Stipt asks ", e("b", host), " who you are.", class_="soft"),
        e("a", "Try again" if fault else "Continue", href=f"{begin}{query}", class_="button"),
        class_="card",
    )
    return _page("Sign in", card, status)


def parting_page(host: str, address: str) -> Response:
    """The page that leads to the end of a provider's session.

    It goes on by itself. A redirect would not do: after a form, browsers follow one to another
    site only where the form's page allows forms to be sent there.
    """
    card = e(
        "section",
        e("h1", "Signed out"),
        e("p", "You are signed out of Stipt. ", e("b", host), " ends your session there."),
        e("a", "Continue", href=address, class_="button"),
        class_="card",
    )
    return _page("Signed out", card, 200, onward=address)


def _page(title: str, card: Html, status: int, onward: str | None = None) -> Response:
    """The whole page; it goes `onward` at once where that is given."""
    head = (
        e("meta", charset="utf-8"),
        e("meta", name="viewport", content="width=device-width, initial-scale=1"),
        e("meta", name="color-scheme", content="light dark"),
        e("meta", name="robots", content="noindex"),
        e("meta", http_equiv="refresh", content=f"0; url={onward}") if onward else None,
        e("title", f"{title} · Stipt"),
        e("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
        e("link", rel="stylesheet", href="/static/board.css"),
        e("link", rel="stylesheet", href=f"{SIGN_IN}/style.css"),
    )
    brand = e("p", LOGO, e("span", "Stipt"), class_="brand")
    main = e("main", brand, card, class_="sign-in")
    document = e("html", e("head", *head), e("body", main), lang="en")
    headers = {"content-security-policy": PAGE_POLICY}
    return HTMLResponse(together(Html("<!doctype html>\n"), document), status, headers)


def _told(told: str | None) -> Html | None:
    return e("p", told, class_="callout", data_tone="bad", role="alert") if told else None


def _form(wanted: str, token: str, told: str | None) -> Html:
    return e(
        "form",
        e("h1", "Sign in"),
        _told(told),
        e("label", "Name", for_="name"),
        e(
            "input",
            id="name",
            name="name",
            autocomplete="username",
            autocapitalize="none",
            spellcheck="false",
            required=True,
            autofocus=True,
            maxlength=100,
        ),
        e("label", "Password", for_="password"),
        e(
            "input",
            id="password",
            name="password",
            type="password",
            autocomplete="current-password",
            required=True,
            maxlength=200,
        ),
        e("input", type="hidden", name="next", value=wanted),
        e("input", type="hidden", name=FORM_FIELD, value=token),
        e("button", "Sign in", type="submit"),
        method="post",
        action=SIGN_IN,
        class_="card",
    )
