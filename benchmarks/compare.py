# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds and memory of a back-test over many tickets.

    python benchmarks/compare.py [--tickets N] [--change some|all] [--history FILE]

A history of N tickets (a million unless said otherwise) with 20 happenings each
is written into a temporary folder and deleted afterwards. `some` changes a few
targets of the rules, `all` the hours of the calendar that every target counts.
The aim is a million tickets in less than 150 seconds on two cores, 60 being
the goal, with less than 2 GB in all processes together.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.engine import CUSTOMERS, HAPPENINGS, TIERS, rules
from rules.load import load
from worker.backtest import backtest
from worker.histories import JsonLinesHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.policy import Policy

DAY = 86_400
DAYS = [str(date(2025, 11, 1) + timedelta(days=number)) for number in range(500)]
CLOCK = [f"{at // 3600:02}:{at % 3600 // 60:02}:{at % 60:02}" for at in range(DAY)]
LAST_CREATED = 365 * DAY

COURSES = (
    (
        '"kind":"field","field":"group","to":"support","by":"agent"',
        '"kind":"field","field":"assignee","to":"12","by":"agent"',
        '"kind":"comment","by":"agent","public":true',
        '"kind":"status","to":"pending","by":"agent"',
        '"kind":"comment","by":"requester","public":true',
        '"kind":"status","to":"open","by":"system"',
        '"kind":"comment","by":"agent","public":false',
        '"kind":"status","to":"hold","by":"agent"',
        '"kind":"status","to":"open","by":"agent"',
        '"kind":"field","field":"ticket.fields.product","to":"router","by":"agent"',
    ),
    (
        '"kind":"comment","by":"requester","public":true',
        '"kind":"field","field":"priority","to":"high","by":"agent"',
        '"kind":"comment","by":"agent","public":true',
        '"kind":"comment","by":"requester","public":true',
        '"kind":"field","field":"tags","to":["vip","router"],"by":"agent"',
        '"kind":"comment","by":"agent","public":true',
        '"kind":"status","to":"solved","by":"agent"',
        '"kind":"comment","by":"requester","public":true',
        '"kind":"status","to":"open","by":"system"',
        '"kind":"comment","by":"agent","public":true',
    ),
)


def changed_rules(kind: str) -> bytes:
    """The rules after the change."""
    text = rules().decode()
    if kind == "all":
        return text.replace("13:00-17:30", "13:00-18:00").encode()
    head, _, tail = text.partition("  tier3:")
    head = head.replace("first_reply, within: 4h", "first_reply, within: 3h")
    return (head + "  tier3:" + tail.replace("customer7:", "customer7b:")).encode()


def policy(text: bytes) -> Policy:
    """The rules, loaded."""
    found, problems = load({"sla.yaml": text})
    if found is None:
        raise SystemExit("\n".join(str(one) for one in problems))
    return found


def history(n_tickets: int, seed: int = 1) -> Iterator[str]:
    """The lines of a history."""
    chance = random.Random(seed)
    organizations = [
        f'{{"id":"{1000 + one}","name":"Customer {one}",'
        f'"fields":{{"sla_tier":"tier{one % TIERS}"}},"tags":[]}}'
        for one in range(CUSTOMERS + 1000)
    ]
    for number in range(1, n_tickets + 1):
        yield _line(number, chance, chance.choice(organizations))


def _line(number: int, chance: random.Random, organization: str) -> str:
    at = chance.randrange(LAST_CREATED)
    created_at = _instant(at)
    course = chance.choice(COURSES)
    step = int(chance.expovariate(1 / (8 * 3600)))
    told = []
    for place in range(HAPPENINGS):
        at += chance.randrange(step + 600)
        told.append(f'{{"at":"{_instant(at)}",{course[place % 10]},"id":"{number}{place:02}"}}')
    channel = ("email", "web", "chat", "phone")[number % 4]
    return (
        f'{{"id":"{number}","created_at":"{created_at}","channel":"{channel}","status":"new",'
        f'"tags":["vip"],"fields":{{"product":"router"}},"requester":{{"id":"{number % 9973}"}},'
        f'"organization":{organization},"happenings":[{",".join(told)}]}}\n'
    )


def _instant(at: int) -> str:
    return f"{DAYS[min(at // DAY, len(DAYS) - 1)]}T{CLOCK[at % DAY]}Z"


def children_at_most(stop: threading.Event) -> list[int]:
    """Bytes that the children took together at their most; measured until `stop` is set."""
    most = [0]

    def watch() -> None:
        while not stop.wait(0.2):
            most[0] = max(most[0], _resident_of_children())

    threading.Thread(target=watch, daemon=True).start()
    return most


def _resident_of_children() -> int:
    total = 0
    try:
        children = Path("/proc/self/task")
        for task in children.iterdir():
            for pid in (task / "children").read_text().split():
                pages = int((Path("/proc") / pid / "statm").read_text().split()[1])
                total += pages * resource.getpagesize()
    except OSError:
        return total  # a child has just ended
    return total


def main() -> None:
    """Write the history, run the back-test, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--change", choices=("some", "all"), default="some")
    parser.add_argument(
        "--history", type=Path, help="a history to use; written where it is missing"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.history or Path(folder) / "history.jsonl"
        if not path.exists():
            with path.open("w", encoding="ascii") as file:
                file.writelines(history(options.tickets))
        print(f"{path.stat().st_size / 1e9:.2f} GB of history, {HAPPENINGS} happenings a ticket")
        _measure(path, options.change)


def _measure(path: Path, change: str) -> None:
    stop = threading.Event()
    most = children_at_most(stop)
    begun, cpu = time.perf_counter(), time.process_time()
    found = backtest(
        policy(rules()), policy(changed_rules(change)), JsonLinesHistory(path), now=None
    )
    took = time.perf_counter() - begun
    stop.set()
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    effects = found.effects
    print(f"{effects.n_tickets} tickets, {effects.tickets['affected']} affected, change: {change}")
    print(f"{took:8.1f} s, {took / effects.n_tickets * 1e6:.0f} us a ticket")
    print(
        f"{time.process_time() - cpu:8.1f} s of processor in this process, "
        f"{children.ru_utime + children.ru_stime:.1f} s in its children"
    )
    print(f"{own.ru_maxrss / 1e6:8.2f} GB at most here, {most[0] / 1e9:.2f} GB in its children")


if __name__ == "__main__":
    main()
