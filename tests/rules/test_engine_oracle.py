# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against a second, naive engine, over random tickets and policies."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from rules.evaluate import evaluate
from rules.facts import MEASURES, PRIORITIES, Happening, Organization, Ticket
from rules.policy import (
    EVERYTHING,
    CalendarChooser,
    Contract,
    PathIs,
    Policy,
    Settings,
    Span,
    Target,
    Tier,
    Where,
)
from tests.rules import oracle
from tests.rules.builders import a_step

if TYPE_CHECKING:
    from rules.facts import Measure
    from rules.verdict import Verdict

QUARTER = timedelta(minutes=15)
HERE = Where("rules.yaml", 1, 1)
ACME = Organization("1", "Acme BV", {"sla_tier": "premium", "market": "nl"}, ("vip",))
BRAVO = Organization("2", "Bravo Ltd", {"sla_tier": "standard", "market": "us"}, ())
WEEKS: dict[str, Any] = {
    "office": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("09:00", "17:00"),)),
    "lunch": dict.fromkeys(("mon", "tue", "thu", "fri"), (("08:30", "12:30"), ("13:00", "17:15"))),
    "night": dict.fromkeys(("fri", "sat", "sun", "mon"), (("22:00", "03:30"), ("12:00", "14:00"))),
    "uneven": {
        "mon": (("09:00", "12:00"),),
        "tue": (("10:00", "17:00"),),
        "thu": (("00:00", "24:00"),),
        "sat": (("01:00", "03:00"),),
        "sun": (("01:30", "02:45"), ("03:00", "04:00"), ("20:00", "24:00")),
    },
    "always": dict.fromkeys(oracle.WEEKDAYS, (("00:00", "24:00"),)),
}
ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
DAYS = [date(2026, 10, 22) + timedelta(days=number) for number in range(18)]


@st.composite
def all_hours(draw: st.DrawFn) -> oracle.Hours:
    week = WEEKS[draw(st.sampled_from(sorted(WEEKS)))]
    holidays = draw(st.lists(st.sampled_from(DAYS), max_size=2, unique=True))
    changed = draw(st.lists(st.sampled_from(DAYS), max_size=2, unique=True))
    free = [day for day in changed if day not in holidays]
    extra = {}
    breaks = {}
    if free and draw(st.booleans()):
        extra[free[0]] = (("10:00", "14:00"), ("15:00", "24:00"))
    elif free:
        breaks[free[0]] = (("11:15", "15:00"),)
    return oracle.Hours(
        draw(st.sampled_from(ZONES)),
        tuple(week.items()),
        tuple(holidays),
        tuple(extra.items()),
        tuple(breaks.items()),
        draw(st.sampled_from(["next_opening", "closing"])),
        draw(st.sampled_from([None, None, None, 12 * 3600, 15 * 3600])),
    )


spans = st.one_of(
    st.integers(1, 60).map(lambda quarters: Span("seconds", quarters * 900)),
    st.sampled_from([4, 16, 32]).map(lambda quarters: Span("seconds", quarters * 900)),
    st.integers(1, 3).map(lambda days: Span("working_days", days)),
    st.integers(1, 3).map(lambda days: Span("calendar_days", days)),
)
PAUSES = (None, None, ("pending",), ("pending", "hold"), ("Waiting for supplier",), ())
WHENS = (
    EVERYTHING,
    EVERYTHING,
    PathIs("priority", frozenset({"high", "urgent"})),
    PathIs("channel", frozenset({"email"})),
    PathIs("tags", frozenset({"vip", "router"})),
    PathIs("group", frozenset({"support"})),
)
STEPS = (
    a_step("33%"),
    a_step("50%"),
    a_step("99%"),
    a_step("100%"),
    a_step("120m before"),
    a_step("15m before", repeat_every=900, repeat_times=2),
    a_step("due", repeat_every=1800, repeat_times=1),
    a_step("60m after", repeat_every=7200, repeat_times=1),
)


@st.composite
def targets(draw: st.DrawFn, measure: Measure, counted: tuple[str, ...], line: int) -> Target:
    one = draw(spans)
    within = dict.fromkeys(PRIORITIES, one)
    if draw(st.booleans()):
        within = {priority: draw(spans) for priority in PRIORITIES}
    dates: dict[str, datetime] = {}
    if draw(st.integers(0, 9)) == 0:
        dates[draw(st.sampled_from(["from_at", "until_at"]))] = datetime(2026, 10, 25, tzinfo=UTC)
    by_closing = all(span.unit != "seconds" for span in within.values()) and draw(st.booleans())
    return Target(
        measure=measure,
        within=within,
        counted=draw(st.sampled_from(counted)),
        where=Where("rules.yaml", line, 5),
        when=draw(st.sampled_from(WHENS)),
        by_closing=by_closing,
        pause_on=draw(st.sampled_from(PAUSES)),
        escalate="usual",
        **dates,
    )


