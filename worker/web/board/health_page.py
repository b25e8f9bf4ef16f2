# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of health: what probes and the doctor know without asking the helpdesk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.store.accounts import account_row, standing_notices, write_budget_left
from worker.store.board import calls_used, oldest_look
from worker.store.gauges import last_page_at, read_gauges
from worker.store.quarantine import quarantined
from worker.store.remarks import tickets_set_aside, words_unknown
from worker.store.summary import count_changes, count_tickets
from worker.view.speech import span
from worker.web.board.icons import icon
from worker.web.board.layout import page
from worker.web.board.markup import Html, e

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.responses import HTMLResponse

    from worker.store.database import Books
    from worker.view.shapes import Tone
    from worker.web.board.layout import Scene
    from worker.wiring import AccountWork

_MOST: Final = 20
_MISSED_POLLS: Final = 3
_LATE_S: Final = 120
_NOW_S: Final = 5
_ICONS: Final[Mapping[Tone, str]] = {"ok": "check", "warn": "warning", "bad": "alert"}
_WORDS: Final[Mapping[Tone, str]] = {"ok": "good", "warn": "look at it", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at: how it stands, and what to do about it."""

    name: str
    tone: Tone
    seen: str
    remedy: str = ""


def health_page(
    scene: Scene, books: Books, work: AccountWork, loops: Mapping[str, tuple[float, bool]]
) -> HTMLResponse:
    """How the worker stands.

    `loops` gives the seconds since the last round of each, and whether that is too long.
    """
    rounds = list(_loops(loops))
    signs = [*_reading(scene, books, work), *_waiting(scene, books, work)]
    notices = [Sign(name, "warn", words) for name, words in standing_notices(books).items()]
    worst: Tone = "ok"
    for sign in (*rounds, *signs, *notices):
        worst = "bad" if "bad" in (worst, sign.tone) else sign.tone if worst == "ok" else worst
    return page(
        scene,
        "health",
        "Health",
        e("h1", "Health"),
        _verdict(worst),
        _list("Standing notices", notices, "No notice stands."),
        _list("Reading and writing", signs, ""),
        _list("Loops of this process", rounds, "It runs none: it only serves pages."),
        _calls(books, scene),
        _quarantine(scene, books),
    )


def _verdict(worst: Tone) -> Html:
    words = {
        "ok": "All is well.",
        "warn": "It works; some things want looking at.",
        "bad": "Deadlines may be missed: see below.",
    }[worst]
    return e("p", icon(_ICONS[worst]), e("span", words), class_="callout", data_tone=worst)


def _loops(loops: Mapping[str, tuple[float, bool]]) -> Iterator[Sign]:
    for name, (age, is_late) in sorted(loops.items()):
        seen = "came round just now" if age < _NOW_S else f"came round {span(int(age))} ago"
        remedy = "the worker's log says why" if is_late else ""
        yield Sign(name, "bad" if is_late else "ok", seen, remedy)


def _reading(scene: Scene, books: Books, work: AccountWork) -> Iterator[Sign]:
    row, now = account_row(books), scene.second
    if row.paused_at is not None:
        seen = f"paused since {scene.say.at(int(row.paused_at.timestamp()))}: {row.paused_because}"
        yield Sign("Connection", "bad", seen, "docs/operations.md says what to do when paused")
    last = last_page_at(books)
    longest = _MISSED_POLLS * work.settings.poll_interval.total_seconds()
    if last is None:
        yield Sign("Helpdesk", "bad", "has not been read yet", "stipt doctor")
    else:
        age = max(0, now - last)
        yield Sign("Helpdesk", "ok" if age < longest else "bad", f"read {span(age)} ago")
    gauges = read_gauges(books, scene.now)
    if gauges.lag is not None:
        yield Sign("Newest change", "ok", f"{span(gauges.lag)} old")
    yield Sign("Tickets", "ok", f"{count_tickets(books):,} known")
    late = now - (oldest_look(books) or now)
    words = "nothing is overdue" if late <= 0 else f"the longest waits for {span(late)}"
    yield Sign("Judging", "ok" if late < _LATE_S else "warn", words)
    waits = f"{gauges.outbox_unsent:,} past their time"
    tone: Tone = "ok" if gauges.outbox_oldest < _LATE_S else "warn"
    yield Sign("Messages", tone, waits, "see Messages" if tone != "ok" else "")


def _waiting(scene: Scene, books: Books, work: AccountWork) -> Iterator[Sign]:
    changes = count_changes(books)
    pending = changes.get("ready", 0) + changes.get("writing", 0)
    if work.writes:
        left = write_budget_left(books, work.settings.write_budget, scene.now)
        waits = "1 change waits" if pending == 1 else f"{pending:,} changes wait"
        seen = f"{waits}; {left:,} more tickets may change for new rules this hour"
        yield Sign("Writing", "ok", seen)
    else:
        seen = f"off: {changes.get('dry_run', 0):,} changes are only recorded"
        yield Sign("Writing", "warn", seen, "STIPT_WRITE=on, once stipt plan shows what you expect")
    failed = sum(changes.get(state, 0) for state in ("refused", "dead"))
    if failed:
        yield Sign("Refused writes", "warn", f"{failed:,}", "stipt explain says what was wanted")
    aside = tickets_set_aside(books, _MOST)
    if aside.number:
        seen = f"{aside.number:,} tickets could not be read: {'; '.join(aside.shown)}"
        yield Sign("Set aside", "warn", seen, "they are tried again")
    words = words_unknown(books, _MOST)
    if words.number:
        seen = f"{words.number:,} taken for a fallback: {'; '.join(words.shown)}"
        yield Sign("Unknown words", "warn", seen, "tell the makers of Stipt")


def _list(name: str, signs: list[Sign], none: str) -> Html:
    if not signs:
        return e("section", e("h2", name), e("p", none, class_="soft"), class_="card")
    items = [
        e(
            "li",
            icon(_ICONS[one.tone]),
            e("b", one.name, e("span", f", {_WORDS[one.tone]}", class_="unseen")),
            e("span", one.seen),
            e("span", one.remedy, class_="soft") if one.remedy else None,
            data_tone=one.tone,
        )
        for one in signs
    ]
    return e("section", e("h2", name), e("ul", *items, class_="signs"), class_="card")


def _calls(books: Books, scene: Scene) -> Html:
    """Calls of the present minute, by what they count towards."""
    rows = [
        e(
            "tr",
            e("th", one.bucket, scope="row"),
            e("td", f"{one.used:,}"),
            e("td", "unknown" if one.limit is None else f"{one.limit:,}"),
            e("td", scene.say.at(one.blocked_until) if one.blocked_until > scene.second else ""),
        )
        for one in calls_used(books)
    ]
    if not rows:
        return e(
            "section",
            e("h2", "Calls to the helpdesk"),
            e("p", "None yet.", class_="soft"),
            class_="card",
        )
    heads = ("Bucket", "Used in its last minute", "Allowed by the plan", "Waiting until")
    head = e("thead", e("tr", *(e("th", name, scope="col") for name in heads)))
    box = e(
        "div",
        e("table", head, e("tbody", *rows)),
        class_="scroll",
        role="region",
        tabindex="0",
        aria_label="Calls",
    )
    return e("section", e("h2", "Calls to the helpdesk"), box, class_="card")


def _quarantine(scene: Scene, books: Books) -> Html:
    found = quarantined(books)
    heading = e("h2", "Quarantine", e("span", str(len(found)), class_="status"))
    if not found:
        return e(
            "section", heading, e("p", "No ticket is left alone.", class_="soft"), class_="card"
        )
    items = [
        e(
            "li",
            icon("alert"),
            e("b", f"#{one.ticket_id}"),
            e(
                "span",
                f"since {scene.say.at(int(one.since.timestamp()))}, "
                f"{one.tries} tries: {one.reason}",
            ),
            data_tone="bad",
        )
        for one in found[:_MOST]
    ]
    hint = e("p", "stipt quarantine release lets them go once the reason is gone.", class_="soft")
    return e("section", heading, e("ul", *items, class_="signs"), hint, class_="card")
