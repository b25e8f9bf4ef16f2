# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines, heat maps and strips: well-formed, labelled, and the same every time."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from worker.report.drawing import Picture
from worker.report.heatmap import Field, heatmap, step_of
from worker.report.strip import strip
from worker.report.trend import Dot, Series, trend
from worker.reporting.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "charts"
SVG = "{http://www.w3.org/2000/svg}"
MONTHS = tuple(f"2026-{month:02}" for month in range(1, 13))
HOSTILE = "<script>&\"'\x00\n" + "x" * 200


def a_picture(ident: str, width: int = 720) -> Picture:
    return Picture(ident, "Attainment", "November fell to 93.4 %, below the promised 95 %", width)


def some_trend(width: int = 720) -> str:
    shares = (972, 968, 950, 981, None, 962, 955, 949, 970, 965, 957, 934)
    acme = tuple(
        None if share is None else Dot(share / 1000, is_small=place == 2)
        for place, share in enumerate(shares)
    )
    every = tuple(Dot(0.95 + place / 1000) for place in range(12))
    series = [Series("Acme", acme), Series("all premium", every)]
    return trend(a_picture("trend", width), MONTHS, series, 0.95)


def some_heat(width: int = 720) -> str:
    numbers = {(day, hour): (day * 7 + hour * 5) % 23 for day in range(5) for hour in range(7, 19)}
    closed = {
        (day, hour) for day in range(7) for hour in range(24) if day > 4 or not 9 <= hour < 17
    }
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    field = Field(days, tuple(str(hour) for hour in range(24)), numbers, closed, "breaches")
    return heatmap(a_picture("heat", width), field)


def some_strip(width: int = 720) -> str:
    return strip(a_picture("strip", width), [each * each * 3 for each in range(1, 120)])


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own picture


def texts(drawn: str) -> list[str]:
    return [one.text or "" for one in parsed(drawn).iter(f"{SVG}text")]


@pytest.mark.parametrize("width", [720, 350])
@pytest.mark.parametrize("draw", [some_trend, some_heat, some_strip])
def test_a_picture_is_as_it_was_looked_at(
    draw: Callable[[int], str], width: int, request: pytest.FixtureRequest
) -> None:
    narrow = "-narrow" if width < 700 else ""
    path = GOLDEN / f"{draw.__name__.removeprefix('some_')}{narrow}.svg"
    if request.config.getoption("--rewrite"):
        path.write_text(draw(width) + "\n", encoding="utf-8")
    assert draw(width) + "\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("draw", [some_trend, some_heat, some_strip])
def test_a_picture_says_what_it_tells_and_stays_in_its_frame(draw: Callable[[int], str]) -> None:
    for width in (350, 720):
        root = parsed(draw(width))
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}desc") == "November fell to 93.4 %, below the promised 95 %"
        _, _, wide, high = (float(each) for each in (root.get("viewBox") or "").split())
        for one in root.iter():
            x, y = (float(one.get(key, "0")) for key in ("x", "y"))
            assert 0 <= x <= wide
            assert 0 <= y <= high


def test_what_was_not_decided_is_a_gap_and_never_zero() -> None:
    drawn = trend(a_picture("gap"), MONTHS[:3], [Series("x", (Dot(0.9), None, Dot(0.8)))], None)
    path = next(one for one in parsed(drawn).iter(f"{SVG}path"))

    assert (path.get("d") or "").count("M") == 2
    assert "L" not in (path.get("d") or "")
    assert len(list(parsed(drawn).iter(f"{SVG}circle"))) == 2


def test_an_axis_that_does_not_begin_at_nothing_says_so() -> None:
    assert "the axis begins at 92 %" in texts(some_trend())
    low = trend(a_picture("low"), MONTHS[:2], [Series("x", (Dot(0.0), Dot(1.0)))], None)
    assert not any("begins" in one for one in texts(low))


def test_the_promised_level_is_labelled() -> None:
    assert "promised 95 %" in texts(some_trend())


def test_few_cases_are_drawn_hollow() -> None:
    assert some_trend().count('class="dot hollow') == 1


def test_names_of_lines_that_end_together_stand_apart() -> None:
    series = [Series(name, (Dot(0.95),)) for name in ("a", "b", "c")]
    root = parsed(trend(a_picture("ends"), MONTHS[:1], series, 0.95))
    ends = [
        float(one.get("y", "0"))
        for one in root.iter(f"{SVG}text")
        if "name" in (one.get("class") or "") or (one.text or "").startswith("promised")
    ]

    assert len(ends) == 4
    assert min(b - a for a, b in pairwise(ends)) >= 15