def _some_targets(
    draw: st.DrawFn, measures: list[Measure], counted: tuple[str, ...], line: int
) -> tuple[Target, ...]:
    """One or two targets for each of some measures."""
    wanted = [one for one in measures for _ in range(draw(st.integers(0, 2)))]
    return tuple(draw(targets(one, counted, line + number)) for number, one in enumerate(wanted))


@st.composite
def policies(draw: st.DrawFn) -> tuple[Policy, dict[str, oracle.Hours]]:
    hours = {name: draw(all_hours()) for name in ("one", "two")}
    counted = ("one", "two", "chosen", "chosen")
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=3, unique=True))
    chooser = CalendarChooser("chosen", "organization.fields.market", {"nl": "one"}, "two", HERE)
    maybe = st.sampled_from([None, *PRIORITIES])
    premium = Tier(
        "premium",
        PathIs("organization.fields.sla_tier", frozenset({"premium"})),
        _some_targets(draw, measures, counted, 100),
        HERE,
        default_priority=draw(maybe),
        floor_priority=draw(maybe),
    )
    last = draw(st.sampled_from([EVERYTHING, PathIs("group", frozenset({"support", "second"}))]))
    standard = Tier(
        "standard",
        last,
        _some_targets(draw, measures, counted, 200),
        HERE,
        default_priority=draw(maybe),
    )
    contract = Contract(
        "bravo",
        PathIs("organization.id", frozenset({"2"})),
        draw(st.sampled_from(["premium", "standard"])),
        HERE,
        until_at=draw(st.sampled_from([None, datetime(2026, 10, 25, tzinfo=UTC)])),
        targets=_some_targets(draw, measures, counted, 300),
        without=frozenset(draw(st.lists(st.sampled_from(MEASURES), max_size=3))),
    )
    enforce_from = draw(st.sampled_from([None, None, datetime(2026, 10, 25, tzinfo=UTC)]))
    policy = Policy(
        hash="0" * 64,
        settings=Settings("UTC", enforce_from=enforce_from),
        calendars={name: one.calendar(name) for name, one in hours.items()},
        choosers={"chosen": chooser},
        recipients={},
        escalations={"usual": STEPS},
        tiers=(premium, standard),
        contracts=draw(st.sampled_from([(), (contract,)])),
        obligations={},
    )
    return policy, hours


AUTHORS = ("requester", "end_user", "agent", "agent", "agent", "light_agent", "system", "stipt")
STATUSES = (
    ("open", None),
    ("open", None),
    ("pending", None),
    ("pending", "Waiting for supplier"),
    ("hold", None),
    ("hold", "Waiting for supplier"),
    ("solved", None),
    ("closed", None),
)


OFTEN = ("comment", "comment", "status", "status", "status", "priority", "organization")
SELDOM = ("group", "tags", "comment_private", "merged", "deleted", "restored")


@st.composite
def happenings_at(draw: st.DrawFn, at: datetime, comments: list[datetime]) -> list[Happening]:
    """One update: at most one happening of each kind, so that their order says nothing."""
    found = []
    by = draw(st.sampled_from(AUTHORS))
    for kind in draw(
        st.lists(st.sampled_from(OFTEN + OFTEN + SELDOM), min_size=1, max_size=3, unique=True)
    ):
        if kind == "comment":
            via = draw(st.sampled_from([None, None, None, "side_conversation"]))
            public = draw(st.integers(0, 3)) > 0
            found.append(Happening(at, "comment", by=by, public=public, via=via))
            comments.append(at)
        elif kind == "status":
            to, custom = draw(st.sampled_from(STATUSES))
            found.append(Happening(at, "status", by=by, to=to, custom=custom))
        elif kind == "organization":
            one = draw(st.sampled_from([ACME, BRAVO, None]))
            found.append(Happening(at, "organization", by=by, organization=one))
        elif kind == "comment_private":
            of = draw(st.sampled_from(comments))
            found.append(Happening(at, "comment_private", by=by, of=of))
        elif kind in ("merged", "deleted", "restored"):
            if draw(st.integers(0, 2)) == 0 and not {one.kind for one in found} & {
                "merged",
                "deleted",
                "restored",
            }:
                found.append(Happening(at, kind, by=by, into="4712"))
        else:
            values: dict[str, list[Any]] = {
                "priority": [None, *PRIORITIES],
                "group": ["support", "second", None],
                "tags": [("vip",), ("router", "x"), ()],
            }
            to = draw(st.sampled_from(values[kind]))
            found.append(Happening(at, "field", by=by, field=kind, to=to))
    return found


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    first = draw(st.integers(0, 5 * 96))
    created = datetime(2026, 10, 22, tzinfo=UTC) + first * QUARTER
    quarters = draw(st.lists(st.integers(0, 4 * 96) | st.integers(0, 40), max_size=14, unique=True))
    comments = [created]
    happenings: list[Happening] = []
    for number in sorted(quarters):
        happenings += draw(happenings_at(created + number * QUARTER, comments))
    return Ticket(
        "4711",
        created,
        channel=draw(st.sampled_from(["email", "web"])),
        priority=draw(st.sampled_from([None, *PRIORITIES])),
        status=draw(st.sampled_from(["new", "new", "open", "pending", "solved"])),
        group=draw(st.sampled_from([None, "support"])),
        tags=draw(st.sampled_from([(), ("vip",)])),
        organization=draw(st.sampled_from([ACME, ACME, BRAVO, None])),
        created_by=draw(st.sampled_from([*AUTHORS, "requester", "end_user"])),
        created_public=draw(st.integers(0, 4)) > 0,
        happenings=tuple(happenings),
    )


