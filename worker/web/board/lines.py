# SPDX-License-Identifier: GPL-3.0-or-later
"""The board's parts that change while it is looked at: rows, counts, the coming hours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote
from zlib import crc32

from worker.view.shapes import TONES
from worker.view.speech import said, span, text, worked
from worker.view.targets import iso
from worker.view.words import title
from worker.web.board.asking import STATES
from worker.web.board.icons import STATE_ICONS, icon
from worker.web.board.markup import Html, e, together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.store.board import OpenCycle
    from worker.view.shapes import StateWord
    from worker.web.board.asking import Asked, Line
    from worker.web.board.layout import Scene

COLUMNS = ("Time left", "Ticket", "Due", "Measure", "Customer", "Tier", "Group", "Assignee")

_COUNTED: dict[StateWord, str] = {
    "breached": "Breached",
    "at_risk": "At risk",
    "on_track": "On track",
    "paused": "Paused",
    "none": "No SLA",
}


def line_row(line: Line, scene: Scene) -> Html:
    """The row of a ticket."""
    ticket, cycle = line.ticket, line.cycle
    measure = "" if cycle is None else title(cycle.measure, cycle.cycle)
    due = _due(cycle, scene)
    path = f"/tickets/{quote(ticket.ticket_id, safe='')}"
    number = f"#{ticket.ticket_id}"
    status = e("span", said("status", ticket.status), class_="status")
    return e(
        "tr",
        e("td", _left(line, scene), class_="left"),
        e(
            "th",
            e("a", number, href=scene.link(path)),
            status,
            e("span", _short(ticket.customer, measure), class_="narrow"),
            scope="row",
            class_="ticket",
        ),
        e("td", due, class_="due"),
        e("td", measure, class_="measure"),
        e("td", ticket.customer or "", class_="customer"),
        e("td", _tier(ticket.tier), class_="tier"),
        e("td", ticket.group or "", class_="group"),
        e("td", ticket.assignee or e("span", "nobody", class_="soft"), class_="assignee"),
        id=f"t{ticket.ticket_id}",
        data_mark=line_mark(line, scene),
        data_tone=TONES[line.state],
    )


def line_mark(line: Line, scene: Scene) -> str:
    """A name for what a row says, but for what is left: that moves by itself."""
    ticket, cycle = line.ticket, line.cycle
    is_judged = ticket.mark[1] > 0
    shown: tuple[object, ...] = (ticket._replace(mark=(0, 0), cycles=()), line.state, is_judged)
    if cycle is not None:
        at = None if cycle.due_at is None else scene.say.at(cycle.due_at)
        left = cycle.elapsed_seconds if line.state == "paused" else None
        shown += (cycle.measure, cycle.cycle, cycle.due_at, at, left)
    return f"{crc32(repr(shown).encode('utf-8', 'backslashreplace')):08x}"


def _short(customer: str | None, measure: str) -> str:
    return " · ".join(one for one in (customer, measure) if one)


def _tier(name: str | None) -> Html | None:
    return None if name is None else e("span", name, class_="tag")


def _due(cycle: OpenCycle | None, scene: Scene) -> Html | None:
    if cycle is None or cycle.due_at is None or cycle.state == "paused":
        return None
    whole = scene.say.whole(cycle.due_at)
    return e("time", scene.say.at(cycle.due_at), datetime=iso(cycle.due_at), title=whole)


def _left(line: Line, scene: Scene) -> Html:
    """The state by icon and word, and what is left by the clock."""
    cycle = line.cycle
    word = text(f"state.{line.state}")
    shape = icon(STATE_ICONS[line.state])
    if cycle is None:
        is_judged = line.ticket.mark[1] > 0
        return together(shape, e("span", word if is_judged else "Not judged yet"))
    if line.state == "paused" or cycle.due_at is None:
        left = max(0, cycle.target_seconds - cycle.elapsed_seconds)
        words = e("span", text("left.paused", span=worked(left)))
        return together(shape, e("span", word, class_="unseen"), words)
    wall = cycle.due_at - scene.second
    words = e("span", countdown(wall), class_="countdown", data_due=cycle.due_at)
    return together(shape, e("span", f"{word}: ", class_="unseen"), words)


def countdown(wall: int) -> str:
    """What is left up to a deadline, or by how much it has passed."""
    if wall == 0:
        return text("left.now")
    return text("left.running" if wall > 0 else "left.late", span=span(abs(wall)))


def counts(found: Mapping[StateWord, int], asked: Asked, scene: Scene) -> Html:
    """The numbers by state, each a way to see those alone."""
    total = sum(found.values())
    tiles = [_tile(None, "All open", total, asked, scene)]
    tiles += [_tile(state, _COUNTED[state], found[state], asked, scene) for state in STATES]
    return e("ul", *tiles, class_="tiles", id="counts")


def _tile(state: StateWord | None, name: str, number: int, asked: Asked, scene: Scene) -> Html:
    content = together(
        e("b", f"{number:,}"),
        e("span", icon(STATE_ICONS[state]) if state else None, name),
    )
    link = e(
        "a",
        content,
        href=scene.link("/", asked.with_state(state).query()),
        aria_current="true" if asked.state == state else None,
        data_state=state or "",
    )
    return e("li", link, data_tone=TONES[state] if state else None)
