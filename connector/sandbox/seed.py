# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh account holds before its first ticket: configuration, staff and customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.records import Organization, User
from connector.sandbox.seed_names import AGENTS, CUSTOMERS, FIRST_NAMES, LAST_NAMES
from connector.sandbox.wire import Json, iso

if TYPE_CHECKING:
    from connector.sandbox.account import Account
    from connector.sandbox.seed_names import Customer

ACCOUNT_AGE = 700 * 86400
ZONES = {"nl": ("Amsterdam", "Europe/Amsterdam"), "us": ("America/New_York", "America/New_York")}
GROUPS = ("Support NL", "Support US", "Phone desk", "Escalations")
STATUSES = (
    ("new", "New", True),
    ("open", "Open", True),
    ("pending", "Pending", True),
    ("hold", "On-hold", True),
    ("solved", "Solved", True),
    ("hold", "Waiting for supplier", False),
    ("open", "With engineering", False),
)
SYSTEM_FIELDS = (
    ("subject", "Subject"),
    ("description", "Description"),
    ("status", "Status"),
    ("tickettype", "Type"),
    ("priority", "Priority"),
    ("group", "Group"),
    ("assignee", "Assignee"),
    ("custom_status", "Ticket status"),
)
STATUS_WORDS = ("New", "Open", "Pending", "On-hold", "Solved", "Closed")
PRODUCTS = ("Router", "Switch", "Phone", "Invoice", "Portal")


def furnish(account: Account) -> None:
    """Fill an empty account. The first user is the admin whom the OAuth client stands for."""
    made = int(account.settings.now.timestamp()) - ACCOUNT_AGE
    _add_roles(account, made)
    _add_statuses(account, made)
    _add_ticket_fields(account, made)
    _add_groups(account, made)
    _add_brand_and_form(account, made)
    _add_customer_fields(account, made)
    _add_staff(account, made)
    _add_customers(account, made)
    _add_policies(account, made)
    _add_schedules(account, made)
    _add_automation(account, made)


def stamps(at: int) -> Json:
    """The two times of a row that was never changed."""
    return {"created_at": iso(at), "updated_at": iso(at)}


def _add(account: Account, kind: str, row: Json) -> int:
    ident = account.ids.take()
    account.rows(kind)[ident] = {"id": ident, **row}
    return ident


def _add_roles(account: Account, made: int) -> None:
    for name, role_type in (("Admin", 4), ("Agent", 0), ("Light agent", 1)):
        row: Json = {
            "name": name,
            "description": f"{name} of the helpdesk",
            "role_type": role_type,
            **stamps(made),
            "configuration": {"light_agent": role_type == 1, "ticket_access": "all"},
            "team_member_count": 1,
        }
        _add(account, "custom_roles", row)


def _add_statuses(account: Account, made: int) -> None:
    for category, label, default in STATUSES:
        row = status_row(category, label, made)
        _add(account, "custom_statuses", row | {"default": default})


def status_row(category: str, label: str, made: int, texts: Json | None = None) -> Json:
    """A custom status without its id; `texts` may hold what end users see and descriptions."""
    texts = texts or {}
    shown = texts.get("end_user_label") or label
    description, told = texts.get("description"), texts.get("end_user_description")
    return {
        "status_category": category,
        "agent_label": label,
        "raw_agent_label": label,
        "end_user_label": shown,
        "raw_end_user_label": shown,
        "description": description,
        "raw_description": description,
        "end_user_description": told,
        "raw_end_user_description": told,
        "active": True,
        "default": False,
        **stamps(made),
    }


def ticket_field_row(kind: str, title: str, made: int, *, removable: bool = True) -> Json:
    """A ticket field without its id."""
    return {
        "type": kind,
        "title": title,
        "raw_title": title,
        "description": title,
        "raw_description": title,
        "position": 9999,
        "active": True,
        "required": False,
        "collapsed_for_agents": False,
        "regexp_for_validation": None,
        "title_in_portal": title,
        "raw_title_in_portal": title,
        "visible_in_portal": False,
        "editable_in_portal": False,
        "required_in_portal": False,
        "tag": None,
        **stamps(made),
        "removable": removable,
        "key": None,
        "agent_description": None,
    }


