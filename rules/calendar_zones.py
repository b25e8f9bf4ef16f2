# SPDX-License-Identifier: GPL-3.0-or-later
"""Time zones by IANA name, from an allow-list and from one release of the zone data.

The data come from the pinned `tzdata` package and never from the machine, so
that the same rules give the same deadlines everywhere and an upgrade is a
visible change. The allow-list keeps out names that are no place: `EST` (no
summer time), `Factory`, `localtime` (the machine's own zone).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_AREAS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)
_UNIVERSAL = frozenset({"UTC", "Etc/UTC"})
_LIKELY = {
    "CET": "Europe/Amsterdam",
    "EET": "Europe/Athens",
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "ET": "America/New_York",
    "GB": "Europe/London",
    "GMT": "UTC",
    "CST6CDT": "America/Chicago",
    "MET": "Europe/Amsterdam",
    "MST": "America/Denver",
    "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles",
    "US/CENTRAL": "America/Chicago",
    "US/EASTERN": "America/New_York",
    "US/MOUNTAIN": "America/Denver",
    "US/PACIFIC": "America/Los_Angeles",
    "WET": "Europe/Lisbon",
    "Z": "UTC",
}


class UnknownTimeZone(ValueError):
    """The name is no zone of the allow-list.

    `nearest` is a name that was probably meant, or None.
    """

    def __init__(self, name: str, nearest: str | None) -> None:
        self.name = name
        self.nearest = nearest
        hint = f"; {nearest}?" if nearest else ""
        super().__init__(f'"{name}" is not a time zone like Europe/Amsterdam or UTC{hint}')


@cache
def zone_data_release() -> str:
    """The release of the zone data in use, such as `2026f`."""
    return files("tzdata.zoneinfo").joinpath("tzdata.zi").read_text().split(maxsplit=3)[2]


@cache
def zone_names() -> frozenset[str]:
    """All names that a calendar may use: `Area/City`, `UTC` and `Etc/UTC`."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    places = {name for name in listed if name.split("/")[0] in _AREAS and "/" in name}
    return frozenset(places | _UNIVERSAL)


@cache
def time_zone(name: str) -> ZoneInfo:
    """The zone called `name`; names are compared exactly, capitals included.

    Raises:
        UnknownTimeZone: the name is not on the allow-list.
    """
    if name not in zone_names():
        raise UnknownTimeZone(name, nearest_zone(name))
    place = files("tzdata.zoneinfo").joinpath(*name.split("/"))
    with place.open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def nearest_zone(name: str) -> str | None:
    """The zone that was probably meant by `name`: an abbreviation, a bare city, a slip."""
    wanted = name.strip().replace(" ", "_").upper()
    if wanted in _LIKELY:
        return _LIKELY[wanted]
    known = {zone.upper(): zone for zone in sorted(zone_names(), reverse=True)}
    cities = {zone.rsplit("/", 1)[-1]: zone for zone in known if zone != "ETC/UTC"}
    if wanted in known:
        return known[wanted]
    if wanted in cities:
        return known[cities[wanted]]
    close = get_close_matches(wanted, [*known, *cities], n=1, cutoff=0.75)
    if not close:
        return None
    return known[close[0]] if close[0] in known else known[cities[close[0]]]
