# SPDX-License-Identifier: GPL-3.0-or-later
"""All endpoints, and which one a request is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import (
    api_bulk,
    api_configuration,
    api_exports,
    api_jobs,
    api_people,
    api_rules,
    api_search,
    api_slas,
    api_talk,
    api_tickets,
    api_webhooks,
)

if TYPE_CHECKING:
    from connector.sandbox.endpoints import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *api_bulk.ENDPOINTS,
    *api_tickets.ENDPOINTS,
    *api_exports.ENDPOINTS,
    *api_jobs.ENDPOINTS,
    *api_search.ENDPOINTS,
    *api_people.ENDPOINTS,
    *api_configuration.ENDPOINTS,
    *api_rules.ENDPOINTS,
    *api_slas.ENDPOINTS,
    *api_webhooks.ENDPOINTS,
    *api_talk.ENDPOINTS,
)


def find(method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """The endpoint of a method and a path, with the values of its placeholders."""
    for endpoint in ENDPOINTS:
        if endpoint.method == method and (found := endpoint.pattern.fullmatch(path)):
            return endpoint, found.groupdict()
    return None
