# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker process beside a sandbox: started, killed, started again, and looked at afterwards."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from connector.sandbox import Limits, Sandbox
from connector.sandbox.ledger import TicketWrite
from tests.worker.worker_process import WorkerProcess, started_pass, started_service
from worker.settings import load_settings
from worker.store.database import Database
from worker.store.tables import cursors, field_changes, happenings, leases, outbox, tickets
from worker.wiring import zendesk

REPOSITORY = Path(__file__).parent.parent.parent
GENEROUS = Limits(
    plan=1_000_000,
    exports=100_000,
    ticket_update=100_000,
    per_ticket=1000,
    ticket_fields_index=10_000,
    audits=100_000,
)
NOTES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-11-17}
escalations:
  usual:
    - {at: 50%, note: true}
    - {at: due, note: true, raise_priority: high}
tiers:
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 4h, counted: always, escalate: usual}
      - {measure: resolution, within: 24h, counted: always, escalate: usual}
"""


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something comes to hold within so many real seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)  # another process makes it hold: nothing to wait on
    return False


@dataclass
class SandboxSite:
    """A sandbox, a folder for the worker, and the environment of its processes."""

    sandbox: Sandbox
    folder: Path
    database_url: str = ""

    def __post_init__(self) -> None:
        rules = self.folder / "sla"
        rules.mkdir(parents=True, exist_ok=True)
        (rules / "sla.yaml").write_text(NOTES, encoding="utf-8")
        self.database_url = self.database_url or f"sqlite:///{self.folder / 'stipt.db'}"

    def environment(self, **more: str) -> dict[str, str]:
        """Variables of a worker process."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(REPOSITORY),
            "STIPT_ZENDESK_URL": self.sandbox.base_url,
            "ZENDESK_OAUTH_CLIENT_ID": "stipt",
            "ZENDESK_OAUTH_CLIENT_SECRET": "sandbox-secret",
            "STIPT_CLOCK_URL": f"{self.sandbox.base_url}/_sandbox/clock",
            "STIPT_DATABASE_URL": self.database_url,
            "STIPT_STATE_DIR": str(self.folder),
            "STIPT_HTTP_BIND": "127.0.0.1:0",
            "STIPT_RULES_PATH": str(self.folder / "sla"),
            "STIPT_SYNC_FROM": "400d",
            "STIPT_WRITE": "on",
            "STIPT_LOG_LEVEL": "error",
            **more,
        }

    def set_up_fields(self) -> None:
        """Create our ticket fields in the account."""
        account = load_settings(environment=self.environment()).account()
        zendesk(account, now=self.sandbox.now).ensure_fields(tiers=["everybody"])

    def start(self, **more: str) -> WorkerProcess:
        """Start one pass in a process of its own."""
        return started_pass(self.environment(**more), self.folder)

    def serve(
        self, *, roles: Sequence[str] = ("all",), lease: int | None = None, **more: str
    ) -> WorkerProcess:
        """Start the service in a process of its own."""
        variables = self.environment(**{"STIPT_POLL_INTERVAL": "60s"} | more)
        return started_service(variables, self.folder, roles=roles, lease=lease)

    def once(self, **more: str) -> dict[str, object]:
        """One pass to its end; its report."""
        code, told = self.start(**more).wait(120)
        assert code == 0, told
        assert isinstance(told, list)
        report: dict[str, object] = told[0]
        return report

    def crash(self, point: str, **more: str) -> int:
        """One pass that ends at a crash point; the exit code."""
        return self.start(STIPT_CRASH_AT=point, **more).wait(120)[0]

    def kill_after(self, seconds: float) -> bool:
        """One pass, killed so long after its first call; False when it was done before."""
        before = self.sandbox.ledger.calls.total()
        process = self.start()
        while self.sandbox.ledger.calls.total() == before and process.is_running():
            time.sleep(0.005)  # a process of its own: nothing to wait on
        time.sleep(seconds)  # when it is killed is what differs from time to time
        was_running = process.is_running()
        if was_running:
            process.kill()
        process.wait(30)
        return was_running

    def let_leases_run_out(self) -> None:
        """What the claims of a dead process come to in a minute or two, at once."""
        database = self.database()
        with database.engine.begin() as connection:
            for table in (tickets, field_changes, outbox):
                connection.execute(sa.update(table).values(lease_until=table.c.lease_until - 600))
            connection.execute(sa.update(leases).values(until=leases.c.until - 600))
        database.close()

    def let_exports_see(self) -> None:
        """Let more than the minute pass that exports keep back."""
        self.sandbox.advance(timedelta(seconds=90))

    def database(self) -> Database:
        """The worker's database."""
        return Database(self.database_url)

    def events(self) -> set[tuple[str, str]]:
        """Ticket and id of every happening that is stored."""
        columns = (happenings.c.ticket_id, happenings.c.event_id)
        return {(row[0], row[1]) for row in self.query(sa.select(*columns))}

    def stored_tickets(self) -> set[str]:
        """Ids of the tickets that are stored."""
        return {row[0] for row in self.query(sa.select(tickets.c.ticket_id))}

    def unfinished(self) -> int:
        """Rows that still wait to be written or sent."""
        writes = sa.select(field_changes.c.id).where(
            field_changes.c.state.in_(("ready", "writing"))
        )
        sends = sa.select(outbox.c.id).where(outbox.c.state.in_(("ready", "sending")))
        return len(self.query(writes)) + len(self.query(sends))

    def is_judged(self) -> bool:
        """Whether the export was read to its end, and all of it is judged."""
        not_judged = sa.select(tickets.c.ticket_id).where(tickets.c.judged_at.is_(None))
        complete = self.query(sa.select(cursors.c.complete_at))
        was_read = bool(complete) and complete[0][0] is not None
        return was_read and not self.query(not_judged)

    def cursor_is_ahead(self) -> bool:
        """Whether a cursor is stored though no ticket is."""
        return bool(self.query(sa.select(cursors.c.cursor))) and not self.stored_tickets()

    def written_for_nothing(self) -> list[TicketWrite]:
        """Writes of tickets that changed nothing: things that were written before."""
        return [
            one for one in self.sandbox.ledger.ticket_writes if not one.changed and not one.comment
        ]

    def notes(self) -> list[tuple[int, str]]:
        """Ticket and key of every internal note that was added."""
        return [
            (one.ticket_id, json.dumps(one.marker, sort_keys=True))
            for one in self.sandbox.ledger.ticket_writes
            if one.comment
        ]

    def query(self, choice: sa.Select[tuple[object, ...]]) -> list[tuple[object, ...]]:
        """Rows of the worker's database; none while it has no tables."""
        database = self.database()
        try:
            with database.engine.connect() as connection:
                if not sa.inspect(connection).has_table("tickets"):
                    return []  # killed before it had made its tables
                return [tuple(row) for row in connection.execute(choice)]
        finally:
            database.close()
