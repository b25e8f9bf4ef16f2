# SPDX-License-Identifier: GPL-3.0-or-later
"""People who sign in to a running application, as browsers do, from addresses of their own."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import requests
from requests.adapters import HTTPAdapter

from worker.outbox import SendResult
from worker.passwords import hashed
from worker.store.people import EVERYBODY, add_person
from worker.web.application import web_application
from worker.web.binding import listen
from worker.web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worker.conftest import Site
    from worker.store.people import Role

PASSWORD: Final = "CANARY correct horse"
WRONG: Final = "CANARY wrong battery"


class FromAddress(HTTPAdapter):
    """Calls from another loopback address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **values: object) -> None:  # type: ignore[override] # handed on as it comes
        super().init_poolmanager(*args, **values, source_address=(self._address, 0))  # type: ignore[arg-type] # as above


@dataclass
class Pages:
    """Where an application with a sign-in is served, and the worker behind it."""

    site: Site
    url: str

    def add(self, name: str, role: Role) -> None:
        """Let somebody sign in."""
        with self.site.database.write(EVERYBODY) as books:
            add_person(books, name, role, hashed(name, PASSWORD), self.site.clock.now())

    def browser(self, address: str = "127.0.0.1", **headers: str) -> Browser:
        """Somebody with cookies of their own."""
        return Browser(self, address, headers)


@dataclass
class Browser:
    """Somebody who opens pages and sends their forms."""

    pages: Pages
    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.mount("http://", FromAddress(self.address))
        self.session.headers.update({"Accept": "text/html", **self.headers})

    def get(self, path: str = "/", **headers: str) -> requests.Response:
        """Open a page; redirects are not followed."""
        return self.session.get(
            self.pages.url + path, headers=headers, timeout=20, allow_redirects=False
        )

    def post(self, path: str, values: dict[str, str], **headers: str) -> requests.Response:
        """Send a form from a page of ours."""
        own = {"Origin": self.pages.url, "Sec-Fetch-Site": "same-origin", **headers}
        return self.session.post(
            self.pages.url + path, data=values, headers=own, timeout=20, allow_redirects=False
        )

    def form_token(self, path: str = "/") -> str:
        """The token in the forms of a page; empty for none."""
        found = re.search(r'name="form_token" value="(\w+)"', self.get(path).text)
        return found[1] if found else ""

    def sign_in(
        self, name: str, password: str = PASSWORD, onward: str = "/", **headers: str
    ) -> requests.Response:
        """Fill in the page and send it."""
        values = {"name": name, "password": password, "next": onward}
        return self.post(
            "/sign-in", {**values, "form_token": self.form_token("/sign-in")}, **headers
        )


def give_up(site: Site) -> None:
    """Let one message be given up, so that an operator has something to do."""
    site.helpdesk.add("7")
    site.once()
    site.mailbox.answers = [SendResult("permanent", "no such channel")]
    site.wait(hours=2)
    site.once()


@contextmanager
def pages_of(site: Site, **settings: object) -> Iterator[Pages]:
    """The application of a worker with these settings."""
    site.settings = site.settings.model_copy(update=settings)
    server = WebServer(web_application(site.start(), polls=False), listen("test", "127.0.0.1", 0))
    server.start()
    try:
        yield Pages(site, f"http://127.0.0.1:{server.port}")
    finally:
        server.stop()
