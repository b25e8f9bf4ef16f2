# SPDX-License-Identifier: GPL-3.0-or-later
"""Erlang B, C and A against published values, and the people that promises need."""

import json
from collections.abc import Callable
from fractions import Fraction
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.erlang import Demand, erlang_b, erlang_c, impatient_queue, patient_queue
from rules.staffing import LinePromise, paid_heads, staff_line

# Load, agents, seconds a call, seconds of wait: Erlang B, share who wait, answered in time,
# mean wait, occupancy. Recomputed with 40 digits; None where the source gives no value.
PATIENT = [
    (0.5, 1, 180, 20, "0.33333333", "0.50000000", "0.5270203", "180.0000", ".5000"),
    (1, 2, 180, 20, "0.20000000", "0.33333333", "0.7017202", "60.0000", ".5000"),
    (2, 3, 1200, None, "0.21052632", "0.44444444", None, "533.3333", ".6667"),
    (2.5, 5, 300, 0, "0.06973112", "0.13037130", "0.8696287", "15.64456", ".5000"),
    (2.5, 6, 300, 0, "0.02823429", "0.04744481", "0.9525552", "4.066698", ".4167"),
    (4, 5, 180, 20, "0.19906687", "0.55411255", "0.5041583", "99.74026", ".8000"),
    (10, 11, 180, 20, "0.16323233", "0.68211820", "0.3896138", "122.7813", ".9091"),
    (10, 12, 180, 20, "0.11973919", "0.44938822", "0.6401580", "40.44494", ".8333"),
    (10, 13, 180, 20, "0.08433886", "0.28527045", "0.7955948", "17.11623", ".7692"),
    (10, 14, 180, 20, "0.05681914", "0.17413193", "0.8883500", "7.835937", ".7143"),
    (10, 15, 180, 20, "0.03649695", "0.10204237", "0.9414528", "3.673525", ".6667"),
    (48, 55, 240, 15, "0.03837428", "0.23870094", "0.8458831", "8.184032", ".8727"),
    (48, 50, 60, None, "0.08333735", "0.69445561", None, "20.83367", ".9600"),
    (100, 110, 180, 20, "0.02746345", "0.23700750", "0.9219788", "4.266135", ".9091"),
    (100, 120, 180, 20, "0.00569005", "0.03319590", "0.9964026", "0.298763", ".8333"),
    (123, 132, 180, None, "0.03124282", "0.32111618", None, "6.422324", ".9318"),
    (1000, 1040, 180, 20, "0.00624555", "0.14045389", "0.9983506", "0.632043", ".9615"),
    (10000, 10100, 180, 20, "0.00286236", "0.22476291", "0.9999966", "0.404573", ".9901"),
]
# Calls an hour, seconds a call, patience, agents, wait: share who wait, abandoned, mean wait,
# occupancy, answered in time.
IMPATIENT = [
    (2880, 60, 120, 50, 20, "0.46777407", "0.03091225", "3.709470", "0.9303242", "0.9430190"),
    (200, 180, 300, 14, 20, "0.14526011", "0.01398374", "4.195123", "0.7042973", "0.9167921"),
    (60, 360, 240, 7, 180, "0.36379818", "0.10791103", "25.89865", "0.7646477", "0.8728725"),
    (60, 360, 240, 8, 180, "0.23827791", "0.06153431", "14.76823", "0.7038493", "0.9300084"),
    (60, 360, 240, 9, 180, "0.14350767", "0.03263184", "7.831641", "0.6449121", "0.9640177"),
]

loads = st.floats(0.1, 60)
few = st.integers(1, 80)


def to_its_digits(value: float, written: str) -> bool:
    """Whether a value, rounded to the digits that are written, is what is written."""
    decimals = len(written.partition(".")[2])
    return abs(value - float(written)) <= 0.5 * 10**-decimals


def hourly(calls: float, seconds: float) -> Demand:
    return Demand.per_hour(calls, seconds)


@pytest.mark.parametrize("row", PATIENT, ids=lambda row: f"{row[0]}-erlang-{row[1]}-agents")
def test_a_queue_that_nobody_leaves_is_as_published(row: tuple[Any, ...]):
    load, agents, handling, within, blocked, waiting, answered, mean, busy = row
    queue = patient_queue(Demand(load / handling, handling), agents, within or 0)

    assert to_its_digits(erlang_b(agents, load), blocked)
    assert to_its_digits(erlang_c(agents, load), waiting)
    assert to_its_digits(queue.waiting, waiting)
    assert to_its_digits(queue.mean_wait, mean)
    assert to_its_digits(queue.occupancy, busy)
    assert answered is None or to_its_digits(queue.answered, answered)


def test_four_ninths_of_the_callers_wait_for_three_people_with_two_erlang():
    assert isclose(erlang_c(3, 2), 4 / 9, rel_tol=1e-14)


