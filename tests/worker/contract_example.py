# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked contract of `examples/contract`: a worker's rules, and what its helpdesk holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.history.reader import read_line

if TYPE_CHECKING:
    from datetime import datetime

    from tests.worker.conftest import Site

EXAMPLE = Path(__file__).parents[2] / "examples" / "contract"
_KEPT = (
    "organization",
    "created_at",
    "channel",
    "priority",
    "requester",
    "status",
    "created_by",
    "created_public",
)


def copy_rules(tmp_path: Path, *, outages: bool = True) -> Path:
    """A folder with the contract's rules, beside its outages unless a test does without."""
    folder = tmp_path / "sla"
    folder.mkdir()
    for name in ("rules/sla.yaml", *(["outages.csv"] if outages else [])):
        (folder / Path(name).name).write_bytes((EXAMPLE / name).read_bytes())
    return folder


def live(site: Site, until: datetime) -> None:
    """Let the worker read and judge the contract's tickets as they are at `until`."""
    site.clock.move(until - site.clock.now())
    for line in (EXAMPLE / "history.jsonl").read_bytes().splitlines():
        ticket, _ = read_line(line)
        if ticket.created_at > until:
            continue
        site.helpdesk.add(ticket.id, **{name: getattr(ticket, name) for name in _KEPT})
        for happening in ticket.happenings:
            if happening.at <= until:
                site.helpdesk.happen(ticket.id, happening)
    site.once()
