# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of reports: promises in their running periods, statements, and the ways to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from worker.reporting.language import ENGLISH
from worker.reporting.prospects import measured, percent, sentence
from worker.view.speech import worked
from worker.web.board.layout import page
from worker.web.board.markup import Html, e, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from starlette.responses import HTMLResponse

    from rules.statements import Sealed
    from worker.reporting.prospects import Prospect
    from worker.reporting.standing import Standing
    from worker.store.late_rows import LateRow
    from worker.store.policy_log import PolicyLoad
    from worker.web.board.layout import Scene

_TONES: Final = {"lost": "bad", "at_risk": "warn", "safe": "ok"}
_MOST: Final = 50
_LONG: Final = 26
"""A longer text takes the whole width of a card."""

_PROMISES: Final = ("Customer", "Obligation", "Promised", "So far", "What can still come")
_STATEMENTS: Final = ("Statement", "Customer", "Period", "Balance", "Closed")
_POLICIES: Final = ("Policy", "In force from", "Verdicts", "In force")
_LATE: Final = ("Ticket", "Measure", "Tier", "Customer", "Group", "Due", "Over by", "State")


def reports_page(
    scene: Scene,
    known: tuple[Standing, datetime] | None,
    statements: Sequence[Sealed],
    loads: Sequence[PolicyLoad],
) -> HTMLResponse:
    """Everything that can be asked about what was promised."""
    return page(
        scene,
        "reports",
        "Reports",
        e("h1", "Reports"),
        _running(scene, known),
        _team(scene, known),
        _staffing(scene),
        _statements(scene, statements),
        _policies(scene, loads),
    )


def _running(scene: Scene, known: tuple[Standing, datetime] | None) -> Html:
    title = e("h2", "Promises in their running periods")
    if known is None:
        return e("section", title, e("p", "Nothing has been counted yet."), class_="card")
    standing, counted_at = known
    told = f"Known up to {scene.say.at(int(standing.cut_off.timestamp()))}, "
    told += f"counted at {scene.say.at(int(counted_at.timestamp()))}."
    doubts = [e("li", f"{one}.", data_tone="warn") for one in standing.doubts]
    money = [
        e(
            "li",
            f"Credits: {ENGLISH.money(one.owed, one.currency)} owed already, "
            f"{ENGLISH.money(one.at_risk, one.currency)} at risk.",
        )
        for one in standing.money
    ]
    rows = [_prospect(scene, one) for one in standing.prospects]
    shown = (
        _table("Promises", _PROMISES, rows) if rows else e("p", "Nothing is promised over periods.")
    )
    return e(
        "section",
        title,
        e("p", told, class_="soft"),
        e("ul", *doubts, *money, class_="forecasts") if doubts or money else None,
        shown,
        class_="card",
    )


def _prospect(scene: Scene, one: Prospect) -> Html:
    query = urlencode({"customer": one.customer, "period": one.period})
    level = "" if one.level is None or one.edge is None else percent(one.level, ENGLISH)
    edge = "" if one.edge is None else f"{one.edge.replace('_', ' ')} "
    outside = None if one.outside is None else f"tickets outside the contract {one.outside}"
    beside = ", ".join(filter(None, (one.customer if one.name else None, outside)))
    told, who = sentence(one, ENGLISH), f"{one.called}: "
    if told.startswith(who):  # which stands before it already
        told = f"{told[len(who) :][:1].upper()}{told[len(who) + 1 :]}"
    return _row(
        _PROMISES,
        together(
            e("a", one.called, href=scene.link("/reports/customer", query)),
            e("span", beside, class_="soft") if beside else None,
        ),
        f"{one.obligation}, {one.period}",
        f"{edge}{level}",
        measured(one, ENGLISH),
        f"{told}.",
        tone=_TONES.get(one.outlook),
    )


def _team(scene: Scene, known: tuple[Standing, datetime] | None) -> Html:
    month = known[0].month if known else f"{scene.now:%Y-%m}"
    year, number = int(month[:4]), int(month[5:])
    before = f"{year - (number == 1)}-{12 if number == 1 else number - 1:02}"
    periods = (month, before, f"{year}-Q{(number + 2) // 3}", f"{year}", f"{year - 1}")
    links = [
        e("li", e("a", one, href=scene.link("/reports/team", f"period={one}"))) for one in periods
    ]
    late = e("a", "Late tickets, one by one", href=scene.link("/reports/late", f"period={month}"))
    return e(
        "section",
        e("h2", "The team"),
        e("p", "By tier, priority, group, market, channel, weekday and hour.", class_="soft"),
        e("ul", *links, class_="ways"),
        e("p", late),
        class_="card",
    )


