# SPDX-License-Identifier: GPL-3.0-or-later
"""A second, naive engine: slow, plain loops, written from the decisions alone.

Time is cut into slots of a quarter of an hour. Everything given to it must lie
on that grid: instants, opening hours, targets, offsets of zones. A slot is
either open or closed, running or standing; all answers are sums over slots.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rules.calendars import BusinessCalendar
from rules.facts import PRIORITIES, Happening
from rules.policy import AllOf, AnyOf, Calendar, Not, PathIs, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rules.facts import Ticket
    from rules.policy import Condition, Contract, Policy, Span, Target, Tier

GRID = 900
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Pairs = tuple[tuple[str, str], ...]


# Calendars, slot by slot


@dataclass(frozen=True)
class Hours:
    """A calendar as written. `cut_off` is in seconds after local midnight."""

    zone: str
    week: tuple[tuple[str, Pairs], ...]
    holidays: tuple[date, ...] = ()
    extra: tuple[tuple[date, Pairs], ...] = ()
    breaks: tuple[tuple[date, Pairs], ...] = ()
    at_closing: str = "next_opening"
    cut_off: int | None = None

    def calendar(self, name: str) -> Calendar:
        """The same hours for the engine."""
        business = BusinessCalendar(
            self.zone,
            dict(self.week),
            self.holidays,
            dict(self.extra),
            dict(self.breaks),
            self.at_closing,
        )
        return Calendar(name, business, Where("rules.yaml", 1, 1), cut_off=self.cut_off)


@cache
def round_the_clock(zone: str) -> Hours:
    return Hours(zone, tuple((day, (("00:00", "24:00"),)) for day in WEEKDAYS))


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _slot(day: date, minutes: int, zone: str) -> int:
    """The slot of a wall time, the first occurrence and the offset before a gap."""
    wall = datetime.combine(day + timedelta(days=minutes // 1440), time())
    wall = wall.replace(hour=minutes % 1440 // 60, minute=minutes % 60, tzinfo=ZoneInfo(zone))
    seconds = int(wall.timestamp())
    assert seconds % GRID == 0
    return seconds // GRID


def _wall(slot: int, zone: str) -> datetime:
    return datetime.fromtimestamp(slot * GRID, ZoneInfo(zone))


def _pairs_of(hours: Hours, day: date) -> list[tuple[int, int]]:
    """Minutes of the local date, hours across midnight split."""
    if day in hours.holidays:
        return []
    extra = dict(hours.extra)
    if day in extra:
        return [(_minutes(a), _minutes(b)) for a, b in extra[day]]
    found = []
    week = dict(hours.week)
    for a, b in week.get(WEEKDAYS[day.weekday()], ()):
        over_midnight = _minutes(b) <= _minutes(a)
        found.append((_minutes(a), 1440 if over_midnight else _minutes(b)))
    for a, b in week.get(WEEKDAYS[day.weekday() - 1], ()):
        if _minutes(b) <= _minutes(a):
            found.append((0, _minutes(b)))
    return found


@cache
def open_slots(hours: Hours, day: date) -> frozenset[int]:
    """All slots of a local date in which time counts."""
    first, behind = _slot(day, 0, hours.zone), _slot(day, 1440, hours.zone)
    found = set()
    for a, b in _pairs_of(hours, day):
        for slot in range(_slot(day, a, hours.zone), _slot(day, b, hours.zone)):
            if first <= slot < behind:
                found.add(slot)
    for a, b in dict(hours.breaks).get(day, ()):
        found -= set(
            range(_slot(day, _minutes(a), hours.zone), _slot(day, _minutes(b), hours.zone))
        )
    return frozenset(found)


@cache
def is_open(hours: Hours, slot: int) -> bool:
    return slot in open_slots(hours, _wall(slot, hours.zone).date())


def next_open(hours: Hours, slot: int) -> int:
    while not is_open(hours, slot):
        slot += 1
    return slot


def next_open_date(hours: Hours, day: date) -> date:
    day += timedelta(days=1)
    while not open_slots(hours, day):
        day += timedelta(days=1)
    return day


def is_closing(hours: Hours, slot: int) -> bool:
    return is_open(hours, slot - 1) and not is_open(hours, slot)


@cache
def after_cut_off(hours: Hours, start: int) -> int:
    """The slot itself, or the first of the next open date when it is past the cut-off."""
    if hours.cut_off is None:
        return start
    wall = _wall(start, hours.zone)
    if wall.hour * 3600 + wall.minute * 60 <= hours.cut_off:
        return start
    return min(open_slots(hours, next_open_date(hours, wall.date())))


# What applies: tier, contract, target


@dataclass(frozen=True)
class Applied:
    """A target as applied: with the names and the calendar that belong to it."""

    tier: str
    customer: str | None
    priority: str
    target: Target
    span: Span
    calendar: str
    hours: Hours

    @property
    def clock_hours(self) -> Hours:
        """The calendar on which the clock runs."""
        if self.span.unit == "calendar_days":
            return round_the_clock(self.hours.zone)
        return self.hours

    def first_slot(self, start: int) -> int:
        """The slot from which a cycle that starts at `start` can have running time."""
        return after_cut_off(self.hours, start)

    def counts(self, start: int, slot: int) -> bool:
        """Whether the slot has open time for a cycle that starts at `start`."""
        return slot >= self.first_slot(start) and is_open(self.clock_hours, slot)

    def pauses(self, measure: str, category: str, custom: str | None) -> bool:
        names = self.target.pause_on
        if names is None:
            names = {
                "pausable_update": ("pending",),
                "requester_wait": ("pending",),
                "agent_work": ("pending", "hold"),
            }.get(measure, ())
        return category in names or (custom is not None and custom in names)


@dataclass
class Values:
    """The ticket's values at one moment."""

    status: str
    custom: str | None
    priority: str | None
    paths: dict[str, Any]
    organization: Any

    def at(self, path: str) -> Any:
        if path.startswith("organization."):
            return self._of_organization(path.removeprefix("organization."))
        return self.paths.get(path)

    def _of_organization(self, path: str) -> Any:
        if self.organization is None:
            return None
        if path.startswith("fields."):
            return self.organization.fields.get(path.removeprefix("fields."))
        return getattr(self.organization, path)


