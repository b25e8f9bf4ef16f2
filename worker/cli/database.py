# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt db`: the database's schema, and which helpdesk it was filled from."""

from contextlib import closing
from dataclasses import asdict

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile, Yes
from worker.cli.output import JsonFlag, QuietFlag, as_json, result


def upgrade(*, json: JsonFlag = False, quiet: QuietFlag = False, config: ConfigFile = None) -> None:
    """Bring the database's schema to the version that this program needs."""
    from worker.process_lock import only_process
    from worker.settings import load_settings
    from worker.store.database import Database
    from worker.store.schema import upgrade as upgrade_schema

    settings = load_settings(config=config)
    with (
        closing(Database(settings.database_url.get_secret_value())) as database,
        only_process(database),
    ):
        done = upgrade_schema(database)
    if json:
        as_json(asdict(done))
    elif done.before == done.after:
        if not quiet:
            result(f"The schema is at version {done.after} already.")
    else:
        result(f"The schema went from version {done.before or 'none'} to {done.after}.")


def accept_helpdesk(
    *,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Keep an account's rows: its helpdesk is the same and has another address."""
    from worker.cli.sources import opened_database
    from worker.settings import load_settings
    from worker.store.places import accept_place, kept_place

    settings = load_settings(config=config)
    chosen = settings.account(account)
    now = chosen.place
    with opened_database(settings) as database:
        with database.read(chosen.name) as books:
            before = kept_place(books)
        moved = before not in (None, now)
        if moved:
            if not yes and not typer.confirm(_QUESTION.format(before=before, now=now), err=True):
                raise CommandFailed("nothing was changed")
            with database.write(chosen.name) as books:
                accept_place(books, now)
    if json:
        as_json({"before": before and before.host, "after": now.host if before else None})
    elif moved:
        result(f"The rows of {before} are those of {now} from now on.")
    elif not quiet:
        known = f"They were filled from {now} already" if before else "Nothing was read yet"
        result(f"{known}: there is nothing to accept.")


_QUESTION = (
    "The rows were filled from {before}. Is {now} the very same helpdesk, with the same tickets? "
    "If it is another one, its tickets are written to by what happened in the first"
)
