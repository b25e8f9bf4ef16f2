# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a message: plain, short, in the recipient's language.

Templates know names and nothing else: no attributes, no format codes, no
expressions. `str.format` would walk attributes and pad to a gigabyte.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from rules.canonical import read_canonical
from worker.notify.markup import Line, plain
from worker.notify.wording import WORDINGS, Wording
from worker.reporting.language import language_for
from worker.reporting.prospects import Prospect, subject, warning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from rules.calendars import BusinessCalendar
    from worker.outbox import OutboxMessage

NAMES = frozenset(
    {
        "ticket.id",
        "account",
        "customer",
        "tier",
        "priority",
        "measure",
        "clock",
        "count",
        "cycle",
        "step",
        "recipient",
        "started",
        "due",
        "left",
        "overdue_by",
        "late_by",
        "action",
        "link",
    }
)
MAX_TEXT = 900  # subject and body: PagerDuty takes 1,024 characters, Teams 1,000
MAX_VALUE = 80  # so that all values together leave room for the rest
MAX_LINK = 250
MAX_SUBJECT = 200
LATE_WORTH_SAYING = timedelta(minutes=1)
MENTION = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)
LINK = re.compile(r"\](?=\()")
BRACKETS = str.maketrans("<>", "\u2039\u203a")

_PLACE = re.compile(r"\{([^{}]*)\}")


class TemplateError(ValueError):
    """A template names something that does not exist, or has a stray brace."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message as it is sent: a subject of one line, lines, and whether the promise is missed."""

    subject: str
    lines: tuple[Line, ...]
    overdue: bool = False

    @property
    def body(self) -> str:
        """The lines without markup."""
        return plain(self.lines)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and for whom a message is composed.

    Args:
        now: the present instant; what is left is counted from it.
        zone: the contract's zone, in which the due is shown.
        link: address of the ticket for a person.
        acknowledge: address of the page that stops repetitions, where the step has any.
        language: of the recipient ("nl", "nl-BE"); English where it is unknown.
        business: the hours of the target's clock; the machine's clock where it is None.
        room: how many characters subject and body may have together.
    """

    now: datetime
    zone: ZoneInfo
    link: str | None = None
    acknowledge: str | None = None
    language: str | None = None
    business: BusinessCalendar | None = None
    room: int = MAX_TEXT

    @property
    def wording(self) -> Wording:
        """The words of the recipient's language."""
        return WORDINGS.get((self.language or "en").lower().split("-")[0], WORDINGS["en"])

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Time on the target's clock."""
        return end - start if self.business is None else self.business.between(start, end)


