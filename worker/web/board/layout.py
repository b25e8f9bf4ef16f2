# SPDX-License-Identifier: GPL-3.0-or-later
"""What all pages of the board share: the head, the way between them, and their headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from worker.web.board.markup import Html, e, together
from worker.web.sign_in.visitor import FORM_FIELD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.view.speech import Speaker
    from worker.web.sign_in.visitor import Visitor

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PLACES: Final = (
    ("board", "/", "Board"),
    ("reports", "/reports", "Reports"),
    ("policy", "/policy", "Policy"),
    ("messages", "/messages", "Messages"),
    ("health", "/health", "Health"),
)
_AGAIN_S: Final = {"ticket": 10, "messages": 15, "health": 15}
"""Seconds after which a page is read again; the board hears of changes by itself."""

LOGO: Final = Html(
    '<svg class="logo" viewBox="0 0 128 128" width="28" height="28" aria-hidden="true">'
    '<rect width="128" height="128" rx="24"/>'
    '<path class="hand" d="M100 58.5A37 37 0 1 1 81 31.2M64 42v23l15 9"/>'
    '<path class="tick" d="M85 43l9 9 16-20"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Scene:
    """For whom and when a page is drawn.

    `accounts` are all names; links carry the account where there are several. `is_sandbox`: the
    helpdesk is a fictional one on this machine.
    """

    account: str
    accounts: Sequence[str]
    visitor: Visitor
    now: datetime
    say: Speaker
    is_sandbox: bool = False

    @property
    def second(self) -> int:
        """The present instant in epoch seconds."""
        return int(self.now.timestamp())

    def link(self, path: str, query: str = "") -> str:
        """The address of a page of the same account."""
        parts = [query] if query else []
        if len(self.accounts) > 1:
            parts.append(urlencode({"account": self.account}))
        return f"{path}?{'&'.join(parts)}" if parts else path


def page(
    scene: Scene, place: str, title: str, *parts: Html | None, status: int = 200
) -> HTMLResponse:
    """A whole page: `place` is where in the site it is, `title` what its tab is called."""
    document = together(
        Html("<!doctype html>\n"),
        e(
            "html",
            e("head", *_head(title)),
            e(
                "body",
                e("a", "Skip to content", class_="skip", href="#content"),
                _banner(scene, place),
                e("main", *parts, id="content", tabindex="-1", data_again=_AGAIN_S.get(place)),
            ),
            lang="en",
        ),
    )
    return HTMLResponse(document, status, {"content-security-policy": PAGE_POLICY})


def fragment(content: Html) -> HTMLResponse:
    """A piece of a page."""
    return HTMLResponse(content, headers={"content-security-policy": PAGE_POLICY})


def post_form(scene: Scene, action: str, *parts: Html | None, class_: str | None = None) -> Html:
    """A form that changes something; the gate takes no other than one with this hidden field."""
    token = e("input", type="hidden", name=FORM_FIELD, value=scene.visitor.form_token)
    return e("form", token, *parts, method="post", action=action, class_=class_)


def _head(title: str) -> list[Html]:
    return [
        e("meta", charset="utf-8"),
        e("meta", name="viewport", content="width=device-width, initial-scale=1"),
        e("meta", name="color-scheme", content="light dark"),
        e("title", f"{title} · Stipt"),
        e("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
        e("link", rel="stylesheet", href="/static/board.css"),
        e("link", rel="stylesheet", href="/static/reports.css"),
        e("script", src="/static/board.js", type="module"),
    ]


def _banner(scene: Scene, place: str) -> Html:
    links = [
        e("a", name, href=scene.link(path), aria_current="page" if key == place else None)
        for key, path, name in _PLACES
    ]
    return e(
        "header",
        e("a", LOGO, e("span", "Stipt"), class_="brand", href=scene.link("/")),
        e("nav", *links, aria_label="Pages"),
        _accounts(scene),
        e(
            "p",
            e("span", class_="pulse", aria_hidden="true"),
            e(
                "time",
                scene.say.clock(scene.second),
                class_="now",
                data_now=scene.now.timestamp(),
                data_zone=scene.say.zone.key,
            ),
            class_="present",
            title=f"Times are those of {scene.say.zone.key}",
        ),
        _person(scene),
        class_="banner",
    )


def _person(scene: Scene) -> Html | None:
    """Who is signed in, and the way out."""
    visitor = scene.visitor
    if visitor.name is None:
        return None
    name = e("span", visitor.name, title=f"Signed in as {visitor.role}", class_="tag")
    if not visitor.signs_out:
        return name
    return post_form(scene, "/sign-out", name, e("button", "Sign out"), class_="person")


def _accounts(scene: Scene) -> Html | None:
    if len(scene.accounts) < 2:
        return None
    links = [
        e(
            "a",
            name,
            href=f"/?{urlencode({'account': name})}",
            aria_current="true" if name == scene.account else None,
        )
        for name in scene.accounts
    ]
    return e("nav", *links, class_="accounts", aria_label="Accounts")
