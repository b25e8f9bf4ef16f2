# SPDX-License-Identifier: GPL-3.0-or-later
"""From tickets to what obligations count: rows, values, first contacts, outages, customers."""

import pytest

from rules.availability import count_outages, read_outages
from rules.calendars import BusinessCalendar
from rules.evidence import Outage, Party, SolvedTicket, rows_of
from rules.exhibits import cycles_csv
from rules.facts import Happening, Organization, Requester
from rules.first_contact import solved_ticket
from rules.obligations import Records
from rules.parties import agreement_of, by_party
from rules.policy import EVERYTHING, AllOf, Not, PathIs
from rules.populations import paths_of, values_of
from tests.rules.builders import (
    a_contract,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    change,
    comment,
    instant,
    judged,
    note,
    one_tier,
    status,
)
from tests.rules.promises_kept import a_call, a_row, a_solve, an_obligation, an_outage

NOW = "2026-12-31 00:00"
POLICY = one_tier(a_target("first_reply", "4h"))


def solved(*happenings: Happening, **more: object) -> SolvedTicket | None:
    ticket = a_ticket("2026-11-23 10:00", *happenings, **more)
    return solved_ticket(ticket, judged(ticket, POLICY, NOW))


REPLY = comment("2026-11-23 11:00")
SOLVE = status("2026-11-23 12:00", "solved")


def test_a_ticket_that_was_never_solved_has_no_first_contact():
    assert solved(REPLY) is None


@pytest.mark.parametrize(
    ("happenings", "contacts"),
    [
        ([REPLY, SOLVE], 1),
        ([SOLVE], 0),
        ([REPLY, note("2026-11-23 11:30"), comment("2026-11-23 11:40", "requester"), SOLVE], 1),
        ([REPLY, comment("2026-11-23 12:00"), SOLVE], 2),  # the reply that solves it counts
        ([REPLY, SOLVE, comment("2026-11-23 13:00")], 1),
        ([comment("2026-11-23 11:00", "system"), SOLVE], 0),
        (
            [
                REPLY,
                SOLVE,
                Happening(
                    instant("2026-11-24 10:00"), "comment_private", of=instant("2026-11-23 11:00")
                ),
            ],
            0,
        ),
    ],
)
def test_contacts_are_the_public_replies_up_to_the_solve(
    happenings: list[Happening], contacts: int
):
    found = solved(*happenings)

    assert found is not None
    assert (found.contacts, found.solved_at) == (contacts, instant("2026-11-23 12:00"))


def test_answered_calls_are_contacts_too():
    ticket = a_ticket("2026-11-23 10:00", SOLVE)
    found = solved_ticket(ticket, judged(ticket, POLICY, NOW), answered_calls=1)

    assert found is not None
    assert found.contacts == 1


def test_the_first_reopening_counts_not_the_last():
    found = solved(
        SOLVE,
        status("2026-11-24 10:00", "open"),
        status("2026-11-25 10:00", "solved"),
        status("2026-11-26 10:00", "open"),
    )

    assert found is not None
    assert found.solved_at == instant("2026-11-23 12:00")
    assert found.reopened_at == instant("2026-11-24 10:00")


def test_closing_is_no_reopening():
    found = solved(SOLVE, status("2026-11-27 10:00", "closed"))

    assert found is not None
    assert found.reopened_at is None


def test_a_merged_ticket_and_one_of_an_agent_say_so():
    merged = Happening(instant("2026-11-24 10:00"), "merged", into="1")
    found = solved(REPLY, SOLVE, merged, requester=Requester("9", "agent"))

    assert found is not None
    assert (found.reason, found.by_end_user) == ("merged", False)
    assert found.party == Party(None, "standard", "360001")


# Rows and values


def test_rows_say_what_the_verdict_says():
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 15:00"))
    (row,) = rows_of(judged(ticket, POLICY, NOW), {"channel": "email"})

    assert (row.ticket_id, row.measure, row.cycle, row.state) == (
        "4711",
        "first_reply",
        1,
        "breached",
    )
    assert (row.due_at, row.stopped_at) == (
        instant("2026-11-23 14:00"),
        instant("2026-11-23 15:00"),
    )
    assert (row.elapsed_seconds, row.target_seconds) == (5 * 3600, 4 * 3600)
    assert row.values == {"channel": "email"}
    assert "4711,first_reply,1,breached,," in cycles_csv([row])


def test_rows_have_the_values_that_chose_the_tier_where_no_others_are_given():
    policy = a_policy(a_tier("standard", a_target(), match=PathIs("channel", frozenset({"email"}))))
    (row,) = rows_of(judged(a_ticket(), policy, "2026-11-23 10:30"))

    assert row.values["channel"] == "email"


