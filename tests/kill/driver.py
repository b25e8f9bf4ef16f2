# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills workers again and again, looks at the rows after each kill, and adds up in the end."""

import base64
import hashlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.sandbox import Sandbox, SandboxSettings
from connector.zendesk.bodies import marker
from tests.kill.hook import Hook
from tests.kill.trouble import FAULTS
from tests.worker.sandbox_site import GENEROUS, SandboxSite
from tests.worker.worker_process import WorkerProcess
from worker.auditor import audited
from worker.settings import load_settings
from worker.store.tables import cursors, field_changes, outbox, tickets

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-11-22}
recipients:
  on_call: {url: env:ON_CALL}
escalations:
  usual:
    - {at: 10%, note: true, tell: [on_call]}
    - {at: 25%, note: true}
    - {at: 50%, note: true, tell: [on_call]}
    - {at: 75%, note: true}
    - {at: due, note: true, tell: [on_call], raise_priority: high}
    - {at: 1h after, note: true, tell: [on_call], add_tags: [late]}
tiers:
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 2h, counted: always, escalate: usual}
      - {measure: resolution, within: 12h, counted: always, escalate: usual}
"""
SPEED = 60
"""Seconds of the sandbox in a real one."""

_UNTIL_EXPORTS_SEE = timedelta(seconds=90)
_TRIES = 4
_PASSES = 12
LEASE = 4
"""Real seconds; no call of the sandbox takes a quarter of it."""


@dataclass
class Arena:
    """A sandbox full of trouble, a receiver of messages, and the workers' folder."""

    site: SandboxSite
    hook: Hook
    seed: int
    broker: str = ""
    kills: int = 0
    freezes: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 -- when to kill, no secret
        (self.site.folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")

    def variables(self) -> dict[str, str]:
        """What the workers need beside the sandbox."""
        return {
            "ON_CALL": self.hook.address,
            "STIPT_ALLOW_HOSTS": "127.0.0.1",
            "STIPT_ALLOW_NETWORKS": "127.0.0.1",
            "STIPT_POLL_INTERVAL": "10s",
            "STIPT_BROKER_URL": self.broker,
        }

    def serve(self) -> WorkerProcess:
        """Start a worker with everything in it."""
        return self.site.serve(lease=None if self.is_alone else LEASE, **self.variables())

    @property
    def is_alone(self) -> bool:
        """Whether there may be one worker only."""
        return not self.broker

    @property
    def longest_life(self) -> float:
        """Real seconds until the next kill; what a killed worker had claimed must come free."""
        return 0.9 if self.is_alone else 0.6 * LEASE

    def once(self) -> dict[str, object]:
        """One quiet pass."""
        return self.site.once(**self.variables())

    def told(self) -> str:
        """The figures, for people."""
        notes = Counter(Counter(self.site.notes()).values())
        posts = Counter(Counter(self.hook.keys).values())
        met = self.site.sandbox.faults.met
        n_writes = len(self.site.sandbox.ledger.ticket_writes)
        return "\n".join(
            (
                f"seed {self.seed}: {self.kills} kills, {self.freezes} freezes",
                f"  notes by how often they arrived:    {dict(sorted(notes.items()))}",
                f"  webhooks by how often they arrived: {dict(sorted(posts.items()))}",
                f"  writes for nothing: {len(self.site.written_for_nothing())} of {n_writes}",
                f"  faults met: {sum(met.values())} of {len(met)} kinds: "
                + ", ".join(f"{kind} {number}" for kind, number in sorted(met.items())),
            )
        )


@contextmanager
def arena(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    *,
    n_tickets: int = 150,
    database_url: str = "",
    broker: str = "",
) -> Iterator[Arena]:
    """A sandbox whose agents and customers go on working, and no fault yet."""
    settings = SandboxSettings(
        tickets=n_tickets,
        days=4,
        seed=seed,
        speed=SPEED,
        traffic=120,
        limits=GENEROUS,
        job_rows_per_second=500,
    )
    with Sandbox(settings) as sandbox, Hook() as hook:
        monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
        monkeypatch.setenv("ZENPY_FORCE_NETLOC", sandbox.base_url.removeprefix("http://"))
        site = SandboxSite(sandbox, folder, database_url)
        site.set_up_fields()
        monkeypatch.delenv("ZENPY_FORCE_SCHEME")
        monkeypatch.delenv("ZENPY_FORCE_NETLOC")
        yield Arena(site, hook, seed, broker)


def trouble(one: Arena) -> None:
    """Switch every fault on."""
    for fault in FAULTS:
        one.site.sandbox.faults.add(fault)


def kill_again_and_again(one: Arena, times: int, n_workers: int = 1) -> None:
    """Kill a worker at random, look at the rows, start another in its place."""
    workers = [one.serve() for _ in range(n_workers)]
    try:
        while one.kills < times:
            # In real time, as processes live: when each is killed is what chance decides.
            time.sleep(one.chance.uniform(0.05, one.longest_life))
            victim = one.chance.randrange(n_workers)
            if not workers[victim].is_running():
                code, told = workers[victim].wait(5)
                raise AssertionError(f"seed {one.seed}: it ended by itself: {code}, {told}")
            workers[victim].kill()
            workers[victim].end()
            one.kills += 1
            assert cursor_is_behind(one), f"seed {one.seed}, kill {one.kills}"
            workers[victim] = one.serve()
    finally:
        for worker in workers:
            worker.end()


def cursor_is_behind(one: Arena) -> bool:
    """Whether every ticket that lies before the stored place is stored as it was there."""
    site = one.site
    cursor_rows = site.query(sa.select(cursors.c.cursor))
    if not cursor_rows or cursor_rows[0][0] is None:
        return True
    stored = dict(site.query(sa.select(tickets.c.ticket_id, tickets.c.updated_at)))
    second, ident = place_of(str(cursor_rows[0][0]))
    with site.sandbox.site.lock:
        order = site.sandbox.account.ticket_order
        before = [one for one in order.since(0, before=second + 1) if one <= (second, ident)]
        held = {number: site.sandbox.account.tickets[number].updated for _, number in before}
    return all(stored.get(str(number), -1) >= updated for number, updated in held.items())


def place_of(cursor: str) -> tuple[int, int]:
    """Second and ticket up to which the tickets' export was read."""
    after = json.loads(cursor).get("after")
    if after is None:
        return (-1, -1)
    found = re.fullmatch(r"(-?\d+)\.0\|\|(-?\d+)\|", base64.b64decode(after).decode())
    assert found is not None, after
    return int(found[1]), int(found[2])


def settle(one: Arena) -> None:
    """Let all faults end and everything come to rest, one pass after the other."""
    one.site.sandbox.faults.clear()
    one.hook.be_good()
    if not one.is_alone:
        one.site.let_leases_run_out()
    let_agents_rest(one)
    for _ in range(_PASSES):
        report = one.once()
        if report["is_complete"] and not one.site.unfinished():
            return
        one.site.sandbox.advance(_UNTIL_EXPORTS_SEE + longest_wait(one))
    raise AssertionError(f"seed {one.seed}: it does not come to rest: {report}")


def let_agents_rest(one: Arena) -> None:
    """Let nobody write, answer or change a ticket from now on."""
    account = one.site.sandbox.account
    account.settings = replace(account.settings, traffic=0)


def longest_wait(one: Arena) -> timedelta:
    """Until when the last of the waiting messages is tried again; up to an hour after failures."""
    waiting = sa.select(sa.func.max(outbox.c.due)).where(outbox.c.state == "ready")
    due = one.site.query(waiting)[0][0]
    return max(timedelta(0), timedelta(seconds=(due or 0) - one.site.sandbox.now().timestamp()))


def everything_holds(one: Arena, folder: Path) -> None:
    """Nothing lost, nothing confirmed done twice, every note once, the auditor content."""
    site, seed = one.site, f"seed {one.seed}"
    notes = Counter(site.notes())
    assert notes, f"{seed}: nothing was told"
    noted = as_the_rows_say(notes, note_rows(one))
    assert noted == "", f"{seed}: {noted}"
    assert set(notes.values()) == {1}, f"{seed}: {one.told()}"
    repeated = site.written_for_nothing()
    assert repeated == [], f"{seed}: {one.told()}\n{story_of(one, repeated[0].ticket_id)}"
    posts = Counter(one.hook.keys)
    posted = as_the_rows_say(posts, hook_rows(one))
    assert posted == "", f"{seed}: {posted}"
    ambiguous = one.kills + one.freezes + one.hook.n_ambiguous
    assert sum(posts.values()) - len(posts) <= ambiguous, f"{seed}: {one.told()}"
    is_same_as_undisturbed(one, folder)
    found = audit_of(one)
    assert found == {}, f"{seed}: {found}"


def story_of(one: Arena, ticket_id: int) -> str:
    """What was written to a ticket, and which rows wanted that; for whoever looks for a fault."""
    writes = [w for w in one.site.sandbox.ledger.ticket_writes if w.ticket_id == ticket_id]
    columns = [column for column in field_changes.c if column.name != "changes"]
    mine = field_changes.c.ticket_id == str(ticket_id)
    rows = one.site.query(sa.select(*columns).where(mine).order_by(field_changes.c.id))
    return "\n".join(str(line) for line in (*writes, *rows))


def note_rows(one: Arena) -> dict[tuple[int, str], str]:
    """Ticket and mark of every note that was to be added, with what became of it."""
    return {(int(ident), mark_of(key)): state for ident, key, state in _decided(one, "note")}


def hook_rows(one: Arena) -> dict[str, str]:
    """Keys of every webhook that was to be sent, with what became of it."""
    return {key: state for _, key, state in _decided(one, "on_call")}


def _decided(one: Arena, recipient: str) -> Iterator[tuple[str, str, str]]:
    rows = outbox.c
    columns = (rows.account, rows.ticket_id, rows.measure, rows.cycle, rows.step, rows.recipient)
    choice = sa.select(rows.state, rows.ambiguous, *columns).where(rows.recipient == recipient)
    for state, ambiguous, *parts in one.site.query(choice):
        doubtful = "doubtful" if ambiguous and state in ("dropped", "dead") else str(state)
        yield str(parts[1]), ":".join(str(part) for part in parts), doubtful


def as_the_rows_say(arrived: Collection[object], rows: Mapping[object, str]) -> str:
    """Empty where what arrived is what the rows call sent.

    One that may have arrived before it was dropped or given up may be there or not.
    """
    lost = [key for key, state in rows.items() if state == "sent" and key not in arrived]
    strange = [(key, rows.get(key)) for key in arrived if rows.get(key) not in ("sent", "doubtful")]
    return f"lost {lost}, strange {strange}" if lost or strange else ""


def mark_of(key: str) -> str:
    """The mark on the ticket of the note with this key, as `SandboxSite.notes` tells it."""
    return json.dumps(marker(hashlib.sha256(key.encode()).hexdigest()), sort_keys=True)


def is_same_as_undisturbed(one: Arena, folder: Path) -> None:
    """A worker that reads the same account in one go stores the same tickets and happenings."""
    one.site.sandbox.clock.run_at(1)
    one.site.sandbox.advance(_UNTIL_EXPORTS_SEE)
    whole = SandboxSite(one.site.sandbox, folder)
    whole.once(STIPT_WRITE="off")
    one.site.sandbox.clock.run_at(SPEED)  # what waits for a minute is not waited for in real time
    for _ in range(_TRIES):
        report = one.once()
        lost = whole.stored_tickets() - one.site.stored_tickets()
        missing = whole.events() - one.site.events()
        if not lost and not missing:
            return
        # Changed in this very minute: withheld by the export until the next one.
        one.site.sandbox.advance(_UNTIL_EXPORTS_SEE)
    raise AssertionError(f"seed {one.seed}: {lost} and {len(missing)} happenings: {report}")


def audit_of(one: Arena) -> dict[str, object]:
    """What the auditor finds."""
    database = one.site.database()
    # This clock runs fast: what is a minute of a real one has passed before the pass is over.
    variables = one.variables() | {"STIPT_POLL_INTERVAL": "30m"}
    settings = load_settings(environment=one.site.environment(**variables))
    try:
        return dict(audited(database, settings.accounts, one.site.sandbox.now()))
    finally:
        database.close()
