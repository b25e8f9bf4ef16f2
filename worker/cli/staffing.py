# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt staffing`: how many people a phone line needs to keep what callers are promised."""

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from worker.cli.output import JsonFlag, QuietFlag, as_json, result, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.erlang import Demand, Queue
    from rules.staffing import LinePromise, Staffing

Value = TypeVar("Value")

_FEWER = 2
"""So many fewer people are shown beside those needed."""


def staffing(
    *,
    calls: Annotated[float, typer.Option(help="Calls an hour.", metavar="NUMBER", min=0)],
    handling: Annotated[
        str, typer.Option(help="Talk and wrap-up of a call, such as 6m.", metavar="SPAN")
    ],
    within: Annotated[
        str, typer.Option(help="The wait that is promised, such as 3m.", metavar="SPAN")
    ] = "20s",
    answered: Annotated[
        str | None,
        typer.Option(help="Share answered within it, at least: 80%.", metavar="SHARE"),
    ] = None,
    abandoned: Annotated[
        str | None,
        typer.Option(help="Share who give up, at most: 5%; needs --patience.", metavar="SHARE"),
    ] = None,
    mean_wait: Annotated[
        str | None, typer.Option(help="Mean wait of all callers, at most.", metavar="SPAN")
    ] = None,
    patience: Annotated[
        str | None,
        typer.Option(help="How long callers wait on average before giving up.", metavar="SPAN"),
    ] = None,
    occupancy: Annotated[
        str, typer.Option(help="Share of their time that people are busy, at most.")
    ] = "85%",
    shrinkage: Annotated[
        str, typer.Option(help="Share of paid time that is not spent at work.")
    ] = "0%",
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Say how many people a phone line needs to keep its promise, and how it does with fewer."""
    from rules.erlang import Demand
    from rules.staffing import LinePromise, staff_line

    if answered is None and abandoned is None and mean_wait is None:
        raise typer.BadParameter("say what is promised: --answered, --abandoned or --mean-wait")
    if abandoned is not None and patience is None:
        raise typer.BadParameter("how many give up depends on their patience: --patience 4m")
    demand = Demand.per_hour(calls, _seconds("--handling", handling))
    try:
        promise = LinePromise(
            _seconds("--within", within),
            None if answered is None else _share("--answered", answered),
            None if abandoned is None else _share("--abandoned", abandoned),
            None if mean_wait is None else _seconds("--mean-wait", mean_wait),
            None if patience is None else _seconds("--patience", patience),
            _share("--occupancy", occupancy),
        )
        found = staff_line(demand, promise, _share("--shrinkage", shrinkage))
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


def _seconds(flag: str, written: str) -> int:
    from rules.duration import parse_running

    return _parsed(parse_running, flag, written)


def _share(flag: str, written: str) -> Fraction:
    from rules.duration import parse_share

    return _parsed(parse_share, flag, written)


def _parsed(parse: "Callable[[str], Value]", flag: str, written: str) -> "Value":
    try:
        return parse(written)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint=flag) from None
