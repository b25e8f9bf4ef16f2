# SPDX-License-Identifier: GPL-3.0-or-later
"""People for a phone line of which everything is given in figures."""

from typing import TYPE_CHECKING

import typer

from worker.cli.output import as_json, result, table

if TYPE_CHECKING:
    from fractions import Fraction

    from rules.erlang import Demand, Queue
    from rules.staffing import LinePromise, Staffing

_FEWER = 2
"""So many fewer people are shown beside those needed."""


def show_line(
    demand: "Demand", promise: "LinePromise", shrinkage: "Fraction", *, json: bool, quiet: bool
) -> None:
    """Print how many people a line needs, and how it does with fewer."""
    from rules.staffing import staff_line

    try:
        found = staff_line(demand, promise, shrinkage)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake)) from None
    if json:
        as_json(_document(demand, promise, found))
        return
    result(f"{found.agents} people at work, {found.paid} on the payroll")
    for line in [] if quiet else table(_rows(demand, promise, found)):
        result(line)


def _document(demand: "Demand", promise: "LinePromise", found: "Staffing") -> dict[str, object]:
    return {
        "load_erlang": demand.load,
        "agents": found.agents,
        "paid": found.paid,
        "with": [
            {"agents": agents, **_figures(queue)} for agents, queue in _near(demand, promise, found)
        ],
    }


def _figures(queue: "Queue") -> dict[str, float | None]:
    return {
        "waiting": queue.waiting,
        "abandoned": queue.abandoned,
        # A queue that never settles has no mean wait.
        "mean_wait_seconds": queue.mean_wait if queue.mean_wait < float("inf") else None,
        "answered_within": queue.answered,
        "occupancy": queue.occupancy,
    }


def _rows(demand: "Demand", promise: "LinePromise", found: "Staffing") -> list[list[str]]:
    head = ["people", "wait at all", "give up", "mean wait", "answered in time", "busy"]
    return [
        head,
        *(
            [
                f"{agents}{' *' if agents == found.agents else ''}",
                f"{queue.waiting:.1%}",
                f"{queue.abandoned:.1%}",
                "no end" if queue.mean_wait == float("inf") else f"{queue.mean_wait:.0f} s",
                f"{queue.answered:.1%}",
                f"{queue.occupancy:.1%}",
            ]
            for agents, queue in _near(demand, promise, found)
        ),
    ]


def _near(demand: "Demand", promise: "LinePromise", found: "Staffing") -> "list[tuple[int, Queue]]":
    """The line with some fewer people, with those needed, and with one more."""
    from rules.staffing import queue_with

    if not found.agents:
        return []
    near = range(max(1, found.agents - _FEWER), found.agents + 2)
    return [(agents, queue_with(demand, agents, promise)) for agents in near]
