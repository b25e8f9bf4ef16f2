# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker over a helpdesk in memory, and its web application on a loopback port."""

from collections.abc import Iterator

import pytest

from tests.web.caller import OLD_SECRET, SECRET, Caller
from tests.worker.conftest import Site, any_site, kept_databases, rules, site, site_over
from worker.web.application import web_application
from worker.web.binding import listen
from worker.web.server import WebServer

__all__ = ["any_site", "kept_databases", "rules", "site", "site_over"]


@pytest.fixture
def served(site: Site) -> Iterator[Caller]:
    """The application of a worker that has two webhook secrets."""
    installation = site.start(webhook_secret=SECRET, webhook_secret_old=OLD_SECRET)
    server = WebServer(
        web_application(installation, polls=True), listen("test", "127.0.0.1", 0), head_within_s=0.5
    )
    server.start()
    yield Caller(site, installation, server.port)
    server.stop()