def option_row(account: Account, name: str, value: str) -> Json:
    """A choice of a drop-down or multi-select."""
    return {
        "id": account.ids.take(),
        "name": name,
        "raw_name": name,
        "value": value,
        "default": False,
    }


def _add_ticket_fields(account: Account, made: int) -> None:
    for position, (kind, title) in enumerate(SYSTEM_FIELDS):
        row = ticket_field_row(kind, title, made, removable=False) | {"position": position}
        if kind == "priority":
            words = ("Low", "Normal", "High", "Urgent")
            limited = account.settings.priority_sub_type == 1
            shown = words[1:3] if limited else words
            row["system_field_options"] = [_choice(word) for word in shown]
            row["sub_type_id"] = account.settings.priority_sub_type
        elif kind == "status":
            row["system_field_options"] = [_choice(word) for word in STATUS_WORDS]
            row["sub_type_id"] = 1
        elif kind == "tickettype":
            row["system_field_options"] = [
                _choice(word) for word in ("Question", "Incident", "Problem", "Task")
            ]
        _add(account, "ticket_fields", row)
    product = ticket_field_row("tagger", "Product", made)
    product["custom_field_options"] = [
        option_row(account, name, f"product_{name.lower()}") for name in PRODUCTS
    ]
    _add(account, "ticket_fields", product)


def _choice(word: str) -> Json:
    return {"name": word, "value": "hold" if word == "On-hold" else word.lower()}


def _add_groups(account: Account, made: int) -> None:
    for name in GROUPS:
        row: Json = {
            "is_public": True,
            "name": name,
            "description": "",
            "default": name == GROUPS[0],
            "deleted": False,
            **stamps(made),
        }
        ident = _add(account, "groups", row)
        account.default_group_id = account.default_group_id or ident


def _add_brand_and_form(account: Account, made: int) -> None:
    form: Json = {
        "name": "Default Ticket Form",
        "raw_name": "Default Ticket Form",
        "display_name": "Default Ticket Form",
        "raw_display_name": "Default Ticket Form",
        "end_user_visible": True,
        "position": 1,
        "ticket_field_ids": list(account.rows("ticket_fields")),
        "active": True,
        "default": True,
        **stamps(made),
        "in_all_brands": True,
        "restricted_brand_ids": [],
        "end_user_conditions": [],
        "agent_conditions": [],
    }
    account.default_form_id = _add(account, "ticket_forms", form)
    name = account.settings.subdomain
    brand: Json = {
        "name": name.capitalize(),
        "brand_url": f"https://{name}.zendesk.com",
        "subdomain": name,
        "host_mapping": None,
        "has_help_center": True,
        "help_center_state": "enabled",
        "active": True,
        "default": True,
        "is_deleted": False,
        "logo": None,
        "ticket_form_ids": [account.default_form_id],
        "signature_template": "{{agent.signature}}",
        **stamps(made),
    }
    account.default_brand_id = _add(account, "brands", brand)


def customer_field_row(kind: str, key: str, title: str, description: str, made: int) -> Json:
    """A field of organisations or users without its id."""
    return {
        "type": kind,
        "key": key,
        "title": title,
        "description": description,
        "raw_title": title,
        "raw_description": description,
        "position": 9999,
        "active": True,
        "system": False,
        "regexp_for_validation": None,
        **stamps(made),
    }


def _add_customer_fields(account: Account, made: int) -> None:
    for key, title, words in (
        ("sla_tier", "SLA tier", ("premium", "standard")),
        ("market", "Market", ("nl", "us")),
    ):
        row = customer_field_row("dropdown", key, title, "", made)
        row["custom_field_options"] = [option_row(account, word, word) for word in words]
        _add(account, "organization_fields", row)


def _add_staff(account: Account, made: int) -> None:
    roles = {row["role_type"]: ident for ident, row in account.rows("custom_roles").items()}
    groups = {str(row["name"]): ident for ident, row in account.rows("groups").items()}
    for number, (name, role_type, group, market) in enumerate(AGENTS):
        zone, iana = ZONES[market]
        user = User(
            id=account.ids.take(),
            name=name,
            email=f"{name.lower().replace(' ', '.')}@example.com",
            role="admin" if role_type == 4 else "agent",
            created=made + number,
            updated=made + number,
            role_type=role_type,
            custom_role_id=roles[role_type],
            time_zone=zone,
            iana_time_zone=iana,
            default_group_id=groups[group],
        )
        account.add_user(user)
        account.owner_id = account.owner_id or user.id
        membership: Json = {"user_id": user.id, "group_id": groups[group], "default": True}
        _add(account, "group_memberships", membership | stamps(made))


