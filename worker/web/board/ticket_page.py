# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of one ticket: its targets, each with its clock drawn, and why they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rules.changes import OWN_FIELDS
from rules.detail import detail
from rules.in_words import value_text
from rules.ticket_facts import happening_text, ticket_values
from worker.view.shapes import ENDED, TONES, Saved
from worker.view.speech import said, worked
from worker.view.targets import seconds
from worker.view.tickets import ticket_view
from worker.view.words import title, words
from worker.web.board.icons import STATE_ICONS, icon
from worker.web.board.layout import page
from worker.web.board.lines import countdown
from worker.web.board.markup import Html, e
from worker.web.board.step_list import step_list
from worker.web.board.timelines import cycle_picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import HTMLResponse

    from rules.explain import Explanation
    from rules.facts import Happening
    from rules.ledger import ClockSegment
    from worker.explaining import Explained
    from worker.view.shapes import StateWord, TargetView, View
    from worker.view.words import TargetWords, Words
    from worker.web.board.layout import Scene

_MOST_REASONS = 10
_MOST_HAPPENINGS = 200


def ticket_page(
    scene: Scene, explained: Explained, helpdesk_url: str, agents: Mapping[str, str]
) -> HTMLResponse:
    """Everything about a ticket's deadlines at the present instant; `agents` are names by id."""
    found, stored = explained.explanation, explained.stored
    current = stored.current()
    told = detail(found.verdict, found.policy, current, stored.sent)
    fields: dict[str, str | None] = {str(key): None for key in OWN_FIELDS}
    fields["sla_detail"] = told
    view = ticket_view(fields, Saved(current.status), scene.second)
    spoken = words(view, scene.say)
    return page(
        scene,
        "ticket",
        f"#{stored.id} {spoken.headline}",
        _head(scene, explained, view, spoken, Elsewhere(helpdesk_url, agents)),
        *(
            _callout(words, one.tone)
            for words, one in zip(spoken.notices, view.notices, strict=True)
        ),
        e(
            "div",
            e(
                "div",
                *_targets(scene, explained, view, spoken),
                *_others(scene, found, view),
                class_="wide",
            ),
            e("aside", _why(scene, found), _facts(scene, found, agents), aria_label="Why"),
            class_="two",
        ),
    )


class Elsewhere(NamedTuple):
    """What the page knows of the helpdesk: its address, and agents' names by id."""

    url: str
    agents: Mapping[str, str]


def _head(
    scene: Scene, explained: Explained, view: View, spoken: Words, elsewhere: Elsewhere
) -> Html:
    stored = explained.stored
    current = stored.current()
    status = current.status or str(stored.row["status"])
    assignee = current.assignee
    terms = [
        ("Tier", view.tier),
        ("Contract", view.customer),
        ("Commitment", spoken.commitment),
        ("Group", current.group),
        ("Assignee", None if assignee is None else elsewhere.agents.get(assignee, assignee)),
    ]
    chips = [e("li", e("span", name, class_="soft"), " ", value) for name, value in terms if value]
    address = f"{elsewhere.url}/agent/tickets/{stored.id}"
    return e(
        "header",
        e("a", icon("back"), "All open tickets", href=scene.link("/"), class_="back"),
        e(
            "div",
            e("h1", f"#{stored.id}", e("span", said("status", status), class_="status")),
            _pill(view.state, spoken.headline),
            e(
                "a",
                "Open in the helpdesk",
                icon("out"),
                href=address,
                class_="button",
                rel="noreferrer",
            ),
            class_="title",
        ),
        e("ul", *chips, class_="chips") if chips else None,
        class_="head",
    )


def _pill(state: StateWord, words: str) -> Html:
    shape = icon(STATE_ICONS[state])
    return e("p", shape, e("span", words), class_="pill", data_tone=TONES[state])


def _callout(words: str, tone: str) -> Html:
    return e("p", icon("warning"), e("span", words), class_="callout", data_tone=tone)


