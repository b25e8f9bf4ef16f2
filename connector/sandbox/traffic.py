# SPDX-License-Identifier: GPL-3.0-or-later
"""The seeded helpdesk's past, and what goes on in it while the clock moves."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.answers import Refusal
from connector.sandbox.life import Cast, Life
from connector.sandbox.office import MARKET_ZONES, arrival_weights, weight_at
from connector.sandbox.seed_names import ACME_ID, CUSTOMERS
from connector.sandbox.ticket_endings import (
    delete_ticket,
    merge_tickets,
    recalculate,
    run_housekeeping,
)
from connector.sandbox.tickets import Doing, create_ticket, make_comment_private, update_ticket
from connector.sandbox.wire import as_object

if TYPE_CHECKING:
    from connector.sandbox.account import Account
    from connector.sandbox.life import Step
    from connector.sandbox.records import Ticket, User
    from connector.sandbox.seed_names import Customer

NOBODY_SHARE = 6.0
SECONDS_A_DAY = 86400
LEFT_ALONE = 5

BREACH_SOON = (
    # customer, channel, minutes since it arrived at the clock's start
    (ACME_ID, "email", (95, 117)),
    (ACME_ID, "voice", (6, 14)),
    (360001234595, "web", (185, 238)),
    (360001234609, "chat", (190, 236)),
    (360001234595, "email", (1390, 1436)),
    (360001234581, "voice", (5, 13)),
)
"""Unanswered tickets whose first reply is due within the hour under usual promises."""


@dataclass(slots=True)
class Story:
    """A ticket that is being lived; `ticket` is None until it has arrived."""

    ticket: Ticket | None = None


class Traffic:
    """Plays the steps of invented lives in the order of time, in the past and live."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._rng = random.Random(f"traffic {account.settings.seed}")  # noqa: S311 - seeded
        self._start = int(account.settings.now.timestamp())
        self._heap: list[tuple[int, int, Story, Step]] = []
        self._count = 0
        self._next_arrival = self._start
        self._cast_ids = _CastIds(account)
        self._people = _People(account)

    def write_history(self) -> None:
        """Fill the account with the tickets of the days before its clock's start."""
        settings = self._account.settings
        soon = self._soon_count()
        for born, customer in sorted(
            self._arrivals(max(0, settings.tickets - soon)), key=lambda pair: pair[0]
        ):
            self._live(Life(self._rng, self._cast(customer), born))
        for number in range(min(soon, settings.tickets)):
            self._about_to_breach(number)
        self._perform_until(self._start)
        run_housekeeping(self._account, self._start)
        if settings.traffic == 0:
            self._heap.clear()

    def play(self, until: int) -> None:
        """Let arrive and happen what is due, if there is live traffic."""
        rate = self._rate()
        if rate == 0:
            return
        while self._next_arrival <= until:
            self._arrive(rate)
        self._perform_until(until)

    def _rate(self) -> float:
        """New tickets an hour, averaged over a week."""
        settings = self._account.settings
        if settings.traffic is None:
            return settings.tickets / settings.days / 24
        return settings.traffic

    def _soon_count(self) -> int:
        settings = self._account.settings
        if settings.about_to_breach is not None:
            return settings.about_to_breach
        return min(settings.tickets // 10, max(6, settings.tickets // 200))

    def _arrivals(self, count: int) -> list[tuple[int, Customer | None]]:
        first = self._start - self._account.settings.days * SECONDS_A_DAY
        hours = {market: arrival_weights(market, first, self._start) for market in MARKET_ZONES}
        customers = self._draw_customers(count)
        arrivals: list[tuple[int, Customer | None]] = []
        for customer in customers:
            slots, weights = hours[self._market(customer)]
            hour = self._rng.choices(slots, weights)[0]
            born = min(hour + self._rng.randrange(3600), self._start - 1)
            arrivals.append((max(born, first), customer))
        return arrivals

    def _draw_customers(self, count: int) -> list[Customer | None]:
        choices: list[Customer | None] = [*CUSTOMERS, None]
        weights = [customer.share for customer in CUSTOMERS] + [NOBODY_SHARE]
        return self._rng.choices(choices, weights, k=count)

    def _arrive(self, rate: float) -> None:
        at = self._next_arrival
        customer = self._draw_customers(1)[0]
        busy = weight_at(self._market(customer), at)
        # thinning: draw at the busiest rate, keep what the hour is worth
        busiest = 5.0
        if self._rng.random() < busy / busiest:
            self._live(Life(self._rng, self._cast(customer), at))
        self._next_arrival = at + max(1, int(self._rng.expovariate(rate * busiest / 3600)))

    def _live(self, life: Life) -> None:
        story = Story()
        for step in life.draw():
            self._plan(story, step)

    def _about_to_breach(self, number: int) -> None:
        customer_id, channel, minutes = BREACH_SOON[number % len(BREACH_SOON)]
        customer = next(row for row in CUSTOMERS if row.id == customer_id)
        born = self._start - int(self._rng.uniform(*minutes) * 60)
        life = Life(self._rng, self._cast(customer), born)
        life.arrive(channel=channel)
        # somebody has taken most of them, but nobody has answered
        if number % LEFT_ALONE != LEFT_ALONE - 1:
            life.take()
        story = Story()
        for step in life.steps:
            self._plan(story, step)

    def _plan(self, story: Story, step: Step) -> None:
        self._count += 1
        heapq.heappush(self._heap, (step.at, self._count, story, step))

    def _perform_until(self, until: int) -> None:
        while self._heap and self._heap[0][0] <= until:
            at, _, story, step = heapq.heappop(self._heap)
            run_housekeeping(self._account, at)
            try:
                self._perform(story, step)
            except Refusal:
                # the ticket was closed, merged or deleted meanwhile: who writes late, asks anew
                self._follow_up(story, step)

    def _perform(self, story: Story, step: Step) -> None:
        doing = Doing(step.author_id, step.at, step.channel)
        if step.kind == "create":
            story.ticket, _ = create_ticket(self._account, step.values, doing)
            story.ticket.ai_agent = story.ticket.from_messaging_channel and self._rng.random() < 0.5
            return
        ticket = story.ticket
        if ticket is None or ticket.is_deleted:
            return
        if step.kind == "update":
            update_ticket(self._account, ticket, step.values, doing)
        elif step.kind == "delete":
            delete_ticket(self._account, ticket, doing)
        elif step.kind == "recalculate":
            recalculate(self._account, ticket, step.at)
        elif step.kind == "rate":
            ticket.satisfaction = {"id": self._account.ids.take(), **step.values}
            ticket.rated_at = step.at
            recalculate(self._account, ticket, step.at)
        else:
            self._rarely(ticket, step, doing)

    def _rarely(self, ticket: Ticket, step: Step, doing: Doing) -> None:
        if step.kind == "merge":
            other = self._another_open(ticket)
            if other is not None:
                merge_tickets(self._account, ticket, other, doing)
            return
        for audit in reversed(ticket.audits):
            for event in audit.events:
                if event.kind == "Comment" and event.public and event.author_id == step.author_id:
                    make_comment_private(self._account, ticket, event, doing)
                    return

    def _another_open(self, ticket: Ticket) -> Ticket | None:
        """A younger or older open ticket of the same customer."""
        for number in range(ticket.id - 1, max(0, ticket.id - 80), -1):
            other = self._account.tickets.get(number)
            if (
                other is not None
                and not other.is_deleted
                and other.organization_id == ticket.organization_id
                and other.status in {"new", "open", "pending", "hold"}
            ):
                return other
        return None

    def _follow_up(self, story: Story, step: Step) -> None:
        author = self._account.users.get(step.author_id)
        if story.ticket is None or author is None or author.is_staff:
            return
        comment = as_object(step.values.get("comment"))
        values = {
            "subject": f"Re: {story.ticket.subject}",
            "comment": {"body": comment.get("body", "Re-opened")},
            "requester_id": story.ticket.requester_id,
            "group_id": story.ticket.group_id,
            "via_followup_source_id": story.ticket.id,
        }
        doing = Doing(step.author_id, step.at, "email")
        fresh, _ = create_ticket(self._account, values, doing)
        story.ticket.followup_ids.append(fresh.id)
        story.ticket = fresh

    def _market(self, customer: Customer | None) -> str:
        return customer.market if customer is not None else "nl"

    def _cast(self, customer: Customer | None) -> Cast:
        market = self._market(customer)
        contacts = self._people.contacts[customer.id if customer else None]
        ids = self._cast_ids
        return Cast(
            requester=self._rng.choice(contacts),
            colleague=self._rng.choice(contacts),
            agent=self._rng.choice(self._people.agents[market]),
            escalator=self._people.escalator,
            light_agent=self._rng.choice(self._people.light_agents),
            market=market,
            group_id=ids.groups[f"Support {market.upper()}"],
            escalations_id=ids.groups["Escalations"],
            product_field_id=ids.product,
            waiting_status_id=ids.statuses["Waiting for supplier"],
            engineering_status_id=ids.statuses["With engineering"],
        )


class _CastIds:
    """Ids of the configuration that tickets refer to, by name."""

    def __init__(self, account: Account) -> None:
        self.groups = {str(row["name"]): i for i, row in account.rows("groups").items()}
        self.statuses = {
            str(row["agent_label"]): i for i, row in account.rows("custom_statuses").items()
        }
        self.product = account.custom_field_ids()[0]


class _People:
    """Who writes and who answers, by customer and market."""

    def __init__(self, account: Account) -> None:
        self.contacts: dict[int | None, list[User]] = {}
        for user in account.users.values():
            if not user.is_staff:
                self.contacts.setdefault(user.organization_id, []).append(user)
        desk = [user for user in account.staff() if user.role_type == 0]
        self.agents = {
            market: [user for user in desk if user.iana_time_zone == zone.key]
            for market, zone in MARKET_ZONES.items()
        }
        self.light_agents = [user for user in account.staff() if user.only_private_comments]
        self.escalator = next(user for user in reversed(desk))
