# SPDX-License-Identifier: GPL-3.0-or-later
"""Links by which people say "I am at it": a warning is then not repeated.

A link leads to a page with a button, because mail scanners follow links. It
names one cycle of one ticket and is signed with the account's own key; whoever
has it can do nothing but end repetitions of that cycle.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.facts import MEASURES
from rules.verdict import OPEN_STATES
from worker.store.acknowledgements import (
    TicketCycle,
    acknowledge,
    acknowledged,
    known_signing_key,
    signing_key,
    state_of_cycle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rules.policy import Policy
    from worker.outbox import OutboxMessage
    from worker.store.database import Database

PATH = "/acknowledge"
"""Below the public address; the token follows."""

Standing = Literal["open", "acknowledged", "over", "invalid"]

_LONGEST = 600
_PROOF_BYTES = 16


@dataclass(frozen=True, slots=True)
class Notice:
    """What a link is about.

    open: its cycle runs and nobody has acknowledged it. acknowledged: somebody
    has. over: the cycle has ended. invalid: it is no link of ours; then
    `account` and `cycle` are None.
    """

    standing: Standing
    account: str | None = None
    cycle: TicketCycle | None = None


_INVALID = Notice("invalid")


class AcknowledgeLinks:
    """Makes the links of one account.

    Args:
        database: holds the account's key.
        account: its name.
        public_url: where people reach the web pages; without one there are no links.
        policy_of: the rules by their hash, which tell whether a step is repeated.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        public_url: str | None,
        policy_of: Callable[[str], Policy | None],
    ) -> None:
        self._database = database
        self._account = account
        self._public_url = public_url
        self._policy_of = policy_of
        self._key: str | None = None

    def link(self, message: OutboxMessage) -> str | None:
        """Where to acknowledge a message; None where none of its steps is repeated."""
        if not self._public_url or not self._is_repeated(message):
            return None
        if self._key is None:
            with self._database.write(self._account) as books:
                self._key = signing_key(books)
        cycle = (message.ticket_id, message.measure, message.cycle)
        token = sign(self._key, self._account, cycle)
        return f"{self._public_url.rstrip('/')}{PATH}/{token}"

    def _is_repeated(self, message: OutboxMessage) -> bool:
        policy = self._policy_of(message.policy)
        steps = policy.escalations.values() if policy else ()
        return any(
            step.repeat_times > 0 and step.at.label in message.labels
            for escalation in steps
            for step in escalation
        )


def sign(key: str, account: str, cycle: TicketCycle) -> str:
    """The token of a cycle."""
    payload = json.dumps([account, *cycle], separators=(",", ":")).encode()
    return f"{_text(payload)}.{_text(_proof(key, payload))}"


def look_at(database: Database, token: str) -> Notice:
    """What a token stands for; nothing is changed."""
    account, cycle, payload, proof = _read(token)
    if account is None or cycle is None:
        return _INVALID
    with database.read(account) as books:
        key = known_signing_key(books)
        if key is None or not hmac.compare_digest(_proof(key, payload), proof):
            return _INVALID
        state = state_of_cycle(books, cycle)
        known = cycle in acknowledged(books, [cycle[0]])
    if state not in OPEN_STATES:
        return Notice("over", account, cycle)
    return Notice("acknowledged" if known else "open", account, cycle)


def acknowledge_by(database: Database, token: str, now: datetime) -> Notice:
    """End the repetitions of a token's cycle; what it stood for before."""
    notice = look_at(database, token)
    if notice.standing == "open" and notice.account is not None and notice.cycle is not None:
        with database.write(notice.account) as books:
            acknowledge(books, notice.cycle, now)
    return notice


def _read(token: str) -> tuple[str | None, TicketCycle | None, bytes, bytes]:
    """Account, cycle, payload and proof of a token, not yet believed."""
    nothing = (None, None, b"", b"")
    if len(token) > _LONGEST or not token.isascii():
        return nothing
    first, _, second = token.partition(".")
    try:
        payload, proof = _bytes(first), _bytes(second)
        found = json.loads(payload)
    except (binascii.Error, ValueError, RecursionError):
        return nothing
    match found:
        case [str(account), str(ticket_id), str(measure), int(number)] if measure in MEASURES:
            return account, (ticket_id, measure, number), payload, proof
        case _:
            return nothing


def _proof(key: str, payload: bytes) -> bytes:
    return hmac.new(bytes.fromhex(key), payload, hashlib.sha256).digest()[:_PROOF_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
