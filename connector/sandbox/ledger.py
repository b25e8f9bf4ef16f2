# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked of the sandbox: every write, and how often each endpoint was called."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from connector.sandbox.wire import Json, as_object, as_rows, ids_of, iso

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Write:
    """One POST, PUT, PATCH or DELETE.

    `executed` tells whether the account changed (or a job was queued), even
    if the answer never reached the client (`delivered`).
    """

    at: str
    method: str
    path: str
    template: str
    keys: tuple[str, ...]
    ticket_ids: tuple[int, ...]
    status: int
    executed: bool
    delivered: bool
    user_id: int | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class TicketWrite:
    """One ticket changed through the API, alone or as a row of a job.

    `changed` names the attributes that got another value (custom fields by
    id), `comment` tells whether a comment was added, `marker` is the
    `metadata` sent along.
    """

    at: str
    ticket_id: int
    action: str
    changed: Mapping[str, object]
    comment: bool = False
    marker: Mapping[str, object] = field(default_factory=dict)
    in_job: str | None = None


class Ledger:
    """Everything that clients did, oldest first."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.ticket_writes: list[TicketWrite] = []
        self.calls: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.hosts: Counter[str] = Counter()

    def count(self, template: str, status: int, host: str) -> None:
        """Count one call by endpoint template, status and host called."""
        self.calls[template] += 1
        self.statuses[f"{template} {status}"] += 1
        self.hosts[host] += 1

    def clear(self) -> None:
        """Forget everything counted so far."""
        self.writes.clear()
        self.ticket_writes.clear()
        self.calls.clear()
        self.statuses.clear()
        self.hosts.clear()

    def to_json(self) -> Json:
        """What `GET /_sandbox/ledger` answers."""
        return {
            "writes": [asdict(write) for write in self.writes],
            "ticket_writes": [asdict(write) for write in self.ticket_writes],
        }

    def calls_json(self) -> Json:
        """What `GET /_sandbox/calls` answers."""
        return {
            "total": self.calls.total(),
            "calls": dict(sorted(self.calls.items())),
            "statuses": dict(sorted(self.statuses.items())),
            "hosts": dict(sorted(self.hosts.items())),
        }


def body_keys(body: Json) -> tuple[str, ...]:
    """Keys of a body to two levels (`ticket.priority`), without their values."""
    keys: set[str] = set()
    for key, value in body.items():
        inner = [value] if isinstance(value, dict) else as_rows(value)
        keys.update(f"{key}.{name}" for row in inner for name in row)
        if not inner:
            keys.add(key)
    return tuple(sorted(keys))


def ticket_ids(path: str, query: Mapping[str, str], body: Json) -> tuple[int, ...]:
    """The tickets that a request is about."""
    parts = path.split("/")
    if parts[0] not in {"tickets", "deleted_tickets"}:
        return ()
    if len(parts) > 1 and parts[1].isdigit():
        return (int(parts[1]),)
    found = ids_of(query.get("ids", ""))
    found += [ident for row in as_rows(body.get("tickets")) for ident in ids_of([row.get("id")])]
    return tuple(found or ids_of([as_object(body.get("ticket")).get("id")]))


def written_at(now: int) -> str:
    """The instant of an entry."""
    return iso(now)
