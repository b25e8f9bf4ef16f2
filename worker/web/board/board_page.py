# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of all open tickets by deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from worker.view.speech import said
from worker.web.board.asking import MOST_ROWS, WINDOW
from worker.web.board.glance import glance
from worker.web.board.hours import coming_hours
from worker.web.board.icons import icon
from worker.web.board.layout import page
from worker.web.board.lines import COLUMNS, counts, line_row
from worker.web.board.markup import Html, e, together
from worker.web.board.snapshot import FACETS

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import HTMLResponse

    from connector.records import PhoneQueue
    from rules.policy import Policy
    from worker.reporting.standing import Standing
    from worker.web.board.asking import Asked, Found
    from worker.web.board.layout import Scene
    from worker.web.board.snapshot import Held


_SANDBOX: Final = (
    "This helpdesk is a fictional one on this machine; its clock may run faster than yours."
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What an account has besides its tickets: rules, how it stands, who waits on the phone."""

    policy: Policy
    known: tuple[Standing, datetime] | None = None
    queue: tuple[PhoneQueue, datetime] | None = None


def board_page(
    scene: Scene,
    held: Held,
    asked: Asked,
    found: Found,
    ground: Ground,
) -> HTMLResponse:
    """The board as somebody asks for it."""
    return page(
        scene,
        "board",
        "Open tickets",
        e(
            "div",
            e("h1", "Open tickets by deadline"),
            e("p", "A ticket's number leads to its clock, and to why it holds.", class_="soft"),
            e("p", _SANDBOX, class_="soft") if scene.is_sandbox else None,
        ),
        e("p", "", class_="unseen", role="status", id="told"),
        counts(found.counts, asked, scene),
        glance(scene, held, ground.known, ground.queue),
        _filters(scene, held, asked),
        e("div", coming_hours(found.dues, ground.policy, scene), id="hours"),
        results(scene, asked, found),
    )


def results(scene: Scene, asked: Asked, found: Found) -> Html:
    """The window of rows, and the way to more of them."""
    if not found.lines:
        return e("section", _empty(scene, asked, found), id="results", aria_label="Tickets")
    rows = [line_row(line, scene) for line in found.lines[: asked.rows]]
    heads = [e("th", name, scope="col", class_=_class(name)) for name in COLUMNS]
    table = e(
        "table",
        e("caption", "Open tickets, the most urgent first", class_="unseen"),
        e("thead", e("tr", *heads)),
        e("tbody", *rows, id="rows"),
    )
    return e(
        "section", table, more(scene, asked, len(found.lines)), id="results", aria_label="Tickets"
    )


def more(scene: Scene, asked: Asked, total: int) -> Html:
    """How many rows are shown of how many, and the link to more."""
    shown = min(asked.rows, total)
    link = None
    if shown < total and shown < MOST_ROWS:
        further = replace(asked, rows=asked.rows + WINDOW).query()
        label = f"Show {min(WINDOW, total - shown)} more"
        link = e("a", label, href=scene.link("/", further), class_="button", id="more")
    words = e("span", f"{shown:,} of {total:,} tickets")
    return e("p", words, link, class_="more", data_rows=asked.rows)


def _empty(scene: Scene, asked: Asked, found: Found) -> Html:
    if not found.held.is_read:
        words = "The helpdesk is being read for the first time. Tickets appear as they come in."
        return e("p", words, class_="empty")
    if not asked.is_narrowed:
        return e("p", "No open tickets. Enjoy the silence.", class_="empty")
    link = e("a", "Show all of them", href=scene.link("/"))
    return e("p", "No open ticket fits. ", link, class_="empty")


def _class(name: str) -> str:
    return "left" if name == "Time left" else name.lower()


def _filters(scene: Scene, held: Held, asked: Asked) -> Html:
    search = e(
        "label",
        icon("search"),
        e("span", "Search", class_="unseen"),
        e(
            "input",
            type="search",
            name="q",
            value=asked.search or None,
            placeholder="Ticket number, customer, group",
            autocomplete="off",
            maxlength=200,
        ),
        class_="search",
    )
    account = scene.account if len(scene.accounts) > 1 else None
    return e(
        "form",
        search,
        selects(held, asked),
        e("input", type="hidden", name="state", value=asked.state) if asked.state else None,
        e("input", type="hidden", name="account", value=account) if account else None,
        e("button", "Filter", type="submit"),
        e("a", "Clear", href=scene.link("/"), class_="clear", hidden=not asked.is_narrowed),
        method="get",
        action="/",
        role="search",
        id="filters",
        aria_label="Filters",
    )


def selects(held: Held, asked: Asked) -> Html:
    """What the board can be narrowed by, as far as tickets have it."""
    some = [_select(name, held.values[name], asked.facets.get(name)) for name in FACETS]
    return e("div", *some, class_="selects")


def _select(name: str, values: tuple[str, ...], chosen: str | None) -> Html | None:
    if not values and chosen is None:
        return None
    known = values if chosen is None or chosen in values else (chosen, *values)
    options = [e("option", f"Any {name}", value="")]
    options += [
        e(
            "option",
            said("measure", one) if name == "measure" else one,
            value=one,
            selected=one == chosen,
        )
        for one in known
    ]
    return e(
        "label",
        e("span", name.capitalize(), class_="unseen"),
        e("select", *options, name=name, data_chosen=chosen is not None),
    )


def window(scene: Scene, found: Found, since: int, until: int) -> Html:
    """Rows alone, from one place up to another."""
    return together(*(line_row(line, scene) for line in found.lines[since:until]))