def test_blocking_of_fourteen_lines_is_exactly_as_computed_by_hand():
    assert isclose(erlang_b(14, 10), 1953125000 / 34374418261, rel_tol=1e-14)
    assert to_its_digits(erlang_b(30, 25), "0.05260317")


@pytest.mark.parametrize("row", IMPATIENT, ids=lambda row: f"{row[0]}-calls-{row[3]}-agents")
def test_a_queue_that_callers_leave_is_as_published(row: tuple[Any, ...]):
    calls, handling, patience, agents, within, waits, gone, mean, busy, share = row
    queue = impatient_queue(hourly(calls, handling), agents, patience, within)

    assert to_its_digits(queue.waiting, waits)
    assert to_its_digits(queue.abandoned, gone)
    assert to_its_digits(queue.mean_wait, mean)
    assert to_its_digits(queue.occupancy, busy)
    assert to_its_digits(queue.answered, share)


def test_callers_of_endless_patience_make_the_queue_that_nobody_leaves():
    patient = patient_queue(hourly(200, 180), 14, 20)
    endless = impatient_queue(hourly(200, 180), 14, 1e10, 20)

    assert isclose(endless.waiting, patient.waiting, rel_tol=1e-6)
    assert isclose(endless.mean_wait, patient.mean_wait, rel_tol=1e-6)
    assert isclose(endless.answered, patient.answered, rel_tol=1e-6)


def test_callers_without_patience_are_lost_when_everybody_is_busy():
    assert isclose(
        impatient_queue(hourly(200, 180), 14, 1e-6, 0).abandoned, erlang_b(14, 10), rel_tol=1e-6
    )


def test_a_line_with_sixty_times_its_load_in_people_never_keeps_anybody_waiting():
    queue = impatient_queue(hourly(60, 60), 400, 300, 20)

    assert (queue.waiting, queue.abandoned, queue.answered) == (0, 0, 1)


def test_twenty_times_too_many_callers_leave_but_for_those_who_can_be_served():
    queue = impatient_queue(Demand(10, 60), 30, 3600, 180)

    assert isclose(queue.abandoned, 1 - 30 / 600, rel_tol=1e-9)
    assert isclose(queue.occupancy, 1, rel_tol=1e-9)


def test_a_load_that_is_too_high_waits_without_bound():
    queue = patient_queue(hourly(60, 360), 6, 180)

    assert queue.waiting == 1
    assert queue.mean_wait == float("inf")
    assert queue.answered == 0


@given(loads, few)
def test_more_people_never_make_callers_wait_more(load: float, agents: int):
    demand = Demand(load / 180, 180)
    one, other = (impatient_queue(demand, n, 240, 20) for n in (agents, agents + 1))

    assert erlang_b(agents + 1, load) < erlang_b(agents, load)
    assert erlang_c(agents + 1, load) <= erlang_c(agents, load)
    assert other.waiting <= one.waiting + 1e-12
    assert other.abandoned <= one.abandoned + 1e-12
    assert other.mean_wait <= one.mean_wait + 1e-9
    assert (
        patient_queue(demand, agents + 1, 0).mean_wait <= patient_queue(demand, agents, 0).mean_wait
    )


@given(loads, st.floats(0.01, 20), few)
def test_more_calls_never_make_callers_wait_less(load: float, more: float, agents: int):
    one, other = (
        impatient_queue(Demand(a / 180, 180), agents, 240, 0) for a in (load, load + more)
    )

    assert erlang_b(agents, load + more) > erlang_b(agents, load)
    assert erlang_c(agents, load + more) >= erlang_c(agents, load)
    assert other.abandoned >= one.abandoned - 1e-12


@given(loads, few, st.integers(1, 3600))
def test_callers_who_give_up_spare_the_others_a_wait(load: float, agents: int, patience: int):
    demand = Demand(load / 180, 180)

    assert impatient_queue(demand, agents, patience, 0).waiting <= erlang_c(agents, load) + 1e-12


@given(loads, few)
def test_within_no_time_those_are_answered_who_do_not_wait(load: float, agents: int):
    demand = Demand(load / 180, 180)

    for queue in (patient_queue(demand, agents, 0), impatient_queue(demand, agents, 240, 0)):
        if queue.mean_wait < float("inf"):
            assert isclose(queue.answered, 1 - queue.waiting, abs_tol=1e-12)


SHRINKAGE = Fraction(3, 10)


def test_sixty_calls_an_hour_of_six_minutes_need_nine_people_and_thirteen_paid():
    promise = LinePromise(
        180, answered=Fraction(95, 100), abandoned=Fraction(5, 100), patience_seconds=240
    )
    found = staff_line(hourly(60, 360), promise, SHRINKAGE)

    assert (found.agents, found.paid) == (9, 13)
    assert to_its_digits(found.queue.abandoned, "0.03263184")
    assert to_its_digits(found.one_fewer.abandoned, "0.06153431")