class Template:
    """Text with names in braces, such as `Ticket {ticket.id}`.

    Raises:
        TemplateError: an unknown name, or a brace that belongs to none.
    """

    def __init__(self, text: str) -> None:
        for name in _PLACE.findall(text):
            if name not in NAMES:
                known = ", ".join(sorted(NAMES))
                raise TemplateError(f'unknown name "{name[:40]}"; known are: {known}')
        if re.search(r"[{}]", _PLACE.sub("", text)):
            raise TemplateError("a brace that belongs to no name")
        self._text = text

    def names(self) -> frozenset[str]:
        """The names that stand in it."""
        return frozenset(_PLACE.findall(self._text))

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every name replaced, at most `MAX_TEXT` characters."""
        filled = _PLACE.sub(lambda place: values.get(place[1], ""), self._text)
        return cut(filled, MAX_TEXT)


def cut(text: str, length: int) -> str:
    """The text, shortened with an ellipsis where it is longer than `length`."""
    return text if len(text) <= length else text[: length - 1] + "…"


def one_line(text: str, length: int = MAX_VALUE) -> str:
    """A value as it may stand in any message, header or line.

    Line breaks and other control characters become blanks, so that nothing
    can start a header; invisible ones (which turn text around) go; words that
    call a whole chat channel lose their meaning, and angle brackets become
    others, because `<!channel>` and `<users/all>` call one too. What would be
    a link in Markdown is none. The rest of markup is left to the channel.
    """
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category not in ("Cf", "Cs", "Co"):
            kept.append(character)
    plain = " ".join("".join(kept).split()).translate(BRACKETS)
    return cut(LINK.sub("]\u200b", MENTION.sub("@\u200b", plain)), length)


def compose(message: OutboxMessage, setting: Setting) -> Text:
    """What a message says: ticket, customer, promise, how long is left, what to do."""
    if message.about is not None:
        return _forecast(message, setting)
    wording = setting.wording
    values = _values(message, setting)
    first = Template(_first(message, setting.now, wording)).render(values)
    lines = [Template(line) for line in wording.lines]
    if message.late_by >= LATE_WORTH_SAYING:
        lines.append(Template(wording.late))
    if message.may_be_repeat:
        lines.append(Template(wording.repeat))
    # A line about something that this ticket does not have is left out.
    known = [line for line in lines if all(values[name] for name in line.names())]
    said = [first, *(line.render(values) for line in known)]
    subject = heading(message, setting)
    links = [
        Line(text, one_line(link, MAX_LINK))
        for text, link in (
            (wording.open_ticket, setting.link),
            (wording.acknowledge, setting.acknowledge),
        )
        if link
    ]
    room = setting.room - len(subject) - len("\r\n") - len(plain(links)) - len("\n")
    body = cut("\n".join(said), max(room, 0))
    return Text(
        subject=subject,
        lines=(*map(Line, body.split("\n")), *links),
        overdue=message.due_at is not None and setting.now >= message.due_at,
    )


def _forecast(message: OutboxMessage, setting: Setting) -> Text:
    """What a message says that is about no ticket but about a promise over a period."""
    prospect = read_canonical((message.about or "").encode(), Prospect)
    language = language_for(setting.language)
    lines = warning(prospect, language)
    if message.may_be_repeat:
        lines.append(setting.wording.repeat)
    heading = one_line(subject(prospect, language), MAX_SUBJECT)
    return Text(heading, tuple(Line(one_line(line, MAX_TEXT)) for line in lines))


def trial(message: OutboxMessage, setting: Setting) -> Text:
    """A message that only shows that its recipient can be reached."""
    wording = setting.wording
    values = {"recipient": one_line(message.recipient)}
    return Text(wording.trial, (Line(Template(wording.trial_first).render(values)),))


def heading(message: OutboxMessage, setting: Setting) -> str:
    """One line that says which ticket, which promise and how long is left."""
    wording, due = setting.wording, message.due_at
    if due is None:
        subject = wording.subject_open
    else:
        subject = wording.subject_before if setting.now < due else wording.subject_after
    return one_line(Template(subject).render(_values(message, setting)), MAX_SUBJECT)


def _first(message: OutboxMessage, now: datetime, wording: Wording) -> str:
    if message.due_at is None:
        return wording.open
    return wording.before if now < message.due_at else wording.after


def _values(message: OutboxMessage, setting: Setting) -> dict[str, str]:
    due, now, wording = message.due_at, setting.now, setting.wording
    overdue = due is not None and now >= due
    actions = wording.actions_after if overdue else wording.actions_before
    customer = message.customer or f"{wording.tier} {message.tier}"
    clock = message.calendar if setting.business is not None else None
    return {
        "ticket.id": one_line(message.ticket_id),
        "account": one_line(message.account),
        "customer": one_line(customer),
        "tier": one_line(message.tier),
        "priority": wording.priorities[message.priority] if message.priority else "",
        "measure": wording.measures[message.measure],
        "clock": f" ({one_line(clock)})" if clock else "",
        "cycle": str(message.cycle),
        "step": one_line(", ".join(message.labels)),
        "recipient": one_line(message.recipient),
        "started": instant(message.started_at, setting.zone, wording),
        "due": instant(due, setting.zone, wording) if due else "",
        "left": spoken(setting.between(now, due), wording) if due and not overdue else "",
        "overdue_by": spoken(setting.between(due, now), wording) if due and overdue else "",
        "late_by": spoken(message.late_by, wording),
        "action": actions[message.measure],
        "link": one_line(setting.link or "", MAX_LINK),
    }


def instant(at: datetime, zone: ZoneInfo, wording: Wording) -> str:
    """An instant in the contract's zone with its offset, and once in UTC."""
    local = at.astimezone(zone)
    day = wording.weekdays[local.weekday()]
    utc = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    offset = local.isoformat(timespec="minutes")[16:]
    return f"{day} {local:%Y-%m-%d %H:%M} {offset} ({utc} UTC)"


def spoken(duration: timedelta, wording: Wording) -> str:
    """A stretch of clock time: `3 days 4h`, `1h 5m`, `under 1m`; rounded down to the minute."""
    minutes = int(duration.total_seconds() // 60)
    if minutes < 1:
        return wording.under_a_minute
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        days, hours = divmod(hours, 24)
        return f"{days} {wording.days}" + (f" {hours}{wording.hour}" if hours else "")
    parts = [f"{hours}{wording.hour}"] if hours else []
    return " ".join([*parts, f"{minutes}m"] if minutes else parts)