def holds(condition: Condition, values: Values, priority: str | None) -> bool:
    if isinstance(condition, PathIs):
        found = priority if condition.path == "priority" else values.at(condition.path)
        several = found if isinstance(found, tuple) else (found,)
        return any(one in condition.values for one in several)
    if isinstance(condition, AllOf):
        return all(holds(part, values, priority) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, values, priority) for part in condition.parts)
    assert isinstance(condition, Not)
    return not holds(condition.part, values, priority)


def _dates_fit(thing: Any, created: datetime) -> bool:
    if thing.from_at is not None and created < thing.from_at:
        return False
    return thing.until_at is None or created < thing.until_at


def _contract_and_tier(
    ticket: Ticket, policy: Policy, values: Values
) -> tuple[Contract | None, Tier | None]:
    for contract in policy.contracts:
        if _dates_fit(contract, ticket.created_at) and holds(contract.match, values, None):
            return contract, next(one for one in policy.tiers if one.name == contract.tier)
    for tier in policy.tiers:
        if holds(tier.match, values, None):
            return None, tier
    return None, None


def _choosing_priority(values: Values, tier: Tier) -> str | None:
    priority = values.priority or tier.default_priority
    floor = tier.floor_priority
    if priority is None or floor is None:
        return priority
    return max(priority, floor, key=PRIORITIES.index)