def test_names_of_lines_that_end_at_the_bottom_stay_in_the_picture() -> None:
    series = [Series(name, (Dot(0.0), Dot(0.0))) for name in ("a", "b", "c", "d")]
    root = parsed(trend(a_picture("bottom"), MONTHS[:2], series, 0.05))
    ends = [float(one.get("y", "0")) for one in root.iter(f"{SVG}text") if one.get("class") != ""]

    assert max(ends) <= float((root.get("viewBox") or "").split()[3])


def test_a_name_too_long_for_the_end_of_its_line_stands_below_with_a_piece_of_it() -> None:
    series = [Series("residential maintenance", (Dot(0.5), Dot(0.6)))]
    wide, narrow = (
        parsed(trend(a_picture("long", width), MONTHS[:2], series, None)) for width in (720, 350)
    )

    assert "residential maintenance" in [one.text for one in wide.iter(f"{SVG}text")]
    assert "residential maintenance" in [one.text for one in narrow.iter(f"{SVG}text")]
    assert len(list(narrow.iter(f"{SVG}path"))) == len(list(wide.iter(f"{SVG}path"))) + 1


def test_hours_run_downwards_where_columns_are_too_narrow_for_their_numbers() -> None:
    for width in (720, 350):
        days = {
            one.get("y")
            for one in parsed(some_heat(width)).iter(f"{SVG}text")
            if one.text in ("Mon", "Tue")
        }
        assert len(days) == (2 if width == 720 else 1)
        assert texts(some_heat(width)).count("22") >= 2  # a number, and an hour


def test_numbers_of_few_cases_are_hatched_and_said_to_be() -> None:
    field = Field(("a",), ("0", "1"), {(0, 0): 1, (0, 1): 9}, few={(0, 0)}, few_means="of few")
    drawn = heatmap(a_picture("few"), field)

    assert "of few" in texts(drawn)
    assert drawn.count('fill="url(#few-few)"') == 2  # the place, and what it means


@pytest.mark.parametrize(
    ("value", "most", "step"),
    [(0, 10, 0), (1, 10, 1), (2, 10, 1), (3, 10, 2), (10, 10, 5), (1, 1, 5), (5, 0, 0)],
)
def test_numbers_have_five_steps(value: int, most: int, step: int) -> None:
    assert step_of(value, most) == step


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 7, 22, 100])
def test_the_printed_ranges_are_those_of_the_steps(most: int) -> None:
    field = Field(("a",), ("0",), {(0, 0): most})
    ranges = [
        one for one in texts(heatmap(a_picture("scale"), field)) if re.match(r"\d+(-\d+)?$", one)
    ]
    shown = [each for one in ranges[2:] for each in _numbers(one)]

    assert shown == list(range(most + 1))


def _numbers(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def test_an_empty_place_is_not_a_zero() -> None:
    field = Field(("a",), ("0", "1"), {(0, 0): 0})
    drawn = heatmap(a_picture("empty"), field)

    assert drawn.count('height="20"') == 1


@pytest.mark.parametrize("n", [0, 1, 10_000])
def test_any_number_of_points_makes_a_picture(n: int) -> None:
    drawn = [
        strip(a_picture("strip"), [each * 7 for each in range(n)]),
        trend(a_picture("trend"), [str(k) for k in range(n)], [Series("x", (Dot(0.5),) * n)], 0.9),
        heatmap(a_picture("heat"), Field([str(k) for k in range(min(n, 50))], ["0"], {})),
    ]
    for one in drawn:
        parsed(one)
        assert "nan" not in one.lower().replace("nance", "")
        assert "inf" not in re.sub(r"<desc.*?</desc>", "", one)


def test_hostile_labels_are_text() -> None:
    picture = Picture("x", HOSTILE, HOSTILE, 350)
    for one in (
        trend(picture, [HOSTILE], [Series(HOSTILE, (Dot(0.5),))], 0.5),
        heatmap(picture, Field([HOSTILE[:20]], [HOSTILE[:20]], {(0, 0): 1}, unit=HOSTILE)),
        strip(picture, [1]),
    ):
        assert parsed(one).find(f".//{SVG}script") is None
        assert "<script>" not in one


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "0 min"), (2100, "35 min"), (7500, "2 h 05 min"), (36_000_000, "10,000 h 00 min")],
)
def test_durations_are_hours_and_minutes(seconds: int, words: str) -> None:
    assert ENGLISH.hours(seconds) == words


def test_a_strip_marks_the_median_by_nearest_rank() -> None:
    drawn = strip(a_picture("strip"), [3600, 7200, 36_000, 72_000])

    assert "median 2 h 00 min, cases: 4" in texts(drawn)
    assert "20 h" in texts(drawn)
    assert "no cases" in texts(strip(a_picture("strip"), []))
