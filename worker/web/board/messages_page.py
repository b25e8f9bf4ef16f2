# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of messages: what was given up, what waits, what went out last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from worker.outcomes import DEAD
from worker.store.accounts import end_notice
from worker.store.letters import Choice, count_letters, letters, retry_letters
from worker.view.words import title
from worker.web.board.icons import icon
from worker.web.board.layout import page, post_form
from worker.web.board.markup import Html, e

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.responses import HTMLResponse

    from worker.store.database import Books
    from worker.store.letters import Letter
    from worker.web.board.layout import Scene

_MOST: Final = 100
_GIVEN_UP: Final = Choice(("dead",))
_PARTS: Final = (
    ("Given up", _GIVEN_UP, "Nobody is told unless somebody lets them go out again."),
    ("Waiting", Choice(("ready", "sending")), "They go out by themselves."),
    ("Sent last", Choice(("sent",)), ""),
)


def messages_page(scene: Scene, books: Books) -> HTMLResponse:
    """Messages by what became of them."""
    parts = [
        _part(scene, name, letters(books, choice, _MOST), count_letters(books, choice), about)
        for name, choice, about in _PARTS
    ]
    return page(scene, "messages", "Messages", e("h1", "Messages"), *parts)


def retry(books: Books, ids: Sequence[int], now: datetime) -> int:
    """Let messages that were given up go out again; all of them where none is named."""
    done = retry_letters(books, Choice(("dead",), tuple(ids)), now)
    if not count_letters(books, _GIVEN_UP):
        end_notice(books, DEAD, now)
    return len(done)


def _part(scene: Scene, name: str, found: Sequence[Letter], number: int, about: str) -> Html:
    is_dead = name == "Given up"
    heading = e("h2", name, e("span", f"{number:,}", class_="status"))
    if not found:
        words = "None was given up." if is_dead else "None."
        return e(
            "section",
            heading,
            e("p", icon("check") if is_dead else None, words, class_="soft calm"),
            class_="card",
        )
    may_retry = is_dead and scene.visitor.role == "operator"
    rows = [_row(scene, one, may_retry=may_retry) for one in found]
    heads = ["Ticket", *_labels(found[0])]
    head = e("tr", *(e("th", one, scope="col") for one in heads), e("td") if may_retry else None)
    table = e("table", e("thead", head), e("tbody", *rows), class_="stacks")
    cut = f"The latest {_MOST} of {number:,}." if number > len(found) else None
    return e(
        "section",
        e("header", heading, _retry_all(scene) if may_retry else None),
        e("p", about, class_="soft") if about else None,
        e("div", table, class_="scroll", role="region", tabindex="0", aria_label=name),
        e("p", cut, class_="soft") if cut else None,
        class_="card messages",
        data_tone="bad" if is_dead else None,
    )


def _labels(one: Letter) -> tuple[str, str, str, str, str, str]:
    """The columns after the ticket's, by what became of the messages."""
    last = {"sent": "Sent", "dead": "Given up"}.get(one.state, "Next try")
    return (
        "Step",
        "To",
        "Step's moment",
        last,
        "Tries",
        "Why" if one.state == "dead" else "Remark",
    )


def _row(scene: Scene, one: Letter, *, may_retry: bool) -> Html:
    step, to, moment, last, tries, why = _labels(one)
    steps = ", ".join(one.steps)
    ticket, said = e("a", "Forecast", href=scene.link("/reports")), steps
    if one.ticket_id:
        path = f"/tickets/{quote(one.ticket_id, safe='')}"
        ticket = e("a", f"#{one.ticket_id}", href=scene.link(path))
        said = f"{title(one.measure, one.cycle)}: {steps}"
    reason = one.reason or ("may have arrived already" if one.may_have_arrived else "")
    return e(
        "tr",
        e("th", ticket, scope="row"),
        e("td", said, data_label=step),
        e("td", one.recipient, data_label=to),
        e("td", _time(scene, one.at), data_label=moment),
        e("td", _time(scene, one.ended_at or one.due), data_label=last),
        e("td", str(one.attempts), data_label=tries),
        e("td", reason, data_label=why),
        e("td", _form(scene, "Send again", one.id)) if may_retry else None,
    )


def _time(scene: Scene, at: datetime) -> Html:
    second = int(at.timestamp())
    return e("time", scene.say.at(second), title=scene.say.whole(second))


def _retry_all(scene: Scene) -> Html:
    return _form(scene, "Send all again", None)


def _form(scene: Scene, words: str, ident: int | None) -> Html:
    hidden = None if ident is None else e("input", type="hidden", name="id", value=ident)
    button = e("button", words, type="submit")
    return post_form(scene, scene.link("/messages/retry"), hidden, button)
