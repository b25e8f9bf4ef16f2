#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts Acme's statements again, knowing the contract and the exported tables, not Stipt.

Run it with nothing but Python: `python3 recompute.py`. It checks the hash of
each statement and of the tables it was made from, counts again from the
tables, and says whether every credit is the same to the cent.
"""

import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent / "statements"
ZONE = ZoneInfo("Europe/Amsterdam")
Row = dict[str, str]
Span = tuple[float, float]

# Annex B of the contract
MONTHLY_FEE = Fraction("2000.00")
CONTRACT_BEGINS = date(2026, 10, 16)
CONTRACT_CAP = Fraction(15, 100)
REPLY_BANDS = [(Fraction(95, 100), 5), (Fraction(90, 100), 10), (Fraction(80, 100), 15)]
PORTAL_BANDS = [(Fraction(999, 1000), 10), (Fraction(99, 100), 15)]
PER_LATE_SOLUTION, LATE_CAP = Fraction("25.00"), Fraction(10, 100)
MINIMUM = 20
FORCE_MAJEURE = {"1061"}
MAINTENANCE = (
    datetime(2026, 11, 14, 22, tzinfo=ZONE),
    datetime(2026, 11, 15, 6, tzinfo=ZONE),
)


def table(label: str, name: str) -> list[Row]:
    """The lines of a table; the hash in the statement names its bytes."""
    return list(csv.DictReader((HERE / f"acme-{label}-{name}.csv").open(newline="")))


def month(label: str) -> tuple[datetime, datetime, int, int]:
    """First instant, and the first instant after; days under contract and in the month."""
    first = date.fromisoformat(f"{label}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    begin = max(first, CONTRACT_BEGINS)
    midnight = [datetime(day.year, day.month, day.day, tzinfo=ZONE) for day in (begin, following)]
    return *midnight, (following - begin).days, (following - first).days


def decided(
    rows: list[Row], measure: str, begin: datetime, end: datetime, channels: tuple[str, ...]
) -> Iterator[Row]:
    """The rows of a measure that are decided and fall due in the month."""
    for row in rows:
        if row["measure"] != measure or not row["due_at"] or row["ticket"] in FORCE_MAJEURE:
            continue
        if channels and row["channel"] not in channels:
            continue
        due = datetime.fromisoformat(row["due_at"])
        if begin <= due < end and row["state"] in ("met", "breached", "breached_open"):
            yield row


def instant(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def share_of(bands: list[tuple[Fraction, int]], share: Fraction) -> Fraction:
    """The percentage of the fee of the worst band that a share is below."""
    return Fraction(max([percent for level, percent in bands if share < level], default=0), 100)


def reply_credit(rows: list[Row], begin: datetime, end: datetime, fee: Fraction) -> Fraction:
    """Bands on the share of first replies in time."""
    found = [row["state"] for row in decided(rows, "first_reply", begin, end, ("email", "web"))]
    if len(found) < MINIMUM:
        return Fraction(0)
    return fee * share_of(REPLY_BANDS, Fraction(found.count("met"), len(found)))


def late_credit(rows: list[Row], begin: datetime, end: datetime, fee: Fraction) -> Fraction:
    """An amount for each ticket that was solved late."""
    rows = list(decided(rows, "resolution", begin, end, ()))
    late = {row["ticket"] for row in rows if row["state"] != "met"}
    return min(len(late) * PER_LATE_SOLUTION, LATE_CAP * fee)


def portal_credit(outages: list[Span], begin: datetime, end: datetime, fee: Fraction) -> Fraction:
    """Second by second would do as well; minutes are enough, as all times are whole ones."""
    minutes = int((end - begin).total_seconds()) // 60
    down = set()
    planned = set()
    for minute in range(minutes):
        at = begin.timestamp() + 60 * minute
        if MAINTENANCE[0].timestamp() <= at < MAINTENANCE[1].timestamp():
            planned.add(minute)
        elif any(first <= at < last for first, last in outages):
            down.add(minute)
    agreed = minutes - len(planned)
    return fee * share_of(PORTAL_BANDS, Fraction(agreed - len(down), agreed))


def cents(amount: Fraction) -> Decimal:
    """Half a cent counts as one."""
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def recomputed(label: str) -> list[Decimal]:
    """The three credits of a month."""
    begin, end, days, of_days = month(label)
    fee = MONTHLY_FEE * days / of_days
    rows = table(label, "cycles")
    outages = [(instant(row["from"]), instant(row["until"])) for row in table(label, "outages")]
    exact = [
        reply_credit(rows, begin, end, fee),
        late_credit(rows, begin, end, fee),
        portal_credit(outages, begin, end, fee),
    ]
    if sum(exact) > CONTRACT_CAP * fee:
        exact = [amount * CONTRACT_CAP * fee / sum(exact) for amount in exact]
    return [cents(amount) for amount in exact]


def hash_of(value: object) -> str:
    """SHA-256 of the canonical JSON: keys in order, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check(label: str) -> bool:
    """Whether a statement and its tables are what was closed, and its credits right."""
    document = json.loads((HERE / f"acme-{label}.json").read_text())
    statement = document["statement"]
    good = hash_of(statement) == document["sha256"]
    for name, digest in statement["origin"]["evidence"].items():
        bytes_of_table = (HERE / f"acme-{label}-{name}.csv").read_bytes()
        good &= hashlib.sha256(bytes_of_table).hexdigest() == digest
    stated = [Decimal(line["credit"]) for line in statement["lines"]]
    again = recomputed(label)
    words = ["stated", *stated, "recomputed", *again, "hashes", "fit" if good else "DIFFER"]
    sys.stdout.write(" ".join(map(str, [label, *words])) + "\n")
    return good and stated == again


if __name__ == "__main__":
    sys.exit(0 if all([check("2026-10"), check("2026-11")]) else 1)
