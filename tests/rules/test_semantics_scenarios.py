# SPDX-License-Identifier: GPL-3.0-or-later
"""Worked examples of other systems (tests/vectors/scenarios.json), and what Stipt answers.

Each test reads its entry, so that a changed vector is noticed; entries whose
events are in words are spelt out here by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rules.policy import PathIs
from tests.rules.builders import (
    WEEK,
    a_calendar,
    a_chooser,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    change,
    comment,
    cycle_of,
    instant,
    judged,
    note,
    one_tier,
    row_of,
    status,
)

if TYPE_CHECKING:
    from rules.facts import Happening

_FILE = Path(__file__).parents[1] / "vectors" / "scenarios.json"
SCENARIOS = {entry["id"]: entry for entry in json.loads(_FILE.read_text())["scenarios"]}


def at(text: str) -> str:
    return f"2026-11-23 {text}"


def test_every_scenario_told_in_words_is_here() -> None:
    told = {name for name, one in SCENARIOS.items() if one["type"] in ("state", "two_schedules")}
    here = {name for name in SCENARIOS if f"test_{name.lower().replace('-', '_')}" in TESTS}
    assert told - {"RT-12"} == here  # RT-12 informs: owners play no part in any measure


def test_zam_11() -> None:
    """Nothing matches any more: every due is taken away."""
    expected = SCENARIOS["ZAM-11"]["expected"]
    berlin = a_calendar("office", "Europe/Berlin")
    tier = a_tier(
        "standard",
        a_target("first_reply", "60m", counted="office"),
        a_target("periodic_update", "180m", counted="office"),
        a_target("resolution", "240m", counted="office"),
        match=PathIs("ticket.fields.kind", frozenset({"incident"})),
    )
    policy = a_policy(tier, calendars=[berlin])
    ticket = a_ticket(
        "2013-03-21T09:30:00Z",
        change("2013-03-21T09:40:00Z", "ticket.fields.kind", "question"),
        fields={"kind": "incident"},
    )
    before = judged(ticket, policy, "2013-03-21T09:35:00Z")
    assert cycle_of(before, "first_reply").due_at == instant(expected["before"]["first_response"])
    assert cycle_of(before, "resolution").due_at == instant(expected["before"]["solution"])
    assert [row.measure for row in before.cycles] == ["first_reply", "resolution"]
    after = judged(ticket, policy, "2013-03-21T09:40:00Z")
    assert {(row.state, row.due_at) for row in after.cycles} == {("cancelled", None)}
    assert after.look_at is None


def test_zam_27() -> None:
    """A second message does not move the due; it is anchored on the first."""
    policy = one_tier(a_target("next_reply", "4h"))
    answered, first = comment(at("09:00")), comment(at("10:00"), "requester")
    ticket = a_ticket(at("08:00"), answered, first, comment(at("10:10"), "requester"))
    row = row_of(ticket, policy, at("11:00"), "next_reply")
    assert (row.cycle, row.due_at) == (1, instant(at("14:00")))


def test_rt_09() -> None:
    """Due is t1 + target, unchanged by t2; nothing is due between reply and next message."""
    policy = one_tier(a_target("first_reply", "2h"), a_target("next_reply", "2h"))
    ticket = a_ticket(
        at("09:00"),
        comment(at("10:00")),
        comment(at("12:00"), "requester"),
        comment(at("13:00"), "requester"),
    )
    assert [row.is_open for row in judged(ticket, policy, at("11:00")).cycles] == [False]
    row = row_of(ticket, policy, at("13:30"), "next_reply")
    assert (row.started_at, row.due_at) == (instant(at("12:00")), instant(at("14:00")))


def test_fra_17() -> None:
    """The running pause is closed before the elapsed time is computed."""
    policy = one_tier(a_target("resolution", "8h", pause_on=("hold",)))
    ticket = a_ticket(
        "2026-02-02 10:00",
        status("2026-02-02 12:00", "hold"),
        status("2026-08-03 12:00", "solved"),
    )
    row = row_of(ticket, policy, "2026-08-04 10:00", "resolution")
    assert (row.state, row.elapsed_seconds) == ("met", 2 * 3600)
    assert row.paused_seconds == 182 * 86_400  # 2 February to 3 August


def test_glp_17() -> None:
    """A target that is attached late counts from the creation."""
    tier = a_tier("vip", a_target("first_reply", "4h"), match=PathIs("tags", frozenset({"vip"})))
    ticket = a_ticket(at("10:00"), change(at("11:00"), "tags", ("vip",)))
    row = row_of(ticket, a_policy(tier), at("11:00"))
    assert (row.due_at, row.elapsed_seconds) == (instant(at("14:00")), 3600)


def test_glp_19() -> None:
    """Earlier pauses stay excluded when another target is assigned."""
    within = {"high": "12h", "otherwise": "24h"}
    policy = one_tier(a_target("resolution", within, pause_on=("hold",)))
    ticket = a_ticket(
        at("10:00"),
        status(at("12:00"), "hold"),
        status("2026-11-26 12:00", "open"),
        change("2026-11-26 13:00", "priority", "high"),
    )
    row = row_of(ticket, policy, "2026-11-26 13:00", "resolution")
    assert (row.state, row.elapsed_seconds) == ("running", 3 * 3600)
    assert row.due_at == instant("2026-11-26 22:00")


def test_cha_12() -> None:
    """A reply in the due second is in time; at the due second nothing is breached yet."""
    policy = one_tier(a_target("first_reply", "4h"))
    replied = a_ticket(at("10:00"), comment(at("14:00")))
    assert row_of(replied, policy, at("15:00")).state == "met"
    assert row_of(a_ticket(at("10:00")), policy, at("14:00")).state == "running"
    assert row_of(a_ticket(at("10:00")), policy, at("14:00:01")).state == "breached_open"


def test_snw_05() -> None:
    """99.951 % of a target is not a breach, whatever it rounds to."""
    policy = one_tier(a_target("resolution", "100000s"))
    ticket = a_ticket("2026-11-23 00:00:00", status("2026-11-24 03:45:51", "solved"))
    row = row_of(ticket, policy, "2026-11-25 00:00", "resolution")
    assert (row.state, row.elapsed_seconds) == ("met", 99_951)
    assert round(100 * row.elapsed_seconds / row.target_seconds, 1) == 100.0


def test_dbt_01() -> None:
    """Each period counts by the schedule in force then, not by the last one."""
    scenario = SCENARIOS["DBT-01"]
    calendars = [
        a_calendar(name, hours=_week_of(minutes))
        for name, minutes in scenario["schedules_week_minutes"].items()
    ]
    created, moved, replied = (instant(event[0]) for event in scenario["events"])
    policy = one_tier(
        a_target("first_reply", "100h", counted="chosen"),
        calendars=calendars,
        choosers=[a_chooser("chosen", "ticket.fields.place", {"sf": "sf"}, "chicago")],
    )
    ticket = a_ticket(
        created.isoformat(),
        change(moved.isoformat(), "ticket.fields.place", "sf"),
        comment(replied.isoformat()),
        fields={"place": "chicago"},
    )
    row = row_of(ticket, policy, "2020-10-05 00:00")
    assert row.elapsed_seconds == scenario["expected_seconds"]


def _week_of(minutes: list[list[int]]) -> dict[str, list[tuple[str, str]]]:
    """Hours of each weekday, from minutes since Sunday 00:00; parts over midnight are split."""
    days = ("sun", *WEEK, "sat")
    hours: dict[str, list[tuple[str, str]]] = {day: [] for day in days}
    for opening, closing in minutes:
        for number, day in enumerate((*days, "sun")):
            first = max(opening, number * 1440) - number * 1440
            last = min(closing, (number + 1) * 1440) - number * 1440
            if first < last:
                hours[day].append((_clock(first), _clock(last)))
    return {day: sorted(pairs) for day, pairs in hours.items()}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def test_dbt_04() -> None:
    """Solving without a reply ends the first reply in time; open past the due is a breach."""
    policy = one_tier(a_target("first_reply", "4h"))
    row = row_of(a_ticket(at("10:00"), status(at("12:00"), "solved")), policy, at("20:00"))
    assert (row.state, row.ended_by, row.fulfilled_at) == ("met", "solved", instant(at("12:00")))
    late = row_of(a_ticket(at("10:00"), status(at("14:00:01"), "solved")), policy, at("20:00"))
    assert (late.state, late.ended_by) == ("breached", "solved")
    assert row_of(a_ticket(at("10:00")), policy, at("20:00")).state == "breached_open"


@pytest.mark.parametrize("between", [(), (note(at("10:30")), status(at("10:30"), "pending"))])
def test_zen_03(between: tuple[Happening, ...]) -> None:
    """Two cycles: messages join the first; notes and pending change nothing."""
    policy = one_tier(a_target("next_reply", "2h"))
    ticket = a_ticket(
        at("08:00"),
        comment(at("08:30")),
        comment(at("09:00"), "requester"),
        comment(at("10:00"), "end_user"),
        *between,
        comment(at("11:00")),
        comment(at("12:00"), "requester"),
        comment(at("13:00")),
    )
    found: list[Any] = []
    for row in judged(ticket, policy, at("20:00")).cycles:
        assert row.fulfilled_at is not None
        found.append([f"{row.started_at:%H:%M}", f"{row.fulfilled_at:%H:%M}"])
        assert row.state == "met"  # the first one exactly at its target
    assert found == SCENARIOS["ZEN-03"]["expected"]["cycles"]


TESTS = frozenset(name for name in globals() if name.startswith("test_"))
