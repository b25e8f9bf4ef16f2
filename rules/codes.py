# SPDX-License-Identifier: GPL-3.0-or-later
"""Every code that a check can report. A code is never used again for something else."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.problems import Level

_TITLES = """
STP001 The file is not YAML
STP010 The folder is too large or nested too deep
STP011 A character that cannot be used
STP012 A second document in one file
STP013 A directive before the document
STP014 An anchor or an alias
STP015 A tag
STP016 A key that is not plain text
STP017 Something is given twice
STP020 An unknown key
STP021 Something is missing
STP022 A value has the wrong form
STP023 A number without a unit
STP024 A day that can be read in several ways
STP025 A time zone that is not known or not given
STP026 A date or instant that cannot be read
STP027 A country or region without known holidays
STP028 Nothing where a value belongs
STP029 A name with forbidden characters
STP030 A version that is not known
STP031 A word that the format does not know
STP032 A path into a ticket that does not exist
STP033 A weekday that does not exist
STP034 Hours that cannot be read
STP035 A secret where its name belongs
STP036 A percentage out of range
STP037 An amount of money that cannot be read
STP038 Neither true nor false
STP039 Not a whole number
STP101 A name that nothing defines
STP102 A name defined in two files
STP103 Tiers in two files
STP104 Hours that overlap
STP105 A calendar that never opens
STP106 A tier that no ticket can reach
STP107 The last tier does not match everything
STP108 Contracts that overlap
STP109 A first reply longer than the resolution
STP110 A default priority below the floor
STP111 Credits that do not fall in order
STP112 A cap or credit over 100 %
STP113 A cap below the largest credit
STP114 An end that is not after its beginning
STP115 A cut period without a rule for it
STP116 Contract months without a beginning
STP117 Credits that do not start at the promise
STP118 A calendar called always that closes
STP119 The end of a day for a duration in hours
STP120 Two levels that exclude each other
STP121 A calendar that depends on a ticket where there is none
STP122 A report to somebody without an e-mail address
STP201 A tier that does not name its channels
STP202 A tier that does not say whether it is a promise
STP203 A tier without a default priority
STP204 A channel without a first-reply target
STP205 A tier without targets
STP206 A contract without its source
STP207 A contract without its first day
STP208 A contract that nobody will review
STP209 Round the clock in words only
STP210 Some tickets without a target
STP211 A guarantee without a consequence
STP212 A guarantee that is silent on damages beyond the credit
STP213 Best effort with credits
STP214 Credits without a cap
STP215 Credits without a fee
STP216 An obligation on a measure without a target
STP217 A level in words only
STP218 Credits that do not say whether to ask
STP220 An obligation without a measure
STP221 An obligation without a population
STP222 An obligation without a period
STP223 An obligation without a level
STP224 An obligation without exclusions
STP225 An obligation without a consequence
STP226 An obligation without a limit or a source
STP227 An obligation without a calendar
STP301 A step repeated 0 times
STP302 A raise that never raises
STP303 A raise that is not written
STP304 A step before or at the start
STP305 An escalation of nobody
STP306 Text that looks like a secret
STP307 A recipient who is never there
STP308 Holidays that are soon unknown
STP309 A date beyond the known horizon
STP310 A contract past its review
STP311 A contract whose review is near
STP312 A contract about to end
STP313 A target shorter than changes take to arrive
STP314 A tier or customer that no test covers
STP315 A contract that has ended
STP316 No tests
STP317 An escalation that nothing uses
STP318 A calendar that nothing uses
STP319 A recipient who is never told
STP320 An obligation that nobody has
STP321 A night that is too long
STP322 Extra hours on a holiday
STP323 A contract's cap below an obligation's
STP324 Too few tickets for the promised level
STP325 A holiday exception that is no holiday
STP326 Two steps at one moment
STP328 A target that no ticket can have
STP330 A measure taken away that is not there
STP331 Dates that have all passed
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem."""

    number: str
    title: str

    @property
    def level(self) -> Level:
        """STP0xx and STP1xx are errors, STP2xx and STP3xx findings."""
        return "error" if self.number[3] in "01" else "finding"


def _read(titles: str) -> dict[str, Code]:
    codes = {}
    for line in titles.strip().splitlines():
        number, _, title = line.partition(" ")
        codes[number] = Code(number, title)
    return codes


CODES: Mapping[str, Code] = MappingProxyType(_read(_TITLES))
"""All codes by their number, in order."""
