# SPDX-License-Identifier: GPL-3.0-or-later
"""What later facts change in closed statements: entries in the next one, never a rewrite."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rules.statements import Correction, Figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.statements import Statement, StatementLine


def corrections(
    closed: Statement, again: Statement, earlier: Iterable[Correction] = ()
) -> tuple[Correction, ...]:
    """What the facts of now say differently of a closed statement.

    Args:
        closed: the statement as it was closed.
        again: the same period of the same customer, counted again with the
            obligations as they were promised then: a change of what is promised
            is no fact, and corrects nothing.
        earlier: corrections of it that closed statements already hold; only
            what they do not say yet is new.

    Raises:
        ValueError: the two are not of the same customer and period.
    """
    if (closed.ident, closed.period) != (again.ident, again.period):
        raise ValueError(f"{again.ident} does not correct {closed.ident}")
    stated = {line.obligation: _figures(line) for line in closed.lines}
    for one in earlier:
        if one.supersedes == closed.ident:
            stated[one.obligation] = one.after
    return tuple(_differences(closed.ident, stated, again.lines))


def _differences(
    ident: str, stated: dict[str, Figures], lines: Sequence[StatementLine]
) -> Iterable[Correction]:
    found = {line.obligation: _figures(line) for line in lines}
    for name in sorted({*stated, *found}):
        before, after = stated.get(name, _NOTHING), found.get(name, _NOTHING)
        if before != after:
            yield Correction(ident, name, before, after, after.credit - before.credit)


_NOTHING = Figures(0, 0, None, Decimal(0))


def _figures(line: StatementLine) -> Figures:
    return Figures(line.numerator, line.n_decided, line.result, line.credit or Decimal(0))