def _targets(scene: Scene, explained: Explained, view: View, spoken: Words) -> list[Html]:
    """A card for each target, the most urgent first."""
    cycles = explained.explanation.verdict.cycles
    places = {(str(row.measure), row.cycle): at for at, row in enumerate(cycles)}
    return [
        _target(scene, explained, target, said_of, places[target.measure, target.cycle])
        for target, said_of in zip(view.targets, spoken.targets, strict=True)
    ]


def _target(
    scene: Scene, explained: Explained, target: TargetView, spoken: TargetWords, place: int
) -> Html:
    found = explained.explanation
    lines = [spoken.due, spoken.ended, spoken.clock, spoken.paused]
    return e(
        "section",
        e("header", e("h2", spoken.title), _pill(target.state, spoken.state)),
        e("p", _left(target, spoken), class_="big") if spoken.left else None,
        e("p", *_apart([one for one in lines if one]), class_="lines"),
        _used(target, spoken),
        cycle_picture(found, place, scene.say, scene.second),
        step_list(scene, found, found.verdict.cycles[place], explained.fired_at),
        _ledger(scene, spoken.title, found.ledgers[place]),
        _terms(scene, found, target, place),
        class_="card target",
        data_tone=target.tone,
        aria_label=spoken.title,
    )


def _left(target: TargetView, spoken: TargetWords) -> Html:
    if target.due is None or target.state in ENDED or target.wall is None:
        return e("span", spoken.left)
    return e("span", countdown(target.wall), class_="countdown", data_due=seconds(target.due))


def _apart(lines: list[str]) -> list[Html]:
    return [e("span", one) for one in lines]


def _used(target: TargetView, spoken: TargetWords) -> Html | None:
    if target.share is None or spoken.used is None:
        return None
    meter = e("progress", max=1000, value=target.share, aria_label=f"Used {spoken.used}")
    return e("p", meter, e("span", f"Used {spoken.used}", class_="soft"), class_="used")


def _ledger(scene: Scene, name: str, segments: tuple[ClockSegment, ...]) -> Html | None:
    """Every stretch of the clock as a table: the picture for those who do not see it."""
    if not segments:
        return None
    heads = [e("th", name, scope="col") for name in ("From", "To", "Clock", "Time", "Why")]
    rows = [
        e(
            "tr",
            e("td", scene.say.at(int(one.start.timestamp()))),
            e("td", scene.say.at(int(one.end.timestamp()))),
            e("td", one.kind),
            e("td", worked(one.seconds) if one.seconds else ""),
            e("td", "" if one.reason == one.kind else one.reason),
        )
        for one in segments
    ]
    table = e("table", e("thead", e("tr", *heads)), e("tbody", *rows))
    box = e(
        "div", table, class_="scroll", role="region", tabindex="0", aria_label=f"Clock of {name}"
    )
    number = f"{len(rows)} stretches" if len(rows) > 1 else "1 stretch"
    return e("details", e("summary", f"The clock, {number}"), box)


def _terms(scene: Scene, found: Explanation, target: TargetView, place: int) -> Html:
    row = found.verdict.cycles[place]
    chosen = found.calendars[place]
    terms = [
        ("Started", scene.say.whole(int(row.started_at.timestamp()))),
        ("Promise", f"within {value_text(row.target.within[row.priority])}"),
        ("Rule", e("code", row.rule)),
        ("Priority", row.priority),
        ("Calendar", f"{row.calendar} ({row.time_zone})"),
        *([("Why this one", chosen)] if chosen else []),
        ("Counts in", ", ".join(target.counts) or "no obligation"),
    ]
    return _pairs(terms)


def _pairs(terms: list[tuple[str, str]]) -> Html:
    return e("dl", *(e("div", e("dt", name), e("dd", value)) for name, value in terms))


