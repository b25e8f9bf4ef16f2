# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail is due when the rules say, and the team that is named keeps them."""

from datetime import date, timedelta
from fractions import Fraction

from rules.arrivals import LookBack
from rules.policy import Policy
from rules.timeline import seconds_of
from tests.rules.builders import a_calendar, a_target, a_ticket, instant, one_tier
from worker.staffing.first_replies import first_reply
from worker.staffing.mail import answer_mail
from worker.staffing.setting import Assumed, Setting

HOUR = 3600
MONDAY = instant("2026-01-05 00:00")


def policy() -> Policy:
    office = a_calendar("office", "Europe/Amsterdam", cut_off=15 * HOUR)
    target = a_target("first_reply", {"high": "2h", "otherwise": "1wd"}, counted="office")
    return one_tier(target, calendars=(office,))


def test_a_first_reply_is_due_when_the_rules_say():
    tickets = [
        a_ticket("2026-03-27 13:30", priority="normal"),  # Friday, before the clocks change
        a_ticket("2026-03-27 14:30", priority="high"),  # after the cut-off
        a_ticket("2026-03-27 14:30", priority="high", created_by="agent"),  # no first reply
    ]
    found = [first_reply(one, policy()) for one in tickets]

    assert [one and one.due for one in found] == [
        seconds_of(instant("2026-03-30 12:30")),
        seconds_of(instant("2026-03-30 09:00")),
        None,
    ]


def test_half_a_year_of_mail_through_real_rules_names_the_team_that_keeps_them():
    created = [
        MONDAY + timedelta(days=day, hours=8 + n / 10) for day in range(182) for n in range(20)
    ]
    tickets = [a_ticket(at.isoformat(), priority="high") for at in created]
    rules = policy()
    over = LookBack(date(2026, 7, 6), "Europe/Amsterdam", weeks=26)
    assumed = Assumed(mail_seconds=900, level=Fraction(95, 100), shrinkage=Fraction(3, 10))

    found = answer_mail(tickets, Setting(rules, rules.calendars["office"], over, assumed))

    assert found is not None
    (tier,) = found.needed.tiers
    assert tier.n > 13 * 7 * 20 - 50
    assert tier.late <= tier.n * Fraction(5, 100) < tier.late_with_one_fewer
