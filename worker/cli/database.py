# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt db`: the database's schema."""

from contextlib import closing
from dataclasses import asdict

from worker.cli.options import ConfigFile
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