def _others(scene: Scene, found: Explanation, view: View) -> list[Html]:
    """Cycles that the detail has no room for, and those that stay as they were judged before."""
    shown = {(one.measure, one.cycle) for one in view.targets}
    rows = [row for row in found.verdict.cycles if (row.measure, row.cycle) not in shown]
    items = [
        f"{title(row.measure, row.cycle)}: {row.state}"
        + (f" ({row.reason})" if row.reason else "")
        + (f", due {scene.say.at(int(row.due_at.timestamp()))}" if row.due_at else "")
        for row in rows
    ]
    items += [
        f"{title(one.measure, one.cycle)} stays on record as {one.state}: policy {one.policy[:7]} "
        f"judged it by {one.rule}, and later rules do not change that"
        for one in found.kept
    ]
    if not items:
        return []
    return [
        e("section", e("h2", "Besides"), e("ul", *(e("li", one) for one in items)), class_="card")
    ]


def _why(scene: Scene, found: Explanation) -> Html:
    choice = found.verdict.choice
    chosen = f"Tier {choice.tier}" if choice.tier else "No tier"
    if choice.customer:
        chosen += f", contract {choice.customer}"
    if choice.priority:
        chosen += f", priority {choice.priority}"
    nothing = found.verdict.nothing
    rejected = [e("li", one) for one in found.rejected[:_MOST_REASONS]]
    left = len(found.rejected) - _MOST_REASONS
    path = f"/tickets/{found.verdict.ticket_id}/explanation.json"
    return e(
        "section",
        e("h2", "Why?"),
        e("p", chosen, class_="strong"),
        e("p", "because ", e("code", found.because)),
        e("p", f"No target: {said('reason', nothing)}") if nothing else None,
        e("h3", "Why not the others") if rejected else None,
        e("ul", *rejected, class_="plain") if rejected else None,
        e("p", f"nor {left} more", class_="soft") if left > 0 else None,
        *_in_force(scene, found),
        *_without_target(found),
        e(
            "p",
            f"Judged {scene.say.at(scene.second)} by policy ",
            e("code", found.verdict.policy[:7]),
            ". ",
            e("a", "As JSON", href=scene.link(path)),
            class_="soft",
        ),
        class_="card",
    )


def _in_force(scene: Scene, found: Explanation) -> list[Html]:
    if len(found.in_force) < 2:
        return []
    items = [
        f"since {scene.say.at(int(one.since.timestamp()))}: tier {one.tier or 'none'}, "
        f"priority {one.priority or 'none'}"
        for one in found.in_force
    ]
    return [e("h3", "What held when"), e("ul", *(e("li", one) for one in items), class_="plain")]


def _without_target(found: Explanation) -> list[Html]:
    """Measures that the tier or contract speaks of and does not promise this ticket."""
    if not found.without_target:
        return []
    items = [
        e("li", f"{said('measure', one.measure)}: {one.why()}") for one in found.without_target
    ]
    return [e("h3", "Not promised"), e("ul", *items, class_="plain")]


def _facts(scene: Scene, found: Explanation, agents: Mapping[str, str]) -> Html:
    ticket = found.ticket
    values = ticket_values(ticket)
    terms = [("channel", ticket.channel), ("created by", ticket.created_by), *values.items()]
    past = [one for one in ticket.happenings if one.at <= scene.now]
    shown = past[-_MOST_HAPPENINGS:]
    earlier = len(past) - len(shown)
    return e(
        "section",
        e("h2", "What happened"),
        e(
            "ol",
            e("li", f"{earlier} earlier happenings", class_="soft") if earlier else None,
            _event(
                scene,
                int(ticket.created_at.timestamp()),
                f"created on {ticket.channel}",
                ticket.created_by,
            ),
            *(_happened(scene, one, agents) for one in shown),
            class_="events",
        ),
        e("details", e("summary", "The ticket at its creation"), _pairs(terms)),
        class_="card",
    )


def _happened(scene: Scene, one: Happening, agents: Mapping[str, str]) -> Html:
    what = happening_text(one)
    if one.kind == "field" and one.field == "assignee" and isinstance(one.to, str):
        what = f"assignee {agents.get(one.to, one.to)}"
    return _event(scene, int(one.at.timestamp()), what, one.by)


def _event(scene: Scene, at: int, what: str, by: str) -> Html:
    when = e("time", scene.say.at(at), title=scene.say.whole(at), class_="soft")
    return e("li", when, e("span", what, e("span", f" by {by.replace('_', ' ')}", class_="soft")))
