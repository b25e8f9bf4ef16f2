# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of workers that have a past, served for as long as somebody looks at them."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.web.caller import Caller
from tests.web.test_report_pages import close_october
from tests.web.test_staffing_page import RULES, live_weeks
from tests.worker.conftest import Site, site_in
from tests.worker.contract_example import copy_rules, live
from tests.worker.memory_helpdesk import at
from worker.store.database import Database
from worker.store.schema import prepare
from worker.web.application import web_application
from worker.web.binding import listen
from worker.web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_NOVEMBER = at("2026-11-20T08:00:00Z")
"""Three weeks into a month in which the contract's first promise is all but missed."""


@contextmanager
def contract_pages() -> Iterator[Caller]:
    """The worked contract while November runs; October is closed."""
    with tempfile.TemporaryDirectory() as folder:
        rules = copy_rules(Path(folder))
        with _served(Path(folder), rules) as caller:
            live(caller.site, IN_NOVEMBER)
            close_october(caller)
            caller.site.once()
            yield caller


@contextmanager
def staffed_pages() -> Iterator[Caller]:
    """Eight weeks of calls and mail."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "sla"
        rules.mkdir()
        (rules / "sla.yaml").write_text(RULES, encoding="utf-8")
        with _served(Path(folder), rules) as caller:
            live_weeks(caller.site)
            yield caller


@contextmanager
def _served(folder: Path, rules: Path) -> Iterator[Caller]:
    database = Database(f"sqlite:///{folder / 'stipt.db'}")
    prepare(database)
    site: Site = site_in(folder, rules, database)
    installation = site.start()
    server = WebServer(web_application(installation, polls=True), listen("test", "127.0.0.1", 0))
    server.start()
    try:
        yield Caller(site, installation, server.port)
    finally:
        server.stop()
        database.close()
