# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle's clock as a picture: counted, paused, closed; comments, steps, the due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.ticket_facts import happening_text
from worker.report.drawing import Picture
from worker.report.timeline_chart import Clockwork, Line, Mark, Span, timeline
from worker.view.speech import Speaker, worked
from worker.view.words import title
from worker.web.board.markup import Html, e

if TYPE_CHECKING:
    from datetime import datetime

    from rules.explain import Explanation
    from rules.ledger import ClockSegment
    from rules.steps import StepInstant
    from rules.verdict import CycleVerdict

_WIDTHS: Final = ((760, "only-wide"), (340, "only-narrow"))
_MARGIN: Final = 0.04
"""Share of the drawn time that is kept free behind its end."""

_COMMENTS: Final = {"requester": "asked", "end_user": "asked"}
LEGEND: Final = (
    ("counted", "counted"),
    ("paused", "paused"),
    ("closed", "closed hours"),
    ("ahead", "still to run"),
    ("asked", "customer wrote"),
    ("answered", "agent wrote"),
    ("internal", "internal note"),
    ("sent", "step sent"),
    ("coming", "step to come"),
)


def cycle_picture(found: Explanation, number: int, say: Speaker, now: int) -> Html:
    """The picture of the cycle in that place of the verdict."""
    row, segments = found.verdict.cycles[number], found.ledgers[number]
    clock = clockwork(found, row, segments, say, now)
    name = title(row.measure, row.cycle)
    pictures = [
        e(
            "div",
            Html(
                timeline(
                    Picture(
                        f"clock-{number}-{width}", f"Clock of {name}", _finding(row, say), width
                    ),
                    clock,
                    say.zone,
                )
            ),
            class_=kind,
        )
        for width, kind in _WIDTHS
    ]
    return e("figure", *pictures, _legend(clock), class_="timeline")


def clockwork(
    found: Explanation,
    row: CycleVerdict,
    segments: tuple[ClockSegment, ...],
    say: Speaker,
    now: int,
) -> Clockwork:
    """Everything that is drawn of a cycle."""
    start, stop = int(row.started_at.timestamp()), row.clock.stop
    due = row.due_at if row.state != "paused" else None
    lines = [Line(int(due.timestamp()), "due", f"due {_at(say, due)}")] if due else []
    if row.is_open:
        lines.append(Line(now, "present", "now"))
    elif row.fulfilled_at is not None:
        lines.append(
            Line(int(row.fulfilled_at.timestamp()), "ended", f"ended {_at(say, row.fulfilled_at)}")
        )
    end = max([stop, *(line.at for line in lines)])
    end += max(60, int((end - start) * _MARGIN))
    return Clockwork(
        start=start,
        end=end,
        spans=(*(_span(one, say) for one in segments), *_ahead(row, say)),
        marks=(*_comments(found, row, end, say), *_steps(found, row, say)),
        lines=tuple(lines),
    )


def _worked(total: int) -> str:
    """A duration without its unbreakable spaces, which pictures do not take."""
    return worked(total).replace("\N{NO-BREAK SPACE}", " ")


def _at(say: Speaker, at: datetime) -> str:
    return say.at(int(at.timestamp()))


def _span(one: ClockSegment, say: Speaker) -> Span:
    start, end = int(one.start.timestamp()), int(one.end.timestamp())
    counted = f", {_worked(one.seconds)}" if one.seconds else ""
    reason = "" if one.reason == "open" else f" ({one.reason})"
    tip = f"{one.kind}{reason} from {say.at(start)} to {say.at(end)}{counted}"
    return Span(start, end, one.kind, tip)


def _ahead(row: CycleVerdict, say: Speaker) -> list[Span]:
    """What the clock will count up to the due, should nothing pause it."""
    clock = row.clock
    if row.state != "running" or clock.due is None:
        return []
    spans = clock.counted_last.counting.open_spans(clock.stop, clock.due.judged)
    return [
        Span(start, end, "ahead", f"will count from {say.at(start)} to {say.at(end)}")
        for start, end in spans
    ]


def _comments(found: Explanation, row: CycleVerdict, end: int, say: Speaker) -> list[Mark]:
    marks: list[Mark] = []
    begun = int(row.started_at.timestamp())
    for one in found.ticket.happenings:
        at = int(one.at.timestamp())
        if one.kind != "comment" or not begun <= at <= end:
            continue
        kind = _COMMENTS.get(one.by, "answered") if one.public else "internal"
        marks.append(Mark(at, kind, "above", f"{say.at(at)} {happening_text(one)} by {one.by}"))
    if begun == int(found.ticket.created_at.timestamp()):
        tip = f"{say.at(begun)} created by {found.ticket.created_by} on {found.ticket.channel}"
        marks.insert(
            0, Mark(begun, _COMMENTS.get(found.ticket.created_by, "answered"), "above", tip)
        )
    return marks


def _steps(found: Explanation, row: CycleVerdict, say: Speaker) -> list[Mark]:
    return [_step(found, row, step, say) for step in row.steps if step.at is not None]


def _step(found: Explanation, row: CycleVerdict, step: StepInstant, say: Speaker) -> Mark:
    """A step where it was sent, as far as that is known, or where it is to be sent."""
    key = (row.measure, row.cycle, step.key)
    is_sent = key in (found.fired or ())
    sent_at = [one.at for one in found.fates(key) if one.at is not None] if is_sent else []
    when = min(sent_at, default=step.at)
    at = 0 if when is None else int(when.timestamp())
    kind = "sent" if is_sent else "coming"
    return Mark(
        at, kind, "below", f"{say.at(at)} step {step.key}, {kind if is_sent else 'to come'}"
    )


def _finding(row: CycleVerdict, say: Speaker) -> str:
    """The picture in words."""
    parts = [f"Counted {_worked(row.elapsed_seconds)} of {_worked(row.target_seconds)}"]
    if row.paused_seconds:
        parts.append(f"paused for {_worked(row.paused_seconds)}")
    parts.append(f"started {_at(say, row.started_at)}")
    if row.due_at is not None and row.state != "paused":
        parts.append(f"due {_at(say, row.due_at)}")
    if row.fulfilled_at is not None:
        parts.append(f"ended {_at(say, row.fulfilled_at)}")
    return ", ".join(parts) + "."


def _legend(clock: Clockwork) -> Html:
    """What is in the picture, and nothing else."""
    drawn = {one.kind for one in clock.spans} | {
        one.kind for one in clock.marks if one.at <= clock.end
    }
    items = [
        e("li", e("span", class_=f"key {kind}", aria_hidden="true"), words)
        for kind, words in LEGEND
        if kind in drawn
    ]
    return e("ul", *items, class_="legend")
