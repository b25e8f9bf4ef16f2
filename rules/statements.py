# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements: what every obligation of one customer came to in a period, and what it costs.

A statement is open while its period runs, provisional until late data can no
longer be expected, and closed for ever. A closed one is named by the SHA-256
of its canonical JSON; later facts become corrections in the next one.
"""

from __future__ import annotations

import hmac
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.canonical import canonical_json, hash_of, read_canonical
from rules.credits import CreditStep
from rules.evidence import Party
from rules.obligations import Edge, Result
from rules.policy import Commitment
from rules.promises import Period

if TYPE_CHECKING:
    from rules.periods import DatedPeriod

FORM = 1
"""The version of the canonical form; a statement of another one is read by its own product."""

GRACE = timedelta(days=2)
"""How long late data are waited for after a period, where nothing else was set."""

StatementState = Literal["open", "provisional", "closed"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement was made from, so that it can be made again.

    `cut_off` is the instant up to which everything was known, `cursor` the
    position in the helpdesk's stream at that moment. `evidence` names the hash
    of each table of what was counted: of the bytes of its CSV file.
    """

    policy: str
    calendars: str
    evidence: dict[str, str]
    cut_off: datetime
    cursor: str | None
    zone_data: str
    product: str


class Excluded(msgspec.Struct, frozen=True):
    """A case that was taken out, why, and who approved it (None where the reason is its own)."""

    case: str
    reason: str
    by: str | None = None
    approved_on: date | None = None
    because: str | None = None


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation of a statement.

    `numerator` of `n_decided` is the share that `level` speaks of. For
    availability these are seconds. `counts` are all other numbers by name,
    `breached_cases` what was missed. `credit` is None where the statement's
    currency is not known, because no fee is agreed.
    """

    obligation: str
    of: str
    unit: str
    rule: str
    edge: Edge | None
    level: Fraction | None
    minimum: int | None
    numerator: int
    n_decided: int
    result: Result | None
    counts: dict[str, int]
    breached_cases: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    credit: Decimal | None
    because: str
    steps: tuple[CreditStep, ...]
    is_capped: bool
    settled: str | None
    claim_days: int | None
    beyond_credit: str | None
    beyond_amount: Decimal | None


class Figures(msgspec.Struct, frozen=True):
    """What a line said or would say now."""

    numerator: int
    n_decided: int
    result: Result | None
    credit: Decimal


class Correction(msgspec.Struct, frozen=True):
    """A line of a closed statement that later facts changed.

    `supersedes` is the id of that statement; `amount` is what is owed more, or
    less where it is negative.
    """

    supersedes: str
    obligation: str
    before: Figures
    after: Figures
    amount: Decimal


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """All obligations of one period kind of one customer, for one period.

    `contract` is the reference of its text, `tier` the level of service.
    `total` is the sum of the credits, `balance` with the corrections.
    `fee` is the exact fee of the period.
    """

    form: int
    ident: str
    state: StatementState
    party: Party
    tier: str
    contract: str | None
    covers: tuple[str, ...]
    commitment: Commitment | None
    period: Period
    label: str
    zone: str
    from_at: datetime
    until_at: datetime
    fee: Fraction | None
    currency: str | None
    cap: Fraction | None
    lines: tuple[StatementLine, ...]
    corrections: tuple[Correction, ...]
    total: Decimal
    is_capped: bool
    balance: Decimal
    origin: Origin
    closed_at: datetime | None = None


class CannotClose(ValueError):
    """The statement cannot be closed yet, or any more."""


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def identity(party: Party, period: DatedPeriod) -> str:
    """The id of a customer's statement of a period: `acme-2026-11`."""
    return f"{party.name}-{period.label}"


def state_of(until_at: datetime, cut_off: datetime) -> StatementState:
    """Whether the period is over as far as is known."""
    return "provisional" if cut_off >= until_at else "open"


def close(statement: Statement, at: datetime, grace: timedelta = GRACE) -> Statement:
    """The statement as it stands for ever.

    Args:
        statement: a provisional one.
        at: when it is closed.
        grace: how long after the period late data are waited for.

    Raises:
        CannotClose: it is closed already, the period or the grace is not over,
            or something that falls in the period is not decided.
    """
    if statement.state == "closed":
        raise CannotClose(f"{statement.ident} is closed; later facts become corrections")
    if statement.origin.cut_off < statement.until_at:
        raise CannotClose(
            f"{statement.ident} ends at {_utc(statement.until_at)}, and what is known at "
            f"{_utc(statement.origin.cut_off)}"
        )
    if at < statement.until_at + grace:
        raise CannotClose(
            f"{statement.ident} can be closed from {_utc(statement.until_at + grace)}"
        )
    for line in statement.lines:
        if line.counts.get("not_due"):
            n_open = line.counts["not_due"]
            raise CannotClose(
                f"{line.obligation}: {n_open} of the period's cases are not decided yet; the "
                "tables of its report (--tables) name them"
            )
    return msgspec.structs.replace(statement, state="closed", closed_at=at)


class Sealed(msgspec.Struct, frozen=True):
    """A closed statement with the hash of its canonical bytes.

    `signature` is an HMAC-SHA256 of the same bytes under a key of the one who
    closed it; None where no key was given.
    """

    statement: Statement
    sha256: str
    signature: str | None = None


class StatementAltered(ValueError):
    """The statement is not what was closed: its hash or signature does not fit."""


class NoStatement(StatementAltered):
    """The bytes are no closed statement at all."""


def seal(statement: Statement, key: bytes | None = None) -> bytes:
    """The bytes of a closed statement; the same statement always gives the same.

    Raises:
        ValueError: the statement is not closed.
    """
    if statement.state != "closed":
        raise ValueError(f"{statement.ident} is not closed")
    return canonical_json(Sealed(statement, hash_of(statement), _signature(statement, key)))


def unseal(written: bytes, key: bytes | None = None) -> Sealed:
    """The closed statement that bytes hold.

    Args:
        written: what `seal` gave.
        key: to look at the signature too.

    Raises:
        NoStatement: the bytes are no statement.
        StatementAltered: they are, and not what was closed.
    """
    try:
        sealed = read_canonical(written, Sealed)
    except ValueError:
        raise NoStatement("no closed statement, as stipt report show --json prints it") from None
    if hash_of(sealed.statement) != sealed.sha256 or canonical_json(sealed) != written:
        raise StatementAltered(f"{sealed.statement.ident} does not fit its hash")
    if key is not None and not is_signed_with(sealed, key):
        raise StatementAltered(f"{sealed.statement.ident} is not signed with this key")
    return sealed


def is_signed_with(sealed: Sealed, key: bytes) -> bool:
    """Whether the signature was made with this key, of this very statement."""
    expected = _signature(sealed.statement, key) or ""
    return hmac.compare_digest(expected, sealed.signature or "")


def _signature(statement: Statement, key: bytes | None) -> str | None:
    if key is None:
        return None
    return hmac.new(key, canonical_json(statement), sha256).hexdigest()
