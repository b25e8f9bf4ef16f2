# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle that a change of rules makes different, as one row of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.history.values import as_iso
from rules.timeline import instant_of

if TYPE_CHECKING:
    from rules.backtest import Pair, Reading


def row_of(ticket_id: str, pair: Pair) -> dict[str, object]:
    """The row; the keys and their order are a public interface."""
    return {
        "ticket": ticket_id,
        "measure": pair.measure,
        "cycle": pair.cycle,
        "changes": pair.changes(),
        "before": side_of(pair.before),
        "after": side_of(pair.after),
    }


def side_of(reading: Reading | None) -> dict[str, object] | None:
    """The cycle under one of the two policies; None where it has no target there."""
    if reading is None:
        return None
    clock = reading.clock
    application = clock.application
    breach = clock.breach
    return {
        "tier": application.tier,
        "customer": application.customer,
        "rule": str(application.target.where),
        "target_seconds": clock.target_seconds,
        "calendar": application.calendar.name,
        "due_at": None if clock.due is None else as_iso(instant_of(clock.due.shown)),
        "breached_at": (
            None if breach is None or reading.state == "excluded" else as_iso(instant_of(breach.at))
        ),
        "state": reading.state,
    }