def choose(
    ticket: Ticket, policy: Policy, values: Values, measure: str, hours: Mapping[str, Hours]
) -> Applied | None:
    contract, tier = _contract_and_tier(ticket, policy, values)
    if tier is None:
        return None
    priority = _choosing_priority(values, tier)
    if priority is None:
        return None
    targets = list(contract.targets) if contract else []
    if contract is None or measure not in contract.without:
        targets += tier.targets
    for target in targets:
        fits = target.measure == measure and _dates_fit(target, ticket.created_at)
        if fits and holds(target.when, values, priority):
            name = target.counted
            if name in policy.choosers:
                chooser = policy.choosers[name]
                name = chooser.cases.get(values.at(chooser.path), chooser.default)
            customer = contract.name if contract else None
            span = target.within[priority]
            return Applied(tier.name, customer, priority, target, span, name, hours[name])
    return None


# The ticket's life in updates


@dataclass
class Update:
    """All happenings of one instant."""

    slot: int
    comments: list[Happening] = field(default_factory=list)
    changes: list[Happening] = field(default_factory=list)
    before: Values | None = None
    after: Values | None = None

    @property
    def solved_before(self) -> bool:
        return self.before is not None and self.before.status in ("solved", "closed")

    @property
    def solved_after(self) -> bool:
        assert self.after is not None
        return self.after.status in ("solved", "closed")


def slot_of(at: datetime) -> int:
    seconds = int(at.timestamp())
    assert seconds % GRID == 0
    return seconds // GRID


def _known(ticket: Ticket, now: int, end: int | None) -> tuple[bool, list[Happening]]:
    """Whether the creation was public, and what has happened, as seen at `now`.

    `end`: since when the ticket is excluded; of that update only comments count.
    """
    known = [one for one in ticket.happenings if slot_of(one.at) <= now]
    private = {slot_of(one.of) for one in known if one.kind == "comment_private" and one.of}
    created = slot_of(ticket.created_at)
    at_creation = [one for one in known if one.kind == "comment" and slot_of(one.at) == created]
    another = any(one.public for one in at_creation)
    created_public = ticket.created_public and (created not in private or another)
    seen = []
    for one in known:
        if end is not None and slot_of(one.at) > end - (one.kind != "comment"):
            continue
        if one.kind == "comment" and one.public and slot_of(one.at) in private:
            one = Happening(one.at, "comment", by=one.by, public=False, via=one.via)  # noqa: PLW2901 -- as it is told on
        seen.append(one)
    return created_public, seen


def _apply(values: Values, change: Happening) -> Values:
    status, custom, priority = values.status, values.custom, values.priority
    paths, organization = dict(values.paths), values.organization
    if change.kind == "status":
        status, custom = str(change.to), change.custom
    elif change.kind == "organization":
        organization = change.organization
    elif change.kind == "field" and change.field == "priority":
        if change.by != "stipt":
            priority = change.to
    elif change.kind == "field":
        paths[str(change.field)] = change.to
    return Values(status, custom, priority, paths, organization)


def updates_of(ticket: Ticket, now: int, end: int | None) -> list[Update]:
    created_public, seen = _known(ticket, now, end)
    created = Happening(ticket.created_at, "comment", by=ticket.created_by, public=created_public)
    instants = sorted({slot_of(ticket.created_at)} | {slot_of(one.at) for one in seen})
    paths = {
        "channel": ticket.channel,
        "group": ticket.group,
        "brand": ticket.brand,
        "type": ticket.type,
        "form": ticket.form,
        "tags": ticket.tags,
        "created_by": ticket.created_by,
        "language": ticket.requester.language,
    }
    paths |= {f"ticket.fields.{key}": value for key, value in ticket.fields.items()}
    values = Values(
        ticket.status, ticket.custom_status, ticket.priority, paths, ticket.organization
    )
    found = []
    for slot in instants:
        here = [one for one in seen if slot_of(one.at) == slot]
        update = Update(slot, before=values if found else None)
        update.comments = [one for one in here if one.kind == "comment"]
        if not found:
            update.comments.insert(0, created)
        update.changes = [one for one in here if one.kind != "comment"]
        for change in update.changes:
            values = _apply(values, change)
        update.after = values
        found.append(update)
    return found