def test_the_paths_that_obligations_read_are_known():
    tickets = AllOf(
        (PathIs("channel", frozenset({"email"})), Not(PathIs("tier", frozenset({"premium"}))))
    )
    policy = a_policy(a_tier("premium"))
    policy.obligations["one"] = an_obligation(tickets=tickets)
    policy.obligations["two"] = an_obligation(tickets=None)

    assert paths_of(policy) == {"channel"}


def test_values_are_those_after_all_changes_up_to_now():
    ticket = a_ticket(
        "2026-11-23 10:00",
        change("2026-11-23 11:00", "group", "Routers"),
        change("2026-11-23 11:00", "brand", "Other"),
        change("2026-11-25 11:00", "group", "Bills"),
        Happening(
            instant("2026-11-24 10:00"),
            "organization",
            organization=Organization("7", "Globex", {"market": "us"}),
        ),
        group="Support",
    )
    paths = {"group", "channel", "organization.fields.market", "organization.id"}

    assert values_of(ticket, paths, instant("2026-11-24 12:00")) == {
        "channel": "email",
        "group": "Routers",
        "organization.fields.market": "us",
        "organization.id": "7",
    }
    assert values_of(ticket, paths, instant("2026-11-23 10:00"))["group"] == "Support"


# Customers


def test_records_are_sorted_by_customer_and_outages_are_everybodys():
    outages = {"outages.csv": [an_outage("2026-11-10 10:00", None)]}
    every = Records(
        instant(NOW),
        cycles=[a_row(), a_row(customer=None, organization_id="7"), a_row(customer=None)],
        calls=[a_call(tier="premium", customer="acme")],
        solved=[a_solve(customer="globex")],
        outages=outages,
    )
    found = by_party(every)

    assert set(found) == {Party("acme"), Party("globex"), Party(None, "premium", "7"), None}
    assert [len(found[Party("acme")].cycles), len(found[Party("acme")].calls)] == [1, 1]
    assert found[Party("globex")].outages == outages


def test_what_holds_for_a_customer_is_that_of_its_contract_or_its_tier():
    policy = a_policy(
        a_tier("premium"), a_tier("standard"), contracts=[a_contract("acme", EVERYTHING, "premium")]
    )

    acme = agreement_of(Party("acme"), policy)
    other = agreement_of(Party(None, "standard", "7"), policy)
    assert acme is not None
    assert other is not None
    assert (acme.terms.what, other.terms.what) == ("customers.acme", "tiers.standard")
    assert agreement_of(Party("globex"), policy) is None
    assert agreement_of(Party(None, "gold", "7"), policy) is None


# Outages


def test_outages_are_read_from_a_table():
    text = (
        "from,until,because\n"
        "2026-11-10T10:00:00+01:00,2026-11-10T11:00:00+01:00,power cut\n"
        "2026-11-20T10:00:00Z,,still down\n"
    )
    outages, problems = read_outages(text)

    assert problems == ()
    assert outages == (
        Outage(instant("2026-11-10 09:00"), instant("2026-11-10 10:00"), "power cut"),
        Outage(instant("2026-11-20 10:00"), None, "still down"),
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2026-11-10 10:00,2026-11-10T11:00Z,x", "line 2: from: 2026-11-10 10:00 has no zone"),
        ("yesterday,2026-11-10T11:00Z,x", 'line 2: from: "yesterday" is not an instant'),
        ("2026-11-10T11:00Z,2026-11-10T11:00Z,x", "line 2: until 2026-11-10T11:00Z is not after"),
    ],
)
def test_a_line_that_is_no_outage_is_told_by_its_number(line: str, problem: str):
    outages, problems = read_outages(f"from,until,because\n{line}\n")

    assert outages == ()
    assert problems[0].startswith(problem)


def test_windows_of_maintenance_that_touch_the_edges_are_cut():
    calendar = BusinessCalendar("UTC", {"mon": [("09:00", "12:00")]})
    monday = instant("2026-11-23 00:00"), instant("2026-11-24 00:00")
    windows = [
        (instant("2026-11-23 08:00"), instant("2026-11-23 09:30")),
        (instant("2026-11-23 10:00"), instant("2026-11-23 10:30")),
        (instant("2026-11-23 11:30"), instant("2026-11-23 13:00")),
        (instant("2026-11-23 14:00"), instant("2026-11-23 15:00")),
    ]
    outage = an_outage("2026-11-23 00:00", "2026-11-23 11:00")
    found = count_outages([outage], monday, calendar, windows)

    assert found.n_decided == 90 * 60
    assert found.breached == 60 * 60
    whole = [(instant("2026-11-22 00:00"), instant("2026-11-25 00:00"))]
    assert count_outages([outage], monday, calendar, whole).n_decided == 0


def test_a_table_without_a_column_is_no_table_of_outages():
    assert read_outages("from,to\n") == ((), ("line 1: the column until is missing",))
