# SPDX-License-Identifier: GPL-3.0-or-later
"""The languages of reports: their words, and how each writes numbers, money and instants.

Words stand in `languages/CODE.toml`, as `section.key`; names in braces are
filled in. What goes to other programs (CSV, JSON) has no language.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

CODES = ("en", "nl", "de", "fr")

_PLACE = re.compile(r"\{(\w+)\}")


class UnknownLanguage(ValueError):
    """Reports are not written in this language."""


@dataclass(frozen=True)
class Language:
    """One language: its words by `section.key`."""

    code: str
    words: Mapping[str, str] = field(repr=False)

    def say(self, key: str, **values: str) -> str:
        """The words of a key with its names filled in; values may hold anything.

        Raises:
            KeyError: no such words, or a name without a value.
        """
        return _PLACE.sub(lambda place: values[place[1]], self.words[key])

    def name(self, section: str, key: str | None) -> str:
        """What one of a family is called: `name("results", "kept")`; None is `none`.

        A key without words is written as it is, with blanks: rules may name
        what no catalogue knows.
        """
        key = key or "none"
        return self.words.get(f"{section}.{key}", key.replace("_", " "))

    def number(self, n: int | Decimal | str) -> str:
        """A number with its thousands apart: `2,563,200`, `1.234,56`."""
        whole, _, decimals = f"{n}".partition(".")
        digits = whole.removeprefix("-")
        apart = f"{int(digits):,}".replace(",", self.words["format.thousands"])
        sign = "-" if whole.startswith("-") else ""
        return sign + apart + (self.words["format.decimal"] + decimals if decimals else "")

    def percent(self, hundredths: int | str) -> str:
        """`93.4 %`, of "93.4"."""
        return self.say("format.percent", number=self.number(hundredths))

    def money(self, amount: Decimal | None, currency: str | None) -> str:
        """`51.61 EUR`; without a fee no currency is known, and so no amount."""
        if amount is None or currency is None:
            return self.words["words.not_available"]
        return self.say("format.money", amount=self.number(amount), currency=currency)

    def day(self, day: date) -> str:
        """`3 November 2026`."""
        month = self.words["format.months"].split()[day.month - 1]
        form = "format.first_day" if day.day == 1 else "format.day"
        return self.say(form, day=f"{day.day}", month=month, year=f"{day.year}")

    def instant(self, at: datetime, zone: ZoneInfo) -> str:
        """`3 November 2026 09:00 +01:00`, in the zone of the periods."""
        local = at.astimezone(zone)
        offset = f"{local:%z}"
        clock = f"{local:%H:%M}" if local.second == 0 else f"{local:%H:%M:%S}"
        clock += f" {offset[:3]}:{offset[3:5]}"
        return self.say("format.instant", day=self.day(local.date()), clock=clock)

    def hours(self, seconds: int) -> str:
        """Hours and minutes: `2 h 05 min`, `35 min`."""
        hours, minutes = divmod(seconds // 60, 60)
        if not hours:
            return self.say("format.minutes", minutes=f"{minutes}")
        values = {"hours": self.number(hours), "minutes": f"{minutes:02}"}
        return self.say("format.hours_minutes", **values)

    def seconds(self, seconds: int) -> str:
        """Minutes and seconds, for what is short: `1 min 05 s`, `35 s`."""
        minutes, rest = divmod(seconds, 60)
        if not minutes:
            return self.say("format.seconds", seconds=f"{rest}")
        values = {"minutes": self.number(minutes), "seconds": f"{rest:02}"}
        return self.say("format.minutes_seconds", **values)

    @property
    def weekdays(self) -> tuple[str, ...]:
        """Monday first, short."""
        return tuple(self.words["format.weekdays"].split())


@cache
def language(code: str) -> Language:
    """The language with this code.

    Raises:
        UnknownLanguage: there is none.
    """
    if code not in CODES:
        raise UnknownLanguage(f'reports are not written in "{code}"; known are: {", ".join(CODES)}')
    text = files("worker.reporting").joinpath("languages", f"{code}.toml").read_text("utf-8")
    sections = tomllib.loads(text)
    words = {
        f"{section}.{key}": said for section, each in sections.items() for key, said in each.items()
    }
    return Language(code, words)


def language_for(tag: str | None) -> Language:
    """The language of a recipient (`nl`, `de-AT`); English where it is unknown, as in messages."""
    code = (tag or "en").lower().split("-")[0]
    return language(code if code in CODES else "en")


ENGLISH = language("en")
