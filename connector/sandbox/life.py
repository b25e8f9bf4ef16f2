# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one invented ticket: who writes what when, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from connector.sandbox.office import after_work
from connector.sandbox.seed_names import (
    AGENT_REPLIES,
    FIRST_MESSAGES,
    NOTES,
    REQUESTER_REPLIES,
    SOLUTIONS,
    SUBJECTS,
    THANKS,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from connector.sandbox.records import User
    from connector.sandbox.wire import Json

StepKind = Literal["create", "update", "merge", "delete", "recalculate", "private", "rate"]

CHANNELS = (
    ("email", 44),
    ("web", 23),
    ("chat", 15),
    ("voice", 11),
    ("native_messaging", 4),
    ("api", 3),
)
FIRST_REPLY_SECONDS = {"voice": 240, "chat": 300, "native_messaging": 900}
DEFAULT_FIRST_REPLY_SECONDS = 5400


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens to a ticket: `values` as the API would take them."""

    at: int
    kind: StepKind
    author_id: int
    channel: str
    values: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in a ticket's life, and the ids of what they use."""

    requester: User
    colleague: User
    agent: User
    escalator: User
    light_agent: User
    market: str
    group_id: int
    escalations_id: int
    product_field_id: int
    waiting_status_id: int
    engineering_status_id: int


class Life:
    """Draws the steps of one ticket, starting with its arrival at `born`."""

    def __init__(self, rng: random.Random, cast: Cast, born: int) -> None:
        self._rng = rng
        self._cast = cast
        self._at = born
        self.channel = rng.choices([name for name, _ in CHANNELS], [n for _, n in CHANNELS])[0]
        self.steps: list[Step] = []

    def draw(self) -> list[Step]:
        """A whole life, in the order of time."""
        self.arrive()
        if self._rng.random() < 0.015:
            self._later(self._rng.uniform(60, 7200))
            self._by_agent("delete", {})
            return self.steps
        self._triage()
        self._first_reply()
        for _ in range(self._rng.choices((0, 1, 2, 3), (34, 36, 20, 10))[0]):
            self._round()
        self._end()
        return self.steps

    def arrive(self, *, channel: str | None = None) -> None:
        """The requester writes; now and then an agent does so for them."""
        self.channel = channel or self.channel
        product = self._rng.choice(list(SUBJECTS))
        author = self._cast.requester
        if channel is None and self.channel in {"web", "voice"} and self._rng.random() < 0.12:
            author = self._cast.agent
        values: Json = {
            "subject": self._rng.choice(SUBJECTS[product]),
            "comment": {"body": self._pick(FIRST_MESSAGES), "author_id": author.id},
            "requester_id": self._cast.requester.id,
            "submitter_id": author.id,
            "group_id": self._cast.group_id,
            "custom_fields": [{"id": self._cast.product_field_id, "value": product}],
        }
        if self._rng.random() < 0.5:
            values["type"] = self._rng.choice(("question", "incident", "problem", "task"))
        self._step("create", author, self.channel, values)

    def take(self) -> None:
        """An agent takes the ticket, within minutes and without a word."""
        self._later(self._rng.uniform(20, 120))
        self._by_agent("update", {"assignee_id": self._cast.agent.id})

    def _triage(self) -> None:
        self._work(self._rng.uniform(60, 1500))
        values: Json = {"assignee_id": self._cast.agent.id}
        if self._rng.random() < 0.55:
            values["priority"] = self._rng.choices(
                ("low", "normal", "high", "urgent"), (20, 50, 22, 8)
            )[0]
        if self._rng.random() < 0.2:
            values["comment"] = self._note(self._cast.agent)
        self._by_agent("update", values)
        if self._rng.random() < 0.02:
            self._later(self._rng.uniform(5, 900))
            self._step("recalculate", self._cast.agent, "api", {})

    def _first_reply(self) -> None:
        typical = FIRST_REPLY_SECONDS.get(self.channel, DEFAULT_FIRST_REPLY_SECONDS)
        self._work(typical * self._rng.lognormvariate(-0.35, 0.95))
        status = self._rng.choices(("open", "pending"), (45, 55))[0]
        self._reply(self._pick(AGENT_REPLIES), {"status": status})
        if self._rng.random() < 0.01:
            self._later(self._rng.uniform(30, 600))
            self._by_agent("private", {})

    def _round(self) -> None:
        draw = self._rng.random()
        if draw < 0.16:
            self._wait_for_supplier()
        elif draw < 0.24:
            self._escalate()
        self._later(self._rng.lognormvariate(9.4, 1.1))
        writer = self._cast.colleague if self._rng.random() < 0.15 else self._cast.requester
        values: Json = {"comment": {"body": self._pick(REQUESTER_REPLIES)}, "status": "open"}
        self._step("update", writer, "email" if self.channel == "voice" else self.channel, values)
        if self._rng.random() < 0.12:
            self._later(self._rng.uniform(300, 3600))
            values = {"comment": self._note(self._cast.light_agent)}
            self._step("update", self._cast.light_agent, "web", values)
        self._work(self._rng.lognormvariate(8.5, 0.9))
        status = self._rng.choices(("open", "pending", "hold"), (35, 50, 15))[0]
        self._reply(self._pick(AGENT_REPLIES), {"status": status})

    def _wait_for_supplier(self) -> None:
        self._work(self._rng.uniform(600, 7200))
        waiting: Json = {"custom_status_id": self._cast.waiting_status_id}
        self._by_agent("update", waiting | {"comment": self._note(self._cast.agent)})
        self._work(self._rng.uniform(14400, 90000))
        self._by_agent("update", {"status": "open"})

    def _escalate(self) -> None:
        self._work(self._rng.uniform(300, 3600))
        values: Json = {
            "priority": self._rng.choice(("high", "urgent")),
            "group_id": self._cast.escalations_id,
            "assignee_id": self._cast.escalator.id,
            "custom_status_id": self._cast.engineering_status_id,
        }
        self._by_agent("update", values)

    def _end(self) -> None:
        if self._rng.random() < 0.03:
            self._later(self._rng.uniform(600, 7200))
            self._by_agent("merge", {})
            return
        self._work(self._rng.lognormvariate(9.6, 1.2))
        self._reply(self._pick(SOLUTIONS), {"status": "solved"})
        if self._rng.random() < 0.12:
            self._later(self._rng.uniform(3600, 90000))
            score = self._rng.choices(("good", "bad"), (85, 15))[0]
            self._step("rate", self._cast.requester, "web", {"score": score})
        elif self._rng.random() < 0.11:
            self._later(self._rng.uniform(3600, 200000))
            values: Json = {"comment": {"body": self._pick(THANKS)}, "status": "open"}
            self._step("update", self._cast.requester, "email", values)
            self._work(self._rng.lognormvariate(8.8, 0.9))
            self._reply(self._pick(SOLUTIONS), {"status": "solved"})

    def _reply(self, body: str, values: Json) -> None:
        self._by_agent("update", {"comment": {"body": body, "public": True}, **values})

    def _note(self, author: User) -> Json:
        return {"body": self._pick(NOTES), "public": False, "author_id": author.id}

    def _pick(self, sentences: Sequence[str]) -> str:
        return self._rng.choice(sentences)

    def _by_agent(self, kind: StepKind, values: Json) -> None:
        self._step(kind, self._cast.agent, "web", values)

    def _step(self, kind: StepKind, author: User, channel: str, values: Json) -> None:
        self.steps.append(Step(self._at, kind, author.id, channel, values))

    def _later(self, seconds: float) -> None:
        self._at += 1 + int(seconds)

    def _work(self, seconds: float) -> None:
        self._at = after_work(self._at + 1, seconds, self._cast.market)