def _staffing(scene: Scene) -> Html:
    told = "How many people keep the promises on the phone, in chat and by mail, by half hours."
    return e(
        "section",
        e("h2", "Staffing"),
        e("p", told, class_="soft"),
        e("p", e("a", "People that are needed", href=scene.link("/staffing"))),
        class_="card",
    )


def _statements(scene: Scene, statements: Sequence[Sealed]) -> Html:
    rows = [_statement(scene, one) for one in statements[:_MOST]]
    command = e("code", "stipt report close")
    empty = e("p", "None is closed yet: ", command, " does it.", class_="soft")
    shown = _table("Closed statements", _STATEMENTS, rows) if rows else empty
    return e("section", e("h2", "Closed statements"), shown, class_="card")


def _statement(scene: Scene, one: Sealed) -> Html:
    statement = one.statement
    at = statement.closed_at or statement.origin.cut_off
    path = f"/reports/statements/{one.sha256}"
    return _row(
        _STATEMENTS,
        e("a", statement.ident, href=scene.link(path)),
        statement.party.name,
        statement.label,
        ENGLISH.money(statement.balance, statement.currency),
        scene.say.at(int(at.timestamp())),
    )


def _policies(scene: Scene, loads: Sequence[PolicyLoad]) -> Html:
    rows = [
        _row(
            _POLICIES,
            e("a", one.hash[:12], href=scene.link("/reports/policy", f"hash={one.hash}")),
            scene.say.at(int(one.loaded_at.timestamp())),
            f"{one.verdicts:,}",
            "yes" if one.is_in_force else "",
        )
        for one in loads[:_MOST]
    ]
    shown = _table("Policies", _POLICIES, rows)
    return e("section", e("h2", "By policy version"), shown, class_="card")


def late_page(
    scene: Scene, period: str, asked: Mapping[str, str], rows: Sequence[LateRow], total: int
) -> HTMLResponse:
    """The late cycles of a period, those over by most first, each a way to its ticket."""
    narrowed = ", ".join(
        ENGLISH.name("measures", value) if name == "measure" else f"{name} {value}"
        for name, value in asked.items()
    )
    n = {0: "No late cycles", 1: "1 late cycle"}.get(total, f"{total:,} late cycles")
    told = f"{n} of {narrowed}" if narrowed else n
    if len(rows) < total:
        told += f"; the {len(rows):,} that were over by most"
    shown = _table("Late cycles", _LATE, [_late(scene, one) for one in rows]) if rows else None
    return page(
        scene,
        "reports",
        f"Late in {period}",
        e("p", e("a", "Reports", href=scene.link("/reports")), class_="back"),
        e("h1", f"Late in {period}"),
        e("p", f"{told}."),
        e("section", shown, class_="card") if shown else None,
    )


def _late(scene: Scene, one: LateRow) -> Html:
    return _row(
        _LATE,
        e("a", f"#{one.ticket_id}", href=scene.link(f"/tickets/{one.ticket_id}")),
        ENGLISH.name("measures", one.measure),
        one.tier,
        one.customer or "",
        one.group or "",
        scene.say.at(one.due_at),
        worked(one.over),
        "still open" if one.is_open else "done",
    )


def _row(heads: Sequence[str], first: Html, *cells: str, tone: str | None = None) -> Html:
    """A row that stands as a card of its own where the window is narrow."""
    named = zip(heads[1:], cells, strict=True)
    shown = [
        e("td", cell, data_label=head, class_="said" if len(cell) > _LONG else None)
        for head, cell in named
    ]
    return e("tr", e("th", first, scope="row"), *shown, data_tone=tone)


def _table(name: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    head = e("thead", e("tr", *[e("th", one, scope="col") for one in heads]))
    table = e("table", head, e("tbody", *rows), class_="stacks tight")
    return e("div", table, class_="scroll", role="region", tabindex="0", aria_label=name)
