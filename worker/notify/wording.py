# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of messages, by language. Names in braces are those of `text.NAMES`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.facts import Measure, Priority


@dataclass(frozen=True, slots=True)
class Wording:
    """One language. `lines` follow the first line of a body, in this order."""

    measures: Mapping[Measure, str]
    priorities: Mapping[Priority, str]
    actions_before: Mapping[Measure, str]
    actions_after: Mapping[Measure, str]
    weekdays: tuple[str, ...]
    tier: str
    days: str
    hour: str
    under_a_minute: str
    subject_before: str
    subject_after: str
    subject_open: str
    before: str
    after: str
    open: str
    lines: tuple[str, ...]
    late: str
    repeat: str
    open_ticket: str
    acknowledge: str
    digest: str
    digest_first: str
    digest_more: str
    trial: str
    trial_first: str


ENGLISH = Wording(
    measures={
        "first_reply": "first reply",
        "next_reply": "next reply",
        "periodic_update": "periodic update",
        "pausable_update": "pausable update",
        "requester_wait": "requester wait",
        "agent_work": "agent work",
        "resolution": "resolution",
        "group_ownership": "group ownership",
    },
    priorities={"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"},
    actions_before={
        "first_reply": "Answer the requester publicly, or pass the ticket to somebody who can.",
        "next_reply": "Answer the requester publicly, or pass the ticket to somebody who can.",
        "periodic_update": "Tell the requester publicly how far the work is.",
        "pausable_update": "Tell the requester publicly how far the work is.",
        "requester_wait": "Take the next step, so that the requester no longer waits for us.",
        "agent_work": "Finish the work, or pass the ticket on.",
        "resolution": "Solve the ticket, or warn the customer now that it will be late.",
        "group_ownership": "Solve the ticket, or hand it to the group that it belongs to.",
    },
    actions_after={
        "first_reply": "Answer the requester now, and say when more follows.",
        "next_reply": "Answer the requester now, and say when more follows.",
        "periodic_update": "Tell the requester now how far the work is.",
        "pausable_update": "Tell the requester now how far the work is.",
        "requester_wait": "Take the next step now: the requester has waited longer than promised.",
        "agent_work": "Finish the work now, or find somebody who can.",
        "resolution": "Tell the customer now when it will be solved.",
        "group_ownership": "Solve the ticket now, or hand it to the group that it belongs to.",
    },
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    tier="tier",
    days="days",
    hour="h",
    under_a_minute="under 1m",
    subject_before="Ticket {ticket.id}, {customer}: {measure} due in {left}{clock}",
    subject_after="Ticket {ticket.id}, {customer}: {measure} overdue by {overdue_by}{clock}",
    subject_open="Ticket {ticket.id}, {customer}: {measure} is waiting",
    before="Ticket {ticket.id}: {measure} is due {due}. {left} left{clock}.",
    after="Ticket {ticket.id}: {measure} was due {due}. Overdue by {overdue_by}{clock}.",
    open="Ticket {ticket.id}: {measure} is waiting and has no due at present.",
    lines=(
        "Customer: {customer}. Tier: {tier}.",
        "Priority: {priority}.",
        "To do: {action}",
        "Step: {step}.",
    ),
    late="This message is {late_by} late.",
    repeat="This may be a repeat of an earlier message.",
    open_ticket="Open the ticket",
    acknowledge="Seen it? Stop the repetitions",
    digest="{count} tickets need attention",
    digest_first="Promises to {count} tickets are due soon or missed, the most urgent first:",
    digest_more="and {count} more",
    trial="Test message from Stipt",
    trial_first="Stipt can reach you as {recipient}. Nothing is to be done.",
)

DUTCH = Wording(
    measures={
        "first_reply": "eerste antwoord",
        "next_reply": "volgend antwoord",
        "periodic_update": "periodieke update",
        "pausable_update": "pauzeerbare update",
        "requester_wait": "wachttijd van de aanvrager",
        "agent_work": "werktijd van medewerkers",
        "resolution": "oplossing",
        "group_ownership": "tijd bij de groep",
    },
    priorities={"low": "laag", "normal": "normaal", "high": "hoog", "urgent": "urgent"},
    actions_before={
        "first_reply": "Antwoord de aanvrager openbaar, of geef het ticket aan wie dat kan.",
        "next_reply": "Antwoord de aanvrager openbaar, of geef het ticket aan wie dat kan.",
        "periodic_update": "Vertel de aanvrager openbaar hoe ver het werk is.",
        "pausable_update": "Vertel de aanvrager openbaar hoe ver het werk is.",
        "requester_wait": "Zet de volgende stap, zodat de aanvrager niet meer op ons wacht.",
        "agent_work": "Maak het werk af, of geef het ticket door.",
        "resolution": "Los het ticket op, of waarschuw de klant nu dat het later wordt.",
        "group_ownership": "Los het ticket op, of geef het aan de groep waar het hoort.",
    },
    actions_after={
        "first_reply": "Antwoord de aanvrager nu, en zeg wanneer er meer volgt.",
        "next_reply": "Antwoord de aanvrager nu, en zeg wanneer er meer volgt.",
        "periodic_update": "Vertel de aanvrager nu hoe ver het werk is.",
        "pausable_update": "Vertel de aanvrager nu hoe ver het werk is.",
        "requester_wait": "Zet nu de volgende stap: de aanvrager wacht langer dan beloofd.",
        "agent_work": "Maak het werk nu af, of zoek iemand die dat kan.",
        "resolution": "Vertel de klant nu wanneer het opgelost is.",
        "group_ownership": "Los het ticket nu op, of geef het aan de groep waar het hoort.",
    },
    weekdays=("ma", "di", "wo", "do", "vr", "za", "zo"),
    tier="niveau",
    days="dagen",
    hour="u",
    under_a_minute="minder dan 1m",
    subject_before="Ticket {ticket.id}, {customer}: {measure} moet binnen {left}{clock}",
    subject_after="Ticket {ticket.id}, {customer}: {measure} is {overdue_by}{clock} te laat",
    subject_open="Ticket {ticket.id}, {customer}: {measure} wacht",
    before="Ticket {ticket.id}: {measure} moet er zijn op {due}. Nog {left}{clock}.",
    after="Ticket {ticket.id}: {measure} moest er zijn op {due}. {overdue_by}{clock} te laat.",
    open="Ticket {ticket.id}: {measure} wacht en heeft nu geen uiterste tijd.",
    lines=(
        "Klant: {customer}. Niveau: {tier}.",
        "Prioriteit: {priority}.",
        "Te doen: {action}",
        "Stap: {step}.",
    ),
    late="Dit bericht is {late_by} te laat.",
    repeat="Dit kan een herhaling van een eerder bericht zijn.",
    open_ticket="Open het ticket",
    acknowledge="Gezien? Stop de herhalingen",
    digest="{count} tickets vragen aandacht",
    digest_first="Toezeggingen voor {count} tickets lopen af of zijn te laat, dringendste eerst:",
    digest_more="en nog {count}",
    trial="Testbericht van Stipt",
    trial_first="Stipt kan je bereiken als {recipient}. Er is niets te doen.",
)

WORDINGS: Mapping[str, Wording] = {"en": ENGLISH, "nl": DUTCH}
