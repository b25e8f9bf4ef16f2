# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles: what a process does of the service's work, and which divisions would leave some undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from worker.settings import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Collection

    from worker.settings import Settings

Role = Literal["all", "poll", "tick", "work", "web"]

EVERYTHING: tuple[Role, ...] = ("all",)
"""The roles of a process that is alone."""

_NEEDED: tuple[Role, ...] = ("poll", "tick", "work")
"""Without one of them tickets are not read, not looked at in time, or not dealt with."""


def has_role(roles: Collection[Role], role: Role) -> bool:
    """Whether a process with these roles does what that role does."""
    return "all" in roles or role in roles


def refuse_idle_roles(settings: Settings, roles: Collection[Role]) -> None:
    """Refuse roles that wait for a process which cannot be there, or cannot call them.

    Raises:
        SettingsInvalid: SQLite, which has one process, without all that is needed; or one of
            `tick` and `work` alone and no broker that carries wake-up calls between them.
    """
    missing = [one for one in _NEEDED if not has_role(roles, one)]
    if missing and settings.database_url.get_secret_value().startswith("sqlite"):
        problem = (
            f"--role: {' and '.join(missing)} would be done by nobody: one process at a time "
            "works on a SQLite file; leave --role out, or set STIPT_DATABASE_URL to PostgreSQL"
        )
        raise SettingsInvalid([problem])
    is_called_by_others = has_role(roles, "tick") != has_role(roles, "work")
    if is_called_by_others and not settings.broker_url.get_secret_value():
        problem = (
            "STIPT_BROKER_URL is missing: it carries the calls of the role tick to the role work, "
            "of which this process has only one"
        )
        raise SettingsInvalid([problem])
