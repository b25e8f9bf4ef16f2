# SPDX-License-Identifier: GPL-3.0-or-later
"""The page behind the link of a warning: a button that ends its repetitions.

Opening the page changes nothing, because mail scanners follow links. Whoever
has a link needs no account: it is signed, and ends repetitions only.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.routing import Route

from worker.acknowledging import PATH, acknowledge_by, look_at
from worker.notify.wording import ENGLISH
from worker.web.sign_in.forms import is_own_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from worker.acknowledging import Notice, Standing
    from worker.wiring import Installation

_STATUS: Final[Mapping[Standing, int]] = {
    "open": 200,
    "acknowledged": 200,
    "over": 200,
    "invalid": 404,
}
_CSP = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_BUTTON = (
    '<form method="post"><button type="submit">I am at it: stop the repetitions</button></form>'
)


def acknowledge_routes(installation: Installation) -> list[Route]:
    """The page and its button."""

    async def show(request: Request) -> Response:
        token = request.path_params["token"]
        notice = await run_in_threadpool(look_at, installation.database, token)
        return _page(notice, done=False)

    async def take_note(request: Request) -> Response:
        if not is_own_page(request, installation.settings):
            raise HTTPException(403)
        token, now = request.path_params["token"], installation.clock.now()
        notice = await run_in_threadpool(acknowledge_by, installation.database, token, now)
        return _page(notice, done=True)

    path = f"{PATH}/{{token}}"
    return [
        Route(path, show, methods=["GET"], name="acknowledge"),
        Route(path, take_note, methods=["POST"], name="acknowledged"),
    ]


def _page(notice: Notice, *, done: bool) -> Response:
    body = f"<h1>{_title(notice)}</h1>\n<p>{_sentence(notice, done=done)}</p>"
    if notice.standing == "open" and not done:
        body += f"\n{_BUTTON}"
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{_title(notice)}</title></head>\n<body>\n{body}\n</body></html>\n"
    )
    return HTMLResponse(page, _STATUS[notice.standing], {"Content-Security-Policy": _CSP})


def _title(notice: Notice) -> str:
    if notice.cycle is None:
        return "Not a link of Stipt"
    ticket, measure, _ = notice.cycle
    words = {str(name): text for name, text in ENGLISH.measures.items()}
    return f"Ticket {html.escape(ticket)}: {words[measure]}"


def _sentence(notice: Notice, *, done: bool) -> str:
    if notice.standing == "invalid":
        return "This address is none of ours, or was cut off on its way."
    if notice.standing == "over":
        return "This promise is no longer open. Nothing is repeated any more."
    if notice.standing == "acknowledged":
        return "Somebody has acknowledged this already. It is not repeated any more."
    if done:
        return "Noted. It is not repeated any more; other steps still come."
    return "The warning is repeated until somebody says that they are at it."
