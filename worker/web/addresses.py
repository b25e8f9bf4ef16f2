# SPDX-License-Identifier: GPL-3.0-or-later
"""Where machines call, and with which secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.settings import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from worker.settings import AccountSettings


def webhook_path(account: str) -> str:
    """The path to which an account's webhook is sent."""
    return "/webhooks/zendesk" + ("" if account == DEFAULT_ACCOUNT else f"/{account}")


def outages_path(account: str) -> str:
    """The path to which outages of what an account's customers use are told."""
    return "/api/outages" + ("" if account == DEFAULT_ACCOUNT else f"/{account}")


def webhook_secrets(settings: AccountSettings) -> tuple[str, ...]:
    """The secrets that sign an account's webhook now: two while one replaces the other."""
    held = (settings.webhook_secret, settings.webhook_secret_old)
    return tuple(one.get_secret_value() for one in held if one and one.get_secret_value())
