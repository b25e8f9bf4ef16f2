# SPDX-License-Identifier: GPL-3.0-or-later
"""What Zendesk accepts in a ticket, and how it refuses the rest."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from connector.sandbox.answers import record_invalid, update_conflict
from connector.sandbox.wire import as_int, as_object, as_rows, as_text, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.account import Account
    from connector.sandbox.records import Ticket, User
    from connector.sandbox.wire import Json

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
TYPES = ("problem", "incident", "question", "task")

CLOSED_TEXT = {
    "en": "Status: closed prevents ticket update",
    "nl": "Status: gesloten verhindert het bijwerken van het ticket",
}
INVALID_TEXT = {"en": "{}: is invalid", "nl": "{}: is ongeldig"}

Problems = dict[str, tuple[str, str]]


def check_open(account: Account, ticket: Ticket) -> None:
    """Refuse any change of a closed ticket.

    Raises:
        Refusal: 422 with the key `status`.
    """
    if ticket.status == "closed":
        text = CLOSED_TEXT[account.settings.language]
        raise record_invalid({"status": (text, "InvalidValue")})


def check_stamp(ticket: Ticket, values: Json) -> None:
    """Compare the stamp of a safe update. Any value of `safe_update`, even false, asks for it.

    Raises:
        Refusal: 409 when the ticket has moved since.
    """
    if "safe_update" not in values:
        return
    if as_text(values.get("updated_stamp")) != iso(ticket.updated):
        raise update_conflict()


def check_values(account: Account, values: Json, author: User | None) -> None:
    """Refuse values that the account's fields do not allow.

    Raises:
        Refusal: 422, naming each field.
    """
    problems: Problems = {}
    _check_system_fields(account, values, problems)
    _check_people(account, values, problems)
    _check_comment(values, author, problems)
    for row in as_rows(values.get("custom_fields")):
        _check_custom_field(account, row, problems)
    if problems:
        raise record_invalid(problems)


def allowed_priorities(account: Account) -> tuple[str, ...]:
    """With sub type 1 the priority field knows normal and high only."""
    return ("normal", "high") if account.settings.priority_sub_type == 1 else PRIORITIES


def _invalid(account: Account, title: str) -> tuple[str, str]:
    return INVALID_TEXT[account.settings.language].format(title), "InvalidValue"


def _check_system_fields(account: Account, values: Json, problems: Problems) -> None:
    allowed = {
        "status": STATUSES,
        "priority": allowed_priorities(account),
        "type": TYPES,
    }
    for key, words in allowed.items():
        value = values.get(key)
        if value not in {None, ""} and value not in words:
            problems[key] = _invalid(account, key.capitalize())
    if "status" in values and values["status"] is None:
        problems["status"] = _invalid(account, "Status")
    status_id = values.get("custom_status_id")
    if status_id is not None and as_int(status_id) not in account.rows("custom_statuses"):
        problems["custom_status_id"] = _invalid(account, "Ticket status")


def _check_people(account: Account, values: Json, problems: Problems) -> None:
    for key in ("requester_id", "assignee_id", "submitter_id"):
        value = values.get(key)
        if value is not None and as_int(value) not in account.users:
            problems[key.removesuffix("_id")] = _invalid(account, key.removesuffix("_id").title())
    for key, kind in (("group_id", "groups"), ("brand_id", "brands")):
        value = values.get(key)
        if value is not None and as_int(value) not in account.rows(kind):
            problems[key.removesuffix("_id")] = _invalid(account, key.removesuffix("_id").title())
    organization = values.get("organization_id")
    if organization is not None and as_int(organization) not in account.organizations:
        problems["organization"] = _invalid(account, "Organization")


def _check_comment(values: Json, author: User | None, problems: Problems) -> None:
    comment = as_object(values.get("comment"))
    if not comment:
        return
    if not (comment.get("body") or comment.get("html_body")):
        problems["comment"] = ("Comment: cannot be blank", "BlankValue")
    elif author and author.only_private_comments and comment.get("public", True):
        problems["comment"] = ("Comment: light agents cannot make it public", "InvalidValue")


def _check_custom_field(account: Account, row: Json, problems: Problems) -> None:
    field = account.rows("ticket_fields").get(as_int(row.get("id")) or 0)
    value = row.get("value")
    if field is None or value is None or value == "":
        return
    if not _fits(field, value):
        title = as_text(field["title"]) or ""
        problems[f"ticket_field_{field['id']}"] = _invalid(account, title)


def _fits(field: Json, value: object) -> bool:
    kind = str(field["type"])
    if kind in {"tagger", "multiselect"}:
        options = {option["value"] for option in as_rows(field.get("custom_field_options"))}
        return all(word in options for word in (value if isinstance(value, list) else [value]))
    if kind == "regexp":
        pattern = as_text(field.get("regexp_for_validation")) or ""
        return isinstance(value, str) and re.search(pattern, value) is not None
    check = CHECKS.get(kind)
    return check is None or check(value)


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


CHECKS: dict[str, Callable[[object], bool]] = {
    "date": _is_date,
    "checkbox": lambda value: isinstance(value, bool),
    "integer": lambda value: as_int(value) is not None,
    "decimal": lambda value: re.fullmatch(r"-?\d+(\.\d+)?", str(value)) is not None,
}
