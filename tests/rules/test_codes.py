# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of codes, and the code that reports them."""

import re
from pathlib import Path

from rules.codes import CODES
from rules.problems import Problem

PACKAGE = Path(__file__).parents[2] / "rules"


def test_the_table_holds_exactly_the_codes_that_are_reported():
    reported: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        if file.name != "codes.py":
            reported |= set(re.findall(r'"(STP[0-9]{3})"', file.read_text(encoding="utf-8")))
    assert reported == set(CODES)


def test_codes_are_in_order_and_titles_are_unlike():
    assert list(CODES) == sorted(CODES)
    assert len({code.title for code in CODES.values()}) == len(CODES)
    assert len(CODES) >= 45


def test_a_code_has_the_level_of_its_problems():
    for number, code in CODES.items():
        assert Problem("a", 1, 1, number, "", "").level == code.level