def rows_of(verdict: Verdict) -> list[dict[str, Any]]:
    names = [name for name in oracle.Row.__dataclass_fields__ if name != "steps"]
    found = []
    for one in verdict.cycles:
        row = {name: getattr(one, name) for name in names}
        row["steps"] = {step.key: step.at for step in one.steps} if one.ended_by is None else {}
        found.append(row)
    return _sorted(found)


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["measure"], row["cycle"]))


@settings(deadline=None)
@given(tickets(), policies(), st.integers(0, 10 * 96))
def test_engine_and_oracle_agree(
    ticket: Ticket, made: tuple[Policy, dict[str, oracle.Hours]], later: int
) -> None:
    policy, hours = made
    now = ticket.created_at + later * QUARTER
    note(f"{now=}")
    expected = [asdict(row) for row in oracle.rows(ticket, policy, now, hours)]
    assert rows_of(evaluate(ticket, policy, now)) == _sorted(expected)


@settings(deadline=None)
@given(tickets(), policies(), st.integers(0, 10 * 96))
def test_no_warning_of_an_open_clock_lies_after_its_due(
    ticket: Ticket, made: tuple[Policy, Any], later: int
) -> None:
    verdict = evaluate(ticket, made[0], ticket.created_at + later * QUARTER)
    for row in verdict.cycles:
        if not row.is_open or row.due_at is None:
            continue
        assert row.risk_at is None or row.risk_at <= row.due_at
        for step in row.steps:
            is_warning = step.step.at.kind in ("share", "before") and "#" not in step.key
            if is_warning and step.at is not None and row.breached_at in (None, row.due_at):
                assert step.at <= row.due_at, step.key


REWRITES = {"merged", "deleted", "restored", "comment_private"}


@settings(deadline=None)
@given(st.data(), tickets(), policies(), st.integers(0, 10 * 96))
def test_order_of_happenings_within_one_second_says_nothing(
    data: st.DataObject, ticket: Ticket, made: tuple[Policy, Any], later: int
) -> None:
    crowded = list(ticket.happenings)
    for one in ticket.happenings[:4]:
        crowded += data.draw(happenings_at(one.at, [ticket.created_at]))
    now = ticket.created_at + later * QUARTER
    shuffled = data.draw(st.permutations(crowded))
    judged = [
        evaluate(ticket.with_happenings(tuple(one)), made[0], now) for one in (crowded, shuffled)
    ]
    assert judged[0] == judged[1]
    assert rows_of(judged[0]) == rows_of(judged[1])


@settings(deadline=None)
@given(tickets(), policies(), st.integers(0, 6 * 96), st.integers(1, 6 * 96))
def test_what_is_closed_or_breached_stays_as_it_was_judged(
    ticket: Ticket, made: tuple[Policy, Any], later: int, later_still: int
) -> None:
    policy, _ = made
    first = ticket.created_at + later * QUARTER
    second = first + later_still * QUARTER
    between = [one for one in ticket.happenings if first < one.at <= second]
    assume(not {one.kind for one in between} & REWRITES)
    reopens = any(one.kind == "status" for one in between)
    rows = {
        (one["measure"], one["cycle"]): one for one in rows_of(evaluate(ticket, policy, second))
    }
    for row in rows_of(evaluate(ticket, policy, first)):
        after = rows[row["measure"], row["cycle"]]
        in_status = row["measure"] in ("requester_wait", "agent_work", "resolution")
        if row["ended_by"] in ("reply", "solved", "reassigned") and not (in_status and reopens):
            assert after == row
        if row["breached_at"] is not None:
            missed = ("breached_at", "due_at", "target_seconds", "rule", "tier", "calendar")
            assert [after[name] for name in missed] == [row[name] for name in missed]


@settings(deadline=None)
@given(tickets(), policies(), st.integers(0, 6 * 96))
def test_nothing_changes_by_time_alone_before_the_next_moment_to_look(
    ticket: Ticket, made: tuple[Policy, Any], later: int
) -> None:
    policy, _ = made
    now = ticket.created_at + later * QUARTER
    still = ticket.with_happenings(tuple(one for one in ticket.happenings if one.at <= now))
    verdict = evaluate(still, policy, now)
    look_at = verdict.look_at or now + timedelta(days=30)
    later_verdict = evaluate(still, policy, look_at - timedelta(seconds=1))
    for before, after in zip(verdict.cycles, later_verdict.cycles, strict=True):
        assert (after.state, after.due_at, after.breached_at) == (
            before.state,
            before.due_at,
            before.breached_at,
        )