def test_a_mean_wait_of_three_minutes_and_five_percent_abandoned_need_the_same_nine():
    promise = LinePromise(
        180, mean_wait_seconds=180, abandoned=Fraction(5, 100), patience_seconds=240
    )

    assert staff_line(hourly(60, 360), promise, SHRINKAGE).agents == 9


@pytest.mark.parametrize(
    "row",
    [
        (200, 180, 20, Fraction(85, 100), 14, 20),
        (200, 180, 20, Fraction(70, 100), 15, 22),
        (720, 240, 15, Fraction(1), 55, 79),
    ],
)
def test_the_published_examples_need_the_published_people(row: tuple[Any, ...]):
    calls, handling, within, occupancy, agents, paid = row
    promise = LinePromise(within, answered=Fraction(80, 100), occupancy=occupancy)
    found = staff_line(hourly(calls, handling), promise, SHRINKAGE)

    assert (found.agents, found.paid) == (agents, paid)


def test_the_shared_vectors_are_met(shared: Path):
    document = json.loads((shared / "vectors" / "scenarios.json").read_text())
    cases = [one for one in document["scenarios"] if one["type"] == "erlang_c"]
    assert cases
    for case in cases:
        demand = Demand(case["transactions"] / case["interval_min"] / 60, case["aht_min"] * 60)
        promise = LinePromise(
            case["asa_min"] * 60,
            answered=Fraction(str(case["service_level"])),
            occupancy=Fraction(str(case["max_occupancy"])),
        )
        found = staff_line(demand, promise, Fraction(str(case["shrinkage"])))
        expected = case["expected"]
        assert (found.agents, found.paid) == (expected["raw_positions"], expected["positions"])
        assert round(found.queue.answered, 3) == expected["service_level"]
        assert round(found.queue.occupancy, 3) == expected["occupancy"]
        assert round(found.queue.waiting, 3) == expected["waiting_probability"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Demand(-1, 60),
        lambda: Demand(1, 0),
        lambda: patient_queue(Demand(1, 60), 61, -1),
        lambda: impatient_queue(Demand(1, 60), 61, 0, 20),
        lambda: impatient_queue(Demand(1, 60), 0, 60, 20),
        lambda: LinePromise(20, answered=Fraction(11, 10)),
        lambda: LinePromise(20, occupancy=Fraction(0)),
    ],
)
def test_queues_and_promises_that_cannot_be_are_refused(ask: Callable[[], object]):
    with pytest.raises(ValueError, match=r"calls|wait|people"):
        ask()


@pytest.mark.parametrize("patience", [None, 240])
def test_everybody_at_once_is_a_promise_that_can_be_kept(patience: int | None):
    promise = LinePromise(
        0,
        answered=Fraction(1),
        abandoned=None if patience is None else Fraction(0),
        patience_seconds=patience,
    )

    assert staff_line(hourly(60, 360), promise, SHRINKAGE).queue.answered == 1


def test_where_nobody_calls_nobody_waits():
    queue = impatient_queue(hourly(0, 360), 1, 240, 20)

    assert (queue.waiting, queue.answered, queue.occupancy) == (0, 1, 0)


def test_a_line_without_calls_needs_nobody():
    found = staff_line(hourly(0, 360), LinePromise(20, answered=Fraction(1)), SHRINKAGE)

    assert (found.agents, found.paid, found.one_fewer) == (0, 0, None)


def test_abandonment_cannot_be_promised_without_knowing_how_patient_callers_are():
    with pytest.raises(ValueError, match="patience"):
        staff_line(hourly(60, 360), LinePromise(20, abandoned=Fraction(5, 100)), SHRINKAGE)


@pytest.mark.parametrize("shrinkage", [Fraction(-1, 10), Fraction(1)])
def test_a_shrinkage_that_leaves_nobody_is_refused(shrinkage: Fraction):
    with pytest.raises(ValueError, match="shrinkage"):
        paid_heads(9, shrinkage)


@pytest.mark.parametrize("ask", [lambda: erlang_b(-1, 1), lambda: erlang_c(0, 1)])
def test_a_line_without_people_is_refused(ask: Callable[[], float]):
    with pytest.raises(ValueError, match=r"agents|answer"):
        ask()


@given(st.integers(1, 200), st.integers(30, 900), st.integers(50, 95))
def test_one_fewer_breaks_the_promise(calls: int, handling: int, percent: int):
    promise = LinePromise(20, answered=Fraction(percent, 100))
    found = staff_line(hourly(calls, handling), promise, SHRINKAGE)

    assert promise.is_kept_by(found.queue)
    if found.one_fewer is not None:
        assert (
            not promise.is_kept_by(found.one_fewer)
            or found.agents == int(calls * handling / 3600) + 1
        )
