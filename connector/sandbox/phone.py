# SPDX-License-Identifier: GPL-3.0-or-later
"""Invented phone calls: one for each phone ticket, those of callers who gave up, and their legs.

Everything is drawn from the ticket's number and its creation, so that the same
account always had the same calls. A caller who gives up leaves no ticket.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from connector.sandbox.office import MARKET_ZONES, is_open
from connector.sandbox.wire import Json, iso

if TYPE_CHECKING:
    from connector.sandbox.account import Account
    from connector.sandbox.records import Ticket, User

LINES = {"nl": (5501, "+31 20 555 0100"), "us": (5502, "+1 617 555 0100")}
"""Number of each market's line, and the line as it is dialled."""

EXCEEDED_AFTER = 180
FIRST_CALL = 900_000_000
FIRST_LEG = 950_000_000
_SLOTS = 4  # ids that one ticket's calls and legs may use
_TYPICAL_WAIT = 40
_TYPICAL_PATIENCE = 150
_GAVE_UP_BEFORE = 0.18
_RANG_OUT = 0.12
_HANDED_ON = 0.06


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call. Instants are epoch seconds, spans seconds; `ended` as `completion_status`."""

    id: int
    ticket: Ticket
    market: str
    at: int
    ended: str
    wait: int
    talk: int = 0
    hold: int = 0
    wrap_up: int = 0
    has_ticket: bool = True
    voicemail: bool = False
    callback: bool = False
    overflowed: bool = False

    @property
    def over(self) -> int:
        """When the agent was done with it."""
        return self.at + self.wait + self.talk + self.wrap_up


def phone_calls(account: Account, now: int) -> list[PhoneCall]:
    """Every call that is over by now, in the order in which they were last changed."""
    found = [call for call in _every_call(account) if call.over <= now]
    return sorted(found, key=lambda call: (call.over, call.id))


def waiting_calls(account: Account, now: int) -> list[PhoneCall]:
    """The calls that wait for an agent now."""
    return [
        call
        for call in _every_call(account)
        if call.at <= now < call.at + call.wait and is_open(call.market, call.at)
    ]


def _every_call(account: Account) -> list[PhoneCall]:
    voice = [ticket for ticket in account.tickets.values() if ticket.channel == "voice"]
    return [call for ticket in voice for call in _calls_of(account, ticket)]


def _calls_of(account: Account, ticket: Ticket) -> list[PhoneCall]:
    draw = _draw(ticket, "calls")
    requester = account.users.get(ticket.requester_id)
    market = _market(requester)
    calls = [_call(draw, ticket, market)]
    if draw.random() < _GAVE_UP_BEFORE:
        calls.append(_given_up(draw, ticket, market))
    return calls


def _draw(ticket: Ticket, what: str) -> random.Random:
    return random.Random(f"{what} {ticket.id} {ticket.created}")  # noqa: S311 - a seeded stand-in


def _market(requester: User | None) -> str:
    zone = requester.iana_time_zone if requester else ""
    return next((name for name, place in MARKET_ZONES.items() if place.key == zone), "nl")


def _call(draw: random.Random, ticket: Ticket, market: str) -> PhoneCall:
    """The call that the ticket was made of."""
    ident, at = FIRST_CALL + ticket.id * _SLOTS, ticket.created
    wait = min(600, int(draw.expovariate(1 / _TYPICAL_WAIT)))
    talk, hold, wrap_up = draw.randint(60, 600), draw.randint(0, 60), draw.randint(5, 90)
    kind = draw.choices(("answered", "voicemail", "callback", "overflow"), (85, 4, 8, 3))[0]
    if not is_open(market, at):
        kind = "voicemail"
    if kind == "voicemail":
        return PhoneCall(ident, ticket, market, at, "completed", wait, voicemail=True)
    return PhoneCall(
        ident,
        ticket,
        market,
        at,
        "completed",
        wait,
        talk=0 if kind == "overflow" else talk,
        hold=hold if kind == "answered" else 0,
        wrap_up=0 if kind == "overflow" else wrap_up,
        callback=kind == "callback",
        overflowed=kind == "overflow",
    )


def _given_up(draw: random.Random, ticket: Ticket, market: str) -> PhoneCall:
    """An earlier call of the same person, who hung up in the menu or in the queue."""
    at = ticket.created - draw.randint(60, 900)
    ended = draw.choices(("abandoned_in_queue", "abandoned_in_ivr"), (7, 3))[0]
    wait = int(draw.expovariate(1 / _TYPICAL_PATIENCE)) if ended == "abandoned_in_queue" else 0
    ident = FIRST_CALL + ticket.id * _SLOTS + 1
    return PhoneCall(ident, ticket, market, at, ended, min(wait, 900), has_ticket=False)


def call_row(call: PhoneCall) -> Json:
    """A call as the export shows it."""
    line, number = LINES[call.market]
    was_answered = call.talk > 0
    return {
        "id": call.id,
        "created_at": iso(call.at),
        "updated_at": iso(call.over),
        "agent_id": call.ticket.assignee_id if was_answered else None,
        "call_charge": "0.0",
        "call_group_id": call.ticket.group_id,
        "callback": call.callback,
        "callback_source": "queue" if call.callback else None,
        "completion_status": call.ended,
        "consultation_time": 0,
        "customer_requested_voicemail": False,
        "default_group": False,
        "direction": "inbound",
        "duration": call.wait + call.talk,
        "exceeded_queue_wait_time": call.wait > EXCEEDED_AFTER,
        "hold_time": call.hold,
        "ivr_action": None,
        "ivr_destination_group_name": None,
        "ivr_hops": 1,
        "ivr_routed_to": None,
        "ivr_time_spent": 4 + call.id % 26,
        "minutes_billed": -(-(call.wait + call.talk) // 60),
        "outside_business_hours": not is_open(call.market, call.at),
        "overflowed": call.overflowed,
        "overflowed_to": None,
        "phone_number": number,
        "phone_number_id": line,
        "quality_issues": ["none"],
        "recording_time": 0,
        "talk_time": call.talk,
        "ticket_id": call.ticket.id if call.has_ticket else None,
        "time_to_answer": call.wait if was_answered else None,
        "voicemail": call.voicemail,
        "wait_time": call.wait,
        "wrap_up_time": call.wrap_up,
    }


def leg_rows(account: Account, call: PhoneCall) -> list[Json]:
    """The parts of a call: the caller's, and one of each agent whose phone rang."""
    draw = _draw(call.ticket, f"legs {call.id}")
    caller: Json = {"type": "customer", "user_id": call.ticket.requester_id, "agent_id": None}
    legs = [_Leg(0, caller, "completed", call.talk)]
    if call.talk:
        desk = [user for user in account.staff() if user.role_type == 0]
        answering: Json = {"type": "agent", "user_id": None, "agent_id": call.ticket.assignee_id}
        other: Json = {"type": "agent", "user_id": None, "agent_id": draw.choice(desk).id}
        if draw.random() < _RANG_OUT:
            legs.append(_Leg(1, other, "agent_missed"))
        is_handed_on = draw.random() < _HANDED_ON
        talk = call.talk // 2 if is_handed_on else call.talk
        legs.append(_Leg(2, answering, "completed", talk, call.wrap_up))
        if is_handed_on:
            legs.append(_Leg(3, other, "completed", call.talk - talk, call.wrap_up))
    return [_leg_row(call, leg) for leg in legs]


class _Leg(NamedTuple):
    """Which of a call's legs it is, whose, and how it ended; spans in seconds."""

    place: int
    who: Json
    ended: str
    talk: int = 0
    wrap_up: int = 0


def _leg_row(call: PhoneCall, leg: _Leg) -> Json:
    return {
        "id": FIRST_LEG + (call.id - FIRST_CALL) * _SLOTS + leg.place,
        "created_at": iso(call.at),
        "updated_at": iso(call.over),
        **leg.who,
        "available_via": "browser" if leg.who["type"] == "agent" else None,
        "call_charge": "0.0",
        "call_id": call.id,
        "completion_status": leg.ended,
        "conference_from": None,
        "conference_time": None,
        "conference_to": None,
        "consultation_from": None,
        "consultation_time": None,
        "consultation_to": None,
        "duration": leg.talk,
        "forwarded_to": None,
        "hold_time": 0,
        "minutes_billed": -(-leg.talk // 60),
        "quality_issues": ["none"],
        "talk_time": leg.talk,
        "transferred_from": None,
        "transferred_to": None,
        "wrap_up_time": leg.wrap_up,
    }