def _add_customers(account: Account, made: int) -> None:
    for number, customer in enumerate(CUSTOMERS):
        joined = made + 86400 * (1 + number)
        fields: Json = {"sla_tier": customer.tier, "market": customer.market}
        account.add_organization(
            Organization(
                id=customer.id,
                name=customer.name,
                created=joined,
                updated=joined,
                tags=list(customer.tags),
                fields=fields,
                domain_names=[customer.domain],
            )
        )
        _add_contacts(account, customer, joined)
    for number in range(6):
        _add_contact(account, None, "nl" if number % 2 else "us", made, f"mail{number}.example")


def _add_contacts(account: Account, customer: Customer, joined: int) -> None:
    for _ in range(customer.contacts):
        _add_contact(account, customer.id, customer.market, joined, customer.domain)


def _add_contact(
    account: Account, organization_id: int | None, market: str, made: int, domain: str
) -> None:
    name = f"{account.rng.choice(FIRST_NAMES)} {account.rng.choice(LAST_NAMES)}"
    zone, iana = ZONES[market]
    ident = account.ids.take()
    account.add_user(
        User(
            id=ident,
            name=name,
            email=f"{name.lower().replace(' ', '.')}.{ident % 9973}@{domain}",
            role="end-user",
            created=made,
            updated=made,
            organization_id=organization_id,
            time_zone=zone,
            iana_time_zone=iana,
            locale="nl" if market == "nl" else "en-US",
        )
    )


def _add_policies(account: Account, made: int) -> None:
    for position, (title, tier, minutes) in enumerate(
        (("Premium first replies", "premium", 240), ("Standard first replies", "standard", 480)), 1
    ):
        condition: Json = {
            "field": "organization.custom_fields.sla_tier",
            "operator": "is",
            "value": tier,
        }
        metrics: list[Json] = [
            {
                "priority": priority,
                "metric": "first_reply_time",
                "target": minutes,
                "business_hours": tier == "standard",
                "target_in_seconds": minutes * 60,
            }
            for priority in ("urgent", "high", "normal", "low")
        ]
        row: Json = {
            "title": title,
            "description": f"Organizations of the tier {tier}",
            "position": position,
            "filter": {"all": [condition], "any": []},
            "policy_metrics": metrics,
            **stamps(made),
        }
        _add(account, "policies", row)


def _add_schedules(account: Account, made: int) -> None:
    for name, zone, opens, closes in (
        ("Netherlands", "Amsterdam", 9 * 60, 17 * 60 + 30),
        ("United States", "Eastern Time (US & Canada)", 8 * 60 + 30, 17 * 60),
    ):
        intervals: list[Json] = [
            {"start_time": day * 1440 + opens, "end_time": day * 1440 + closes}
            for day in range(1, 6)
        ]
        row: Json = {"name": name, "time_zone": zone, "intervals": intervals, **stamps(made)}
        ident = _add(account, "schedules", row)
        year = account.settings.now.year
        holiday: Json = {
            "schedule_id": ident,
            "name": "Christmas",
            "start_date": f"{year}-12-25",
            "end_date": f"{year}-12-26" if zone == "Amsterdam" else f"{year}-12-25",
        }
        _add(account, "holidays", holiday)


def _add_automation(account: Account, made: int) -> None:
    row: Json = {
        "title": "Close ticket after solved",
        "active": True,
        "updated_at": iso(made),
        "created_at": iso(made),
        "default": True,
        "actions": [{"field": "status", "value": "closed"}],
        "conditions": {
            "all": [{"field": "SOLVED", "operator": "greater_than", "value": "96"}],
            "any": [],
        },
        "position": 10001,
        "raw_title": "Close ticket after solved",
    }
    _add(account, "automations", row)
    category: Json = {"name": "Notifications", "position": 0, **stamps(made)}
    _add(account, "trigger_categories", category)
