# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt export-history`: the store as a history file."""

from pathlib import Path
from typing import Annotated

import typer

from worker.cli.instants import instant
from worker.cli.options import AccountName, ConfigFile
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say
from worker.cli.progress import progress
from worker.cli.sources import opened_store
from worker.cli.written import written_to

_TELL_EVERY = 500


def export_history(
    *,
    out: Annotated[
        Path, typer.Option(help="The history file; - is standard output.", metavar="FILE")
    ],
    since: Annotated[
        str | None,
        typer.Option(
            help="Only tickets changed then or later, each with its whole history.", metavar="TIME"
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Write the stored tickets as a history file, which replay judges as the worker did."""
    from worker.histories import line_of
    from worker.store.export import stored_ticket_ids, stored_tickets

    changed_since = None if since is None else instant(since, zone="UTC")
    n_written = 0
    with opened_store(config, account) as store, progress(quiet=quiet) as tell:
        name = store.account.name
        with store.database.read(name) as books:
            idents = stored_ticket_ids(books, changed_since)
        with written_to(out) as write:
            for ticket in stored_tickets(store.database, name, idents):
                write(line_of(ticket) + b"\n")
                n_written += 1
                if n_written % _TELL_EVERY == 0:
                    tell("tickets written", n_written, len(idents))
    to_file = str(out) != "-"
    if json and to_file:
        as_json({"account": name, "tickets": n_written, "file": str(out)})
    elif not quiet:
        told = result if to_file else say
        told(f"{counted(n_written, 'ticket')} of {name} written to {out}")
