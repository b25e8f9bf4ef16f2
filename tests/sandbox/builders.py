# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox with a standing clock, and a client that speaks to it as an admin."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import requests

from connector.sandbox import Sandbox, SandboxSettings
from connector.sandbox.tickets import Doing, create_ticket

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET = SandboxSettings(tickets=0, speed=0)


class Client:
    """Sends requests to a sandbox; answers are `requests` responses."""

    def __init__(self, sandbox: Sandbox, token: str | None = None) -> None:
        self.sandbox = sandbox
        self.headers = {"Authorization": f"Bearer {token or sandbox.settings.token}"}

    def send(self, method: str, path: str, **options: object) -> requests.Response:
        url = f"{self.sandbox.base_url}/api/v2/{path}"
        headers = {**self.headers, **dict(options.pop("headers", {}))}
        return requests.request(method, url, headers=headers, timeout=10, **options)

    def get(self, path: str, **query: object) -> requests.Response:
        return self.send("GET", path, params=query)

    def post(self, path: str, body: object = None) -> requests.Response:
        return self.send("POST", path, json=body)

    def put(self, path: str, body: object = None) -> requests.Response:
        return self.send("PUT", path, json=body)

    def patch(self, path: str, body: object = None) -> requests.Response:
        return self.send("PATCH", path, json=body)

    def delete(self, path: str, body: object = None) -> requests.Response:
        return self.send("DELETE", path, json=body)

    def new_ticket(self, **values: object) -> dict[str, object]:
        """Create a ticket over HTTP and return it."""
        ticket = {"subject": "Printer", "comment": {"body": "It does not print"}, **values}
        answer = self.post("tickets", {"ticket": ticket})
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]

    def finish(self, job: dict[str, object], seconds: float = 60) -> dict[str, object]:
        """Let a job run to its end and return its record."""
        self.sandbox.advance(timedelta(seconds=seconds))
        return self.get(f"job_statuses/{job['job_status']['id']}").json()["job_status"]


@contextmanager
def a_sandbox(settings: SandboxSettings = QUIET, **changes: object) -> Iterator[Client]:
    """A running sandbox without tickets, its clock standing still unless told otherwise."""
    with Sandbox(replace(settings, **changes)) as sandbox:
        yield Client(sandbox)


def tickets_at(client: Client, *seconds_ago: int) -> list[int]:
    """Tickets straight in the account, created so many seconds before now."""
    site = client.sandbox.site
    now = site.clock.epoch()
    made = []
    with site.lock:
        for ago in seconds_ago:
            values = {"subject": f"{ago} seconds ago", "comment": {"body": "Hello"}}
            doing = Doing(site.account.owner_id, now - ago, "email")
            made.append(create_ticket(site.account, values, doing)[0].id)
    return made
