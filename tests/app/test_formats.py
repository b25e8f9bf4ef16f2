# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, dates, languages and settings, as the app's modules read and write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.showing import IDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.harness.pages import Harness, Page

pytestmark = pytest.mark.xdist_group("browser")

NOW = "2026-11-23T12:00:00Z"


@pytest.fixture(scope="module")
def modules(harness: Harness) -> Iterator[Page]:
    """A page in which the app's modules can be imported."""
    with harness.open(outside=True) as page:
        yield page


def called(page: Page, module: str, expression: str, *values: Any) -> Any:
    """What an expression gives, in which `it` is the module and `given` the values."""
    code = (
        f"async given => {{ const it = await import('/0/assets/{module}'); return {expression}; }}"
    )
    return page.frame.evaluate(code, list(values))


SPEAKER = """(async () => {
  const { texts, locale } = await (await import('/0/assets/i18n.js')).languageFor(given[0]);
  return it.speaker({ texts, locale, zone: given[1], now: () => Date.parse(given[2]) / 1000 });
})()"""


def said(page: Page, call: str, value: object, locale: str, zone: str = "Europe/Amsterdam") -> str:
    spoken = called(
        page, "format.js", f"(await {SPEAKER}).{call}(given[3])", locale, zone, NOW, value
    )
    return re.sub(r"\s", " ", str(spoken))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0:00"),
        (7, "0:07"),
        (599, "9:59"),
        (600, "10 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7380, "2 h 3 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (100_800, "1 d 4 h"),
        (8_640_000, "100 d"),
        (8_643_600, "100 d"),
    ],
)
def test_spans_on_the_walls_clock(modules: Page, seconds: int, expected: str):
    assert said(modules, "span", seconds, "en-GB") == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0 min"), (540, "9 min"), (101_400, "28 h 10 min")]
)
def test_spans_of_work_know_no_days_and_no_seconds(modules: Page, seconds: int, expected: str):
    assert said(modules, "worked", seconds, "en-GB") == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en", "1 d 4 h"), ("nl", "1 d 4 u"), ("de-AT", "1 T. 4 Std."), ("fr-CA", "1 j 4 h")],
)
def test_spans_in_each_language(modules: Page, locale: str, expected: str):
    assert said(modules, "span", 100_800, locale) == expected


@pytest.mark.parametrize(
    ("instant", "pattern"),
    [
        pytest.param("2026-11-23T15:30:00Z", r"16:30", id="today"),
        pytest.param("2026-11-23T23:30:00Z", r"Tue,? 0?0:30", id="tomorrow in the reader's zone"),
        pytest.param("2026-11-28T08:00:00Z", r"Sat,? 0?9:00", id="within a week"),
        pytest.param("2026-11-30T08:00:00Z", r"30 Nov,? (at )?0?9:00", id="beyond a week"),
        pytest.param("2027-02-01T08:00:00Z", r"1 Feb 2027,? (at )?0?9:00", id="another year"),
    ],
)
def test_instants_say_as_much_of_the_date_as_is_needed(modules: Page, instant: str, pattern: str):
    assert re.fullmatch(pattern, said(modules, "at", instant, "en-GB"))


def test_hours_are_counted_as_at_home(modules: Page):
    assert said(modules, "at", "2026-11-23T15:30:00Z", "en-US") == "4:30 PM"
    assert said(modules, "at", "2026-11-23T15:30:00Z", "es") == "16:30"
    assert said(modules, "at", "2026-11-23T15:30:00Z", "ar").startswith("4:30")


def test_a_calendar_elsewhere_is_told_with_its_zone_only_where_the_clocks_differ(modules: Page):
    call = f"(await {SPEAKER}).inZone('2026-11-23T15:30:00Z', given[3])"
    given = ("en-US", "Europe/Amsterdam", NOW)
    there = called(modules, "format.js", call, *given, "America/New_York")
    assert re.sub(r"\s", " ", there) == "Mon, 10:30 AM EST, America/New_York"
    assert called(modules, "format.js", call, *given, "Europe/Berlin") is None


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en-US", ["en", "ltr"]),
        ("nl-BE", ["nl", "ltr"]),
        ("pt-br", ["en", "ltr"]),
        ("he", ["en", "rtl"]),
        ("not a locale", ["en", "ltr"]),
        ("", ["en", "ltr"]),
    ],
)
def test_each_reader_gets_a_language_and_a_direction(
    modules: Page, locale: str, expected: list[str]
):
    call = "(({language, direction}) => [language, direction])(await it.languageFor(given[0]))"
    assert called(modules, "i18n.js", call, locale) == expected


@pytest.mark.parametrize(
    ("setting", "ids", "wrong"),
    [
        pytest.param("sla_state=101 sla_due_at=102", {"sla_state": "101", "sla_due_at": "102"}, []),
        pytest.param(
            "sla_state=101,\n sla_due_at=102 ,", {"sla_state": "101", "sla_due_at": "102"}, []
        ),
        pytest.param("other=1 sla_state=101", {"sla_state": "101"}, []),
        pytest.param(
            "sla_state=1O1 sla_tier sla_target=7", {"sla_target": "7"}, ["sla_state", "sla_tier"]
        ),
        pytest.param("", {}, []),
        pytest.param(None, {}, []),
    ],
)
def test_the_setting_is_read_as_setup_prints_it(
    modules: Page, setting: str | None, ids: dict[str, str], wrong: list[str]
):
    read = called(modules, "zaf.js", "it.parseFieldIds(given[0])", setting)
    assert read == {"ids": ids, "wrong": wrong}


def test_the_app_and_the_worker_know_the_same_fields(modules: Page):
    assert called(modules, "sla.js", "it.FIELDS") == list(IDS)