# Cycles


@dataclass
class Cycle:
    """One run of a measure; `solved` are the spans between a solve and a reopening."""

    measure: str
    number: int
    start: int
    end: int | None = None
    ended_by: str | None = None
    solved: list[tuple[int, int]] = field(default_factory=list)


def is_customer_message(comment: Happening) -> bool:
    on_the_ticket = comment.public and comment.via != "side_conversation"
    return on_the_ticket and comment.by in ("requester", "end_user")


def is_answer(comment: Happening) -> bool:
    return comment.public and comment.by == "agent" and comment.via != "side_conversation"


def cycles_of(measure: str, updates: list[Update]) -> list[Cycle]:
    if measure in ("first_reply", "next_reply"):
        return [one for one in _reply_cycles(updates) if one.measure == measure]
    if measure in ("periodic_update", "pausable_update"):
        return _update_cycles(measure, updates)
    if measure == "group_ownership":
        return _ownership_cycles(updates)
    return [_status_cycle(measure, updates)]


def _numbered(cycles: list[Cycle]) -> list[Cycle]:
    """Without what starts and ends in one update; numbered in order."""
    kept = [one for one in cycles if one.end != one.start]
    for number, cycle in enumerate(kept, 1):
        cycle.number = number
    return kept


def _reply_cycles(updates: list[Update]) -> list[Cycle]:
    firsts: list[Cycle] = []
    nexts: list[Cycle] = []
    first_is_over = False
    waiting: Cycle | None = None
    for update in updates:
        for number, comment in enumerate(update.comments):
            is_creation = update is updates[0] and number == 0
            if is_creation:
                starts = comment.public and comment.by in ("requester", "end_user", "system")
                answers = comment.public and not starts
            else:
                starts, answers = is_customer_message(comment), is_answer(comment)
            if starts and waiting is None:
                waiting = Cycle("next_reply" if first_is_over else "first_reply", 0, update.slot)
                (nexts if first_is_over else firsts).append(waiting)
            if answers:
                first_is_over = True
                if waiting is not None:
                    waiting.end, waiting.ended_by, waiting = update.slot, "reply", None
        if update.solved_after and waiting is not None:
            first_is_over = True
            waiting.end, waiting.ended_by, waiting = update.slot, "solved", None
    return _numbered(firsts) + _numbered(nexts)


def _update_cycles(measure: str, updates: list[Update]) -> list[Cycle]:
    found: list[Cycle] = []
    for update in updates:
        for number, comment in enumerate(update.comments):
            answers = is_answer(comment)
            if update is updates[0] and number == 0:
                answers = comment.public and comment.by in ("agent", "light_agent", "stipt")
            if answers:
                if found and found[-1].end is None:
                    found[-1].end, found[-1].ended_by = update.slot, "reply"
                found.append(Cycle(measure, 0, update.slot))
        if update.solved_after and found and found[-1].end is None:
            found[-1].end, found[-1].ended_by = update.slot, "solved"
    return _numbered(found)


def _ownership_cycles(updates: list[Update]) -> list[Cycle]:
    found: list[Cycle] = []
    owner = None
    for update in updates:
        assert update.after is not None
        group = update.after.at("group")
        wanted = None if update.solved_after else group
        if wanted == owner:
            continue
        if found and found[-1].end is None:
            found[-1].end = update.slot
            found[-1].ended_by = "solved" if group == owner else "reassigned"
        if wanted is not None:
            found.append(Cycle("group_ownership", 0, update.slot))
        owner = wanted
    return _numbered(found)


