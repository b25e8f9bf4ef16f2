# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as text: well-formed, labelled, the same every time, whatever they are given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from worker.report.charts import Bar, Group, bars, flow
from worker.report.drawing import Picture
from worker.report.page import table

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "charts"
SVG = "{http://www.w3.org/2000/svg}"
WORDS = {"met": "met", "breached": "breached", "not_due": "not due yet"}
ORDER = ("met", "breached", "not_due")


def a_picture(ident: str = "kept", width: int = 720) -> Picture:
    return Picture(ident, "Share of promises kept", "premium fell from 93.4 % to 90.0 %", width)


def some_bars(width: int = 720) -> str:
    groups = [
        Group(
            "premium",
            (
                Bar("before", 128 / 137, "93.4 % (128 of 137)", "before"),
                Bar("after", 0.9, "90.0 % (126 of 140)", "after"),
            ),
        ),
        Group("basic", (Bar("before", None, "n/a", "before"), Bar("after", 0.0, "0.0 %", "after"))),
    ]
    return bars(a_picture(width=width), groups)


def some_flow(width: int = 720) -> str:
    flows = {("met", "breached"): 120, ("breached", "met"): 3, ("not_due", "breached"): 40}
    return flow(a_picture("turns", width), flows, ORDER, WORDS)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("bars", some_bars),
        ("bars-narrow", lambda: some_bars(350)),
        ("flow", some_flow),
        ("flow-narrow", lambda: some_flow(350)),
    ],
)
def test_a_picture_is_as_it_was_looked_at(
    name: str, draw: Callable[[], str], request: pytest.FixtureRequest
) -> None:
    path = GOLDEN / f"{name}.svg"
    if request.config.getoption("--rewrite"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(draw() + "\n", encoding="utf-8")
    assert draw() + "\n" == path.read_text(encoding="utf-8")


def test_a_label_too_long_to_stand_beside_its_bar_stands_above_it_uncut() -> None:
    name = "residential maintenance"
    group = Group("", (Bar(name, 0.5, "50 %", "met"), Bar("short", 0.4, "40 %", "met")))
    roots = [ET.fromstring(bars(a_picture(width=width), [group])) for width in (720, 350)]  # noqa: S314 - our own picture
    beside, above = (
        {one.text: one.get("class") for one in root.iter(f"{SVG}text")} for root in roots
    )

    assert beside[name] == "label end"
    assert above[name] == above["short"] == "label"


@pytest.mark.parametrize("draw", [some_bars, some_flow])
def test_a_picture_says_what_it_is_and_what_it_tells(draw: Callable[[], str]) -> None:
    root = ET.fromstring(draw())  # noqa: S314 - our own picture

    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == desc.get("id")
    assert desc.text == "premium fell from 93.4 % to 90.0 %"


def test_nothing_to_draw_is_drawn_differently_from_zero() -> None:
    root = ET.fromstring(some_bars())  # noqa: S314 - our own picture

    kinds = [one.get("class") for one in root.iter(f"{SVG}rect")]
    assert kinds == ["before", "after", "after"]
    assert [one.get("width") for one in root.iter(f"{SVG}rect")][2] == "0"
    assert "n/a" in some_bars()


def test_something_is_never_drawn_as_nothing() -> None:
    drawn = bars(a_picture(), [Group("", (Bar("rare", 1e-9, "1", "after"),))])

    assert 'width="1.5"' in drawn


@pytest.mark.parametrize("n", [0, 1, 10_000])
def test_any_number_of_bars_is_well_formed(n: int) -> None:
    shown = tuple(Bar(f"{one}", one / 10_000, f"{one}", "after") for one in range(n))

    root = ET.fromstring(bars(a_picture(), [Group("", shown)]))  # noqa: S314 - our own picture

    assert len(list(root.iter(f"{SVG}rect"))) == n


def test_a_flow_of_nothing_is_well_formed() -> None:
    root = ET.fromstring(flow(a_picture(), {}, ORDER, WORDS))  # noqa: S314 - our own picture

    assert list(root.iter(f"{SVG}path")) == []


def test_the_parts_of_a_flow_meet_its_nodes() -> None:
    root = ET.fromstring(some_flow())  # noqa: S314 - our own picture
    nodes = [one for one in root.iter(f"{SVG}rect") if "node" in str(one.get("class"))]
    height = 163 * 190 / 163

    left = [float(str(one.get("height"))) for one in nodes if float(str(one.get("x"))) < 360]

    assert sum(left) == pytest.approx(height, abs=1)


@pytest.mark.parametrize(
    "label", ['<script>"x"</script>', "&amp;", "\x00\x1b[31m", "\u202etfel", "ไทย", "x" * 500]
)
def test_labels_cannot_break_a_picture(label: str) -> None:
    picture = Picture('k"><x', label, label, 350)

    drawn = bars(picture, [Group(label, (Bar(label, 0.5, label, "after"),))])

    root = ET.fromstring(drawn)  # noqa: S314 - our own picture
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "title", "desc", "text", "rect", "line"),
    }
    assert not re.search("nan|inf", drawn.partition("</desc>")[2])


def test_coordinates_have_one_decimal_at_most() -> None:
    numbers = re.findall(r'[ ",](-?\d+\.\d+)', some_flow() + some_bars())

    assert numbers
    assert all(len(one.partition(".")[2]) == 1 for one in numbers)


def test_the_label_of_the_last_node_is_not_cut_off() -> None:
    flows = {("met", "breached"): 1_000, ("not_due", "breached"): 1}
    picture = flow(a_picture("turns", 720), flows, ORDER, WORDS)
    height = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', picture)[1])
    lowest = max(float(y) for y in re.findall(r'<text [^>]*y="([\d.]+)"', picture))
    assert lowest + 3 <= height  # letters reach below their line


def test_long_numbers_of_a_table_may_break() -> None:
    cells = table("cycles", ["tier", "kept", "excluded"], [["all", "94 % (1 of 2)", "1 → 2"]])
    assert "94&nbsp;% (1&nbsp;of&nbsp;2)" in cells
    assert "1 →&nbsp;2" in cells


def test_dates_do_not_break_and_sentences_begin_at_the_left() -> None:
    shown = table(
        "c",
        ["a", "b", "c"],
        [["x", "2026-11-02 11:11", "a regional power cut in the whole of the north"]],
    )

    assert '<td class="tied">2026-11-02&nbsp;11:11</td>' in shown
    assert '<td class="said">a regional power cut' in shown


def test_a_long_sum_stands_at_the_right_like_its_neighbours() -> None:
    shown = table("c", ["step", "sum"], [["cap", "100 * 3/20 * 2000 / (350) = 600/7 (85.71)"]])

    assert "<td>100 * 3/20" in shown


def test_cells_of_a_table_that_stacks_say_what_they_are() -> None:
    shown = table("c", ["a", "b & c"], [["x", "1"]], stacks=True)

    assert '<table class="stacks">' in shown
    assert '<td data-label="b &amp; c">1</td>' in shown
