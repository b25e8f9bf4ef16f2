# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses at which people sign in and out, as the settings say how."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from worker.web.sign_in.gate import SIGN_IN, SIGN_OUT
from worker.web.sign_in.knowing import BySession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from worker.web.sign_in.forms import Seal
    from worker.wiring import Installation


def sign_in_routes(installation: Installation, seal: Seal) -> list[Route]:
    """The pages of the sign-in that is set up; none where sessions are not ours."""
    ways = {"local": _by_password, "oidc": _by_provider}
    way = ways.get(installation.settings.auth)
    if way is None:
        return []
    known = BySession(installation, seal)
    return [
        *way(installation, seal, known),
        Route(f"{SIGN_IN}/style.css", _style),
    ]


def _by_password(installation: Installation, seal: Seal, known: BySession) -> list[Route]:
    from worker.web.sign_in.password_desk import PasswordDesk  # noqa: PLC0415 -- one of the two

    desk = PasswordDesk(installation, seal, known)
    return [
        Route(SIGN_IN, desk.show, methods=["GET"]),
        Route(SIGN_IN, desk.sign_in, methods=["POST"]),
        Route(SIGN_OUT, _sign_out(known), methods=["POST"]),
    ]


def _by_provider(installation: Installation, seal: Seal, known: BySession) -> list[Route]:
    from worker.web.sign_in.provider_desk import (  # noqa: PLC0415 -- loads cryptography
        BEGIN,
        CALLBACK,
        ProviderDesk,
    )

    desk = ProviderDesk(installation, seal, known)
    return [
        Route(SIGN_IN, desk.show, methods=["GET"]),
        Route(BEGIN, desk.begin, methods=["GET"]),
        Route(CALLBACK, desk.come_back, methods=["GET"]),
        Route(SIGN_OUT, desk.sign_out, methods=["POST"]),
    ]


def _sign_out(known: BySession) -> Callable[[Request], Awaitable[Response]]:
    async def sign_out(request: Request) -> Response:
        """End the session here and in the browser."""
        await run_in_threadpool(known.end, request)
        response = RedirectResponse(SIGN_IN, 303)
        known.cookie.delete(request, response)
        return response

    return sign_out


async def _style(request: Request) -> Response:
    del request
    return Response(_sheet(), media_type="text/css", headers={"cache-control": "max-age=300"})


@cache
def _sheet() -> bytes:
    return files("worker.web.sign_in").joinpath("sign_in.css").read_bytes()