def _status_cycle(measure: str, updates: list[Update]) -> Cycle:
    cycle = Cycle(measure, 1, updates[0].slot)
    for update in updates:
        if update.solved_after and cycle.end is None:
            cycle.end, cycle.ended_by = update.slot, "solved"
        elif not update.solved_after and cycle.end is not None:
            cycle.solved.append((cycle.end, update.slot))
            cycle.end = cycle.ended_by = None
    return cycle


# The clock of a cycle


@dataclass
class Slot:
    """A quarter of an hour of a cycle's life; `since` is when the pause began that it lies in."""

    at: int
    running: bool
    since: int | None
    is_open: bool
    hours: Hours


@dataclass
class Life:
    """A cycle's slots up to `stop`, and what applied from which instant on."""

    cycle: Cycle
    stop: int
    slots: list[Slot]
    applied: dict[int, Applied | None]
    """What applied from an update on; updates while solved and the end left out."""
    stands_at_stop: bool
    """Whether the cycle is open and the clock stands at `stop`."""
    stand: Callable[[Applied, int], int | None]
    """Since when a target's clock stands that stands at an instant."""

    def elapsed(self, until: int) -> int:
        """Running slots before `until`."""
        return bisect_left(self.run, until)

    @cached_property
    def run(self) -> list[int]:
        return [one.at for one in self.slots if one.running]

    def in_force(self, at: int) -> Applied | None:
        return self.applied[max(slot for slot in self.applied if slot <= at)]

    def applied_since(self, at: int) -> int:
        """Since when the target applies that is in force at an instant."""
        earlier = sorted(slot for slot in self.applied if slot <= at)
        since = earlier.pop()
        while earlier and self.applied[earlier[-1]] == self.applied[since]:
            since = earlier.pop()
        return since

    def stands(self, until: int) -> list[tuple[int, int]]:
        """Begin and open slots of every stand of the clock before `until`."""
        found: dict[int, int] = {}
        for one in self.slots:
            if one.since is not None and one.at < until:
                found[one.since] = found.get(one.since, 0) + one.is_open
        return sorted(found.items())

    def stands_since(self, applied: Applied, at: int) -> int | None:
        """Since when the clock of a target stands that stands at `at`."""
        if at == self.stop and self.cycle.end is not None:
            return None
        return self.stand(applied, at)


def live(
    cycle: Cycle, updates: list[Update], now: int, applies: Callable[[Update, str], Applied | None]
) -> Life | None:
    applied: dict[int, Applied | None] = {}
    for update in updates:
        ended = cycle.end is not None and update.slot >= cycle.end
        solved = any(begin <= update.slot < end for begin, end in cycle.solved)
        if update.slot == cycle.start or (update.slot > cycle.start and not ended and not solved):
            applied[update.slot] = applies(update, cycle.measure)
    if all(one is None for one in applied.values()):
        return None
    stop = now if cycle.end is None else cycle.end

    def stand(counted: Applied, at: int) -> int | None:
        since = at
        while since >= cycle.start and is_standing(counted, cycle, since, updates):
            since -= 1
        return None if since == at else since + 1

    slots = [_slot_of_life(cycle, at, applied, stand) for at in range(cycle.start, stop)]
    stands = False
    last = applied[max(slot for slot in applied if slot <= stop)]
    if cycle.end is None and last is not None:
        stands = stand(last, stop) is not None
    return Life(cycle, stop, [one for one in slots if one is not None], applied, stands, stand)


def _slot_of_life(
    cycle: Cycle,
    at: int,
    applied: dict[int, Applied | None],
    stand: Callable[[Applied, int], int | None],
) -> Slot | None:
    counted = applied[max(slot for slot in applied if slot <= at)]
    if counted is None:  # as if the next target that comes had been there
        later = [slot for slot, one in applied.items() if slot > at and one is not None]
        if not later:
            return None
        counted = applied[min(later)]
    assert counted is not None
    counts = counted.counts(cycle.start, at)
    since = stand(counted, at)
    return Slot(at, counts and since is None, since, counts, counted.clock_hours)


