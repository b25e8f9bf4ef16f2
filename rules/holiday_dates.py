# SPDX-License-Identifier: GPL-3.0-or-later
"""Public holidays of a country, over a fixed span of years.

The span never depends on today: a policy's hash must not change when the year
does. Dates come from one pinned release of the holidays package.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

FIRST_YEAR = 2000
LAST_YEAR = 2040


class UnknownCountry(ValueError):
    """The holidays of this country, or of this part of it, are not known.

    `names` are those that are.
    """

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        self.name = name
        self.names = names
        super().__init__(name)


class UnknownSubdivision(UnknownCountry):
    """The country is known, the part of it is not."""


@dataclass(frozen=True, slots=True)
class KnownHolidays:
    """Names of holidays by date; nothing is known after `known_until`."""

    names: tuple[tuple[date, str], ...]
    known_until: date


@lru_cache(maxsize=64)
def public_holidays(country: str, subdivision: str | None, *, observed: bool) -> KnownHolidays:
    """All public holidays from 2000 to 2040, as far as they are known.

    Args:
        country: ISO 3166 code of two letters.
        subdivision: the country's own code for a part of it, or None.
        observed: whether days that stand in for holidays on a weekend count too.

    Raises:
        UnknownCountry: no holidays are known for the country or the subdivision.
    """
    import holidays  # noqa: PLC0415 - a tenth of a second that most commands need not pay

    countries = tuple(
        code for code in holidays.list_supported_countries(include_aliases=False) if len(code) == 2
    )
    if country not in countries:
        raise UnknownCountry(country, countries)
    known: type[holidays.HolidayBase] = getattr(holidays, country)
    if subdivision is not None and subdivision not in known.subdivisions:
        raise UnknownSubdivision(subdivision, tuple(known.subdivisions))
    first, last = max(FIRST_YEAR, known.start_year), min(LAST_YEAR, known.end_year)
    languages = known.supported_languages or ()
    found = holidays.country_holidays(
        country,
        subdiv=subdivision,
        years=range(first, last + 1),
        observed=observed,
        # The machine's locale would choose the names otherwise.
        language="en_US" if "en_US" in languages else known.default_language,
    )
    # Observed days of a year can fall on 31 December of the year before.
    names = sorted((day, name) for day, name in found.items() if first <= day.year <= last)
    return KnownHolidays(tuple(names), date(last, 12, 31))
