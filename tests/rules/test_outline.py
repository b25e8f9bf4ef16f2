# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as blocks of keys and values, and how people read them."""

from rules.outline import outline
from tests.rules.files_of_rules import RULES, policy_of

BLOCKS = outline(policy_of(RULES))


def test_days_with_the_same_hours_share_a_line():
    assert BLOCKS["calendar office"].lines() == [
        "time_zone: Europe/Amsterdam",
        "at_closing: next_opening",
        "hours.mon-fri: 09:00-17:30",
        "hours.sat-sun: closed",
        "cut_off: nothing",
    ]


def test_what_was_not_said_shares_a_line_and_nothing_is_lost():
    block = BLOCKS["escalation usual, step 75%"]
    lines = block.lines()
    assert lines == [
        "tell: lead",
        "note: no",
        "repeat.times: 0",
        "add_tags: none",
        "raise_priority, assign.group, assign.person, repeat.every: nothing",
    ]
    keys = [key for line in lines for key in line.split(": ")[0].split(", ")]
    assert sorted(keys) == sorted(block.values)