def is_standing(counted: Applied, cycle: Cycle, at: int, updates: list[Update]) -> bool:
    if any(begin <= at < end for begin, end in cycle.solved):
        return True
    values = [one.after for one in updates if one.slot <= at][-1]
    assert values is not None
    return counted.pauses(cycle.measure, values.status, values.custom)


# Dues


@dataclass(frozen=True)
class Due:
    judged: int
    shown: int


def running_due(life: Life, applied: Applied, stop: int) -> Due:
    """When the running time reaches the target, the clock running on from `stop`."""
    return reached(life, applied, stop, applied.span.amount // GRID)


def reached(life: Life, applied: Applied, stop: int, wanted: int) -> Due:
    """When `wanted` slots have run, the clock running on from `stop`."""
    run = life.run[: life.elapsed(stop)]
    at = stop
    while len(run) <= wanted:
        if applied.counts(life.cycle.start, at):
            run.append(at)
        at += 1
    judged = run[wanted]
    counted = {one.at: one.hours for one in life.slots}.get(judged, applied.clock_hours)
    if wanted and counted.at_closing == "closing" and is_closing(counted, run[wanted - 1] + 1):
        return Due(judged, run[wanted - 1] + 1)
    return Due(judged, judged)


def days_later(applied: Applied, start: int) -> Due:
    return date_later(applied.clock_hours, applied.first_slot(start), applied.span.amount)


@cache
def date_later(hours: Hours, start: int, count: int) -> Due:
    """The same local time of day on the Nth counted date, next opening when closed."""
    opened = _wall(next_open(hours, start), hours.zone)
    day = opened.date()
    for _ in range(count):
        day = next_open_date(hours, day)
    wall = _slot(day, opened.hour * 60 + opened.minute, hours.zone)
    judged = next_open(hours, wall)
    closes = wall - 1 in open_slots(hours, day) and not is_open(hours, wall)
    if closes and hours.at_closing == "closing":
        return Due(judged, wall)
    return Due(judged, judged)


def pushed(applied: Applied, due: Due, open_count: int) -> Due:
    if open_count == 0:
        return due
    hours = applied.clock_hours
    at, left = due.judged, open_count
    while left:
        left -= is_open(hours, at)
        at += 1
    judged = next_open(hours, at)
    if hours.at_closing == "closing" and not is_open(hours, at):
        return Due(judged, at)
    return Due(judged, judged)


def closing_of(hours: Hours, day: date) -> Due:
    """The last closing of a date, 24:00 when it is closed."""
    slots = open_slots(hours, day)
    closing = max(slots) + 1 if slots else _slot(day, 1440, hours.zone)
    return Due(closing, closing)


def unpaused_due(applied: Applied, start: int) -> Due:
    if not applied.target.by_closing:
        return days_later(applied, start)
    hours = applied.clock_hours
    day = _wall(next_open(hours, applied.first_slot(start)), hours.zone).date()
    for _ in range(applied.span.amount):
        day = next_open_date(hours, day)
    return closing_of(applied.hours, day)


def days_due(life: Life, applied: Applied, stop: int) -> Due:
    timed = days_later(applied, life.cycle.start)
    due = unpaused_due(applied, life.cycle.start)
    for begin, open_count in life.stands(stop):
        if begin < due.judged and open_count:
            due = timed = pushed(applied, timed, open_count)
            if applied.target.by_closing:
                zone = applied.hours.zone
                due = closing_of(applied.hours, _wall(timed.judged, zone).date())
    return due


def due_of(life: Life, applied: Applied, stop: int) -> Due:
    if applied.span.unit == "seconds":
        return running_due(life, applied, stop)
    return days_due(life, applied, stop)


def is_exceeded(life: Life, applied: Applied, at: int) -> bool:
    if applied.span.unit == "seconds":
        return life.elapsed(at) * GRID > applied.span.amount
    due = days_due(life, applied, at).judged
    since = life.stands_since(applied, at)
    return at > due and not (since is not None and since < due)


def length(life: Life, applied: Applied) -> int:
    """The target in seconds of its clock."""
    if applied.span.unit == "seconds":
        return applied.span.amount
    start = life.cycle.start
    due = unpaused_due(applied, start).judged
    return GRID * sum(applied.counts(start, at) for at in range(start, due))


# Steps


def whole(life: Life, applied: Applied, due: Due | None) -> int:
    """Seconds that the clock runs from the start to the due as it stands."""
    if applied.span.unit == "seconds":
        return applied.span.amount
    end = life.stop
    if due is None:  # paused: the due is the one that it was when the pause began
        since = life.stands_since(applied, life.stop)
        end = life.stop if since is None else since
        due = days_due(life, applied, end)
    ahead = range(end, due.judged)
    n_ahead = sum(applied.counts(life.cycle.start, slot) for slot in ahead)
    return GRID * (life.elapsed(min(end, due.judged)) + n_ahead)


def steps_of(
    life: Life, policy: Policy, last: Applied, due: Due | None, arrived: int | None
) -> dict[str, datetime | None]:
    """When each step of an open cycle fires; `arrived`: of a target exceeded on arrival."""
    now_whole = whole(life, last, due)
    is_known = due is not None or last.span.unit == "seconds"
    at_due = now_whole if arrived is None else GRID * life.elapsed(arrived)
    found: dict[str, datetime | None] = {}
    for step in policy.escalations[last.target.escalate or ""]:
        moment, label = step.at, step.at.label
        for number in range(step.repeat_times + 1):
            key = label if number == 0 else f"{label} #{number + 1}"
            wanted = number * (step.repeat_every or 0)
            is_due = moment.kind == "due" or moment.share == 1
            if is_due and number == 0:
                at = arrived if arrived is not None else due.shown if due else None
                found[key] = None if at is None else instant_of(at)
                continue
            if moment.kind == "before":
                wanted += now_whole - moment.seconds
            elif moment.kind == "share" and not is_due:
                wanted += -int(-moment.share * now_whole // 1)
            else:
                wanted += at_due + moment.seconds if is_known else -(10**9)
            found[key] = _running_instant(life, wanted) if wanted >= 0 else None
    return found


def _running_instant(life: Life, seconds: int) -> datetime | None:
    """When the clock has run for so long; None while it stands before that."""
    wanted, rest = divmod(seconds, GRID)
    counted = life.in_force(life.stop)
    assert counted is not None
    if wanted >= len(life.run) and life.stands_at_stop:
        return None
    found = reached(life, counted, life.stop, wanted)
    if rest:
        return instant_of(found.judged) + timedelta(seconds=rest)
    return instant_of(found.shown)


# Verdicts


@dataclass
class Row:
    measure: str
    cycle: int
    state: str
    reason: str | None
    started_at: datetime
    due_at: datetime | None
    fulfilled_at: datetime | None
    ended_by: str | None
    breached_at: datetime | None
    elapsed_seconds: int
    paused_seconds: int
    target_seconds: int
    tier: str
    customer: str | None
    calendar: str
    rule: str
    steps: dict[str, datetime | None]


@dataclass
class Breach:
    applied: Applied
    at: int
    due: Due


def instant_of(slot: int) -> datetime:
    return datetime.fromtimestamp(slot * GRID, UTC)


def first_breach(life: Life) -> Breach | None:
    """Walk through the life and look at every instant, before and after its update."""
    for at in range(life.cycle.start, life.stop + 1):
        before = life.in_force(at - 1) if at > life.cycle.start else None
        solved = any(begin < at <= end for begin, end in life.cycle.solved)
        if before is not None and not solved and is_exceeded(life, before, at):
            due = due_of(life, before, at)
            return Breach(before, max(due.judged, life.applied_since(at - 1)), due)
        arrived = life.applied.get(at)
        if arrived is not None and is_exceeded(life, arrived, at):
            return Breach(arrived, at, due_of(life, arrived, at))
    return None


def _row(life: Life, policy: Policy) -> Row:
    cycle, stop = life.cycle, life.stop
    applied = life.in_force(stop)
    ended_by = cycle.ended_by
    if applied is None:
        cancelled = max(slot for slot, one in life.applied.items() if one is not None)
        stop = min(slot for slot in life.applied if slot > cancelled)
        last = life.applied[cancelled]
        ended_by = "cancelled"
    else:
        last = applied
    assert last is not None
    breach = first_breach(life)
    due: Due | None
    if breach is not None:
        last = breach.applied
        state = "breached" if ended_by else "breached_open"
        due = breach.due
    elif ended_by == "cancelled":
        state, due = "cancelled", None
    elif life.stands_at_stop:
        state, due = "paused", None
    else:
        state = "met" if ended_by else "running"
        due = due_of(life, last, stop)
    steps = {}
    if ended_by is None:
        arrived = None
        if breach is not None and breach.at != breach.due.judged:
            arrived = breach.at
        steps = steps_of(life, policy, last, due, arrived)
    fulfilled = cycle.end if ended_by != "cancelled" else None
    started_at = instant_of(cycle.start)
    enforce_from = policy.settings.enforce_from
    reason = None
    if enforce_from is not None and started_at < enforce_from:
        state, reason = "excluded", "before_enforce_from"
    return Row(
        measure=cycle.measure,
        cycle=cycle.number,
        state=state,
        reason=reason,
        started_at=started_at,
        due_at=None if due is None else instant_of(due.shown),
        fulfilled_at=None if fulfilled is None else instant_of(fulfilled),
        ended_by=ended_by,
        breached_at=None if breach is None or reason else instant_of(breach.at),
        elapsed_seconds=GRID * life.elapsed(stop),
        paused_seconds=GRID * sum(count for _, count in life.stands(stop)),
        target_seconds=length(life, last),
        tier=last.tier,
        customer=last.customer,
        calendar=last.calendar,
        rule=str(last.target.where),
        steps=steps,
    )


def exclusion(ticket: Ticket, now: int) -> tuple[int, str] | None:
    """Since when the ticket is excluded at `now`, and why."""
    found = None
    for one in sorted(ticket.happenings, key=lambda one: one.at):
        if slot_of(one.at) > now:
            break
        if one.kind in ("merged", "deleted") and found is None:
            found = (slot_of(one.at), one.kind)
        if one.kind == "restored":
            found = None
    return found


def rows(ticket: Ticket, policy: Policy, now: datetime, hours: Mapping[str, Hours]) -> list[Row]:
    """Every row of the ticket, judged at `now`; `hours` has each calendar of the policy."""
    at = slot_of(now)
    if slot_of(ticket.created_at) > at:
        return []
    excluded = exclusion(ticket, at)
    end = None if excluded is None else excluded[0]
    updates = updates_of(ticket, at, end)
    found = list(_rows(ticket, policy, updates, at if end is None else end, hours))
    if excluded is not None:
        for row in found:
            row.state, row.reason, row.breached_at = "excluded", excluded[1], None
    return found


def _rows(
    ticket: Ticket,
    policy: Policy,
    updates: list[Update],
    now: int,
    hours: Mapping[str, Hours],
) -> Iterator[Row]:

    def applies(update: Update, measure: str) -> Applied | None:
        assert update.after is not None
        return choose(ticket, policy, update.after, measure, hours)

    targets = [one for tier in policy.tiers for one in tier.targets]
    targets += [one for contract in policy.contracts for one in contract.targets]
    for measure in {one.measure for one in targets}:
        for cycle in cycles_of(measure, updates):
            life = live(cycle, updates, now, applies)
            if life is not None:
                yield _row(life, policy)
