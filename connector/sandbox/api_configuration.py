# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket fields, custom statuses, customer fields, groups, brands, forms, account settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, not_found, record_invalid
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.paging import listed
from connector.sandbox.render import configuration_json
from connector.sandbox.seed import (
    customer_field_row,
    option_row,
    status_row,
    ticket_field_row,
)
from connector.sandbox.wire import Json, as_int, as_list, as_object, as_rows, as_text, as_texts, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.site import Call

FIELD_TYPES = frozenset(
    as_texts(
        "text textarea checkbox date integer decimal regexp partialcreditcard multiselect tagger "
        "lookup"
    )
)
OPTION_TYPES = ("tagger", "multiselect")
FIELD_KEYS = frozenset(
    as_texts(
        "title raw_title description raw_description position active required collapsed_for_agents "
        "regexp_for_validation title_in_portal raw_title_in_portal visible_in_portal "
        "editable_in_portal required_in_portal tag custom_field_options system_field_options "
        "agent_description sub_type_id agent_can_edit relationship_target_type"
    )
)
STATUS_KEYS = frozenset(
    as_texts("agent_label end_user_label description end_user_description active default")
)
CUSTOMER_FIELD_KEYS = frozenset(
    as_texts(
        "type key title description position active regexp_for_validation custom_field_options tag "
        "raw_title raw_description"
    )
)
NAMED = {
    "groups": "group",
    "brands": "brand",
    "ticket_forms": "ticket_form",
    "custom_roles": "custom_role",
    "organization_fields": "organization_field",
    "user_fields": "user_field",
    "custom_statuses": "custom_status",
    "ticket_fields": "ticket_field",
}


def listing(kind: str) -> Callable[[Call], Answer]:
    """A handler that lists the configuration rows of one kind."""

    def handler(call: Call) -> Answer:
        rows = list(call.account.rows(kind).values())

        def shown(row: Json) -> Json:
            return configuration_json(kind, row, call.links)

        return Answer(200, listed(call, kind, rows, shown))

    return handler


def showing(kind: str) -> Callable[[Call], Answer]:
    """A handler that shows one configuration row."""

    def handler(call: Call) -> Answer:
        row = call.account.row(kind, call.ident)
        return Answer(200, {NAMED[kind]: configuration_json(kind, row, call.links)})

    return handler


def create_field(call: Call) -> Answer:
    """`POST /ticket_fields`: made active, removable, at the end, on the default form."""
    values = as_object(call.body.get("ticket_field"))
    kind, title = as_text(values.get("type")), as_text(values.get("title"))
    if not title:
        raise record_invalid({"title": ("Title: cannot be blank", "BlankValue")})
    if kind not in FIELD_TYPES:
        raise record_invalid({"type": ("Type: is invalid", "InvalidValue")})
    ident = call.account.ids.take()
    row: Json = {"id": ident, **ticket_field_row(kind, title, call.now)}
    row |= _plain_values(row, values)
    _check_options(call, values, ident)
    _put_options(call, row, values)
    call.account.rows("ticket_fields")[ident] = row
    form = call.account.row("ticket_forms", call.account.default_form_id)
    form["ticket_field_ids"] = [*as_list(form["ticket_field_ids"]), ident]
    return _created(call, "ticket_fields", row)


def update_field(call: Call) -> Answer:
    """`PUT /ticket_fields/{id}`: the options given replace all options there were."""
    row = call.account.row("ticket_fields", call.ident)
    values = as_object(call.body.get("ticket_field"))
    _check_options(call, values, call.ident)
    row.update(_plain_values(row, values))
    if "title" in values:
        row["raw_title"] = row["title_in_portal"] = row["raw_title_in_portal"] = values["title"]
    if "description" in values:
        row["raw_description"] = values["description"]
    row["updated_at"] = iso(call.now)
    _put_options(call, row, values)
    return Answer(200, {"ticket_field": configuration_json("ticket_fields", row, call.links)})


def delete_field(call: Call) -> Answer:
    """`DELETE /ticket_fields/{id}`: its values disappear from all tickets."""
    row = call.account.row("ticket_fields", call.ident)
    if not row["removable"]:
        raise record_invalid({"base": ("System fields cannot be deleted", "InvalidValue")})
    del call.account.rows("ticket_fields")[call.ident]
    for form in call.account.rows("ticket_forms").values():
        kept = [ident for ident in as_list(form["ticket_field_ids"]) if ident != call.ident]
        form["ticket_field_ids"] = kept
    for ticket in call.account.tickets.values():
        ticket.values.pop(call.ident, None)
    return Answer(204)


def list_options(call: Call) -> Answer:
    """`GET /ticket_fields/{id}/options`."""
    field = call.account.row("ticket_fields", call.ident)
    rows = as_rows(field.get("custom_field_options"))
    return Answer(200, listed(call, "custom_field_options", rows, lambda row: row))


def put_option(call: Call) -> Answer:
    """`POST /ticket_fields/{id}/options`: adds an option, or changes the one whose id is given."""
    field = call.account.row("ticket_fields", call.ident)
    values = as_object(call.body.get("custom_field_option"))
    rows = as_rows(field.get("custom_field_options"))
    for row in rows:
        if row["id"] == as_int(values.get("id")):
            row.update({key: values[key] for key in ("name", "value") if key in values})
            row["raw_name"] = row["name"]
            return Answer(200, {"custom_field_option": row})
    name, value = as_text(values.get("name")) or "", as_text(values.get("value")) or ""
    option = option_row(call.account, name, value)
    _check_options(call, {"custom_field_options": [*rows, option]}, call.ident)
    field["custom_field_options"] = [*rows, option]
    return Answer(201, {"custom_field_option": option})


def show_option(call: Call) -> Answer:
    """`GET /ticket_fields/{id}/options/{id}`."""
    return Answer(200, {"custom_field_option": _option(call)})


def delete_option(call: Call) -> Answer:
    """`DELETE /ticket_fields/{id}/options/{id}`."""
    gone = _option(call)
    field = call.account.row("ticket_fields", call.ident)
    rows = as_rows(field.get("custom_field_options"))
    field["custom_field_options"] = [row for row in rows if row is not gone]
    return Answer(204)


def _option(call: Call) -> Json:
    field = call.account.row("ticket_fields", call.ident)
    for row in as_rows(field.get("custom_field_options")):
        if row["id"] == int(call.params["other"]):
            return row
    raise not_found()


def create_status(call: Call) -> Answer:
    """`POST /custom_statuses`."""
    values = as_object(call.body.get("custom_status"))
    category, label = as_text(values.get("status_category")), as_text(values.get("agent_label"))
    if category not in {"new", "open", "pending", "hold", "solved"}:
        problem = ("Status category: is invalid", "InvalidValue")
        raise record_invalid({"status_category": problem})
    if not label:
        raise record_invalid({"agent_label": ("Agent label: cannot be blank", "BlankValue")})
    row = status_row(category, label, call.now, values)
    row = {"id": call.account.ids.take(), **row, "active": bool(values.get("active", True))}
    call.account.rows("custom_statuses")[as_int(row["id"]) or 0] = row
    return _created(call, "custom_statuses", row)


def update_status(call: Call) -> Answer:
    """`PUT /custom_statuses/{id}`: the category stays what it is."""
    row = call.account.row("custom_statuses", call.ident)
    values = as_object(call.body.get("custom_status"))
    for key in ("agent_label", "end_user_label", "description", "end_user_description"):
        if key in values:
            row[key] = row[f"raw_{key}"] = values[key]
    row["updated_at"] = iso(call.now)
    if "active" in values:
        row["active"] = bool(values["active"])
    return Answer(200, {"custom_status": configuration_json("custom_statuses", row, call.links)})


def creating_customer_field(kind: str) -> Callable[[Call], Answer]:
    """A handler that makes an organisation field or a user field."""

    def handler(call: Call) -> Answer:
        values = as_object(call.body.get(NAMED[kind]))
        title, key = as_text(values.get("title")), as_text(values.get("key"))
        if not title or not key:
            raise record_invalid({"key": ("Key: cannot be blank", "BlankValue")})
        description = as_text(values.get("description")) or ""
        made = customer_field_row("text", key, title, description, call.now)
        row: Json = {"id": call.account.ids.take(), **made}
        row["type"] = values.get("type", "text")
        if row["type"] in {"dropdown", "multiselect"}:
            _put_options(call, row, values, always=True)
        call.account.rows(kind)[as_int(row["id"]) or 0] = row
        return _created(call, kind, row)

    return handler


def account_settings(call: Call) -> Answer:
    """`GET /account/settings`: the parts that a client of tickets needs."""
    team = call.site.faults.is_on("team")
    features: Json = {
        "agent_forwarding": False,
        "allow_ccs": True,
        "business_hours": not team,
        "chat": True,
        "customer_satisfaction": not team,
        "light_agents": not team,
        "markdown": True,
        "on_hold_status": True,
        "sandbox": call.site.settings.profile == "trial",
        "ticket_forms": True,
        "ticket_tagging": True,
        "user_org_fields": True,
        "user_tagging": True,
        "voice": True,
    }
    body: Json = {
        "active_features": features,
        "agents": {"agent_home": False, "agent_workspace": True},
        "api": {"accepted_api_agreement": True, "api_password_access": "false"},
        "brands": {"default_brand_id": call.account.default_brand_id},
        "localization": {"locale_ids": [1]},
        "statistics": {"forum": True, "search": True},
        "ticket_form": {"raw_ticket_forms_instructions": "", "ticket_forms_instructions": ""},
        "tickets": {"comments_public_by_default": True, "custom_statuses_enabled": True},
        "voice": {"enabled": True, "recordings_public": False},
    }
    return Answer(200, {"settings": body})


def _created(call: Call, kind: str, row: Json) -> Answer:
    shown = configuration_json(kind, row, call.called)
    return Answer(201, {NAMED[kind]: shown}, location=call.called.to(kind, row["id"]))


def _plain_values(row: Json, values: Json) -> Json:
    plain = FIELD_KEYS - {"custom_field_options", "system_field_options", "sub_type_id"}
    return {key: values[key] for key in values if key in plain and key in row}


def _check_options(call: Call, values: Json, field_id: int) -> None:
    words = [option.get("value") for option in as_rows(values.get("custom_field_options"))]
    taken = {
        option["value"]
        for ident, row in call.account.rows("ticket_fields").items()
        if ident != field_id
        for option in as_rows(row.get("custom_field_options"))
    }
    # an option is a tag, and a tag must say which field it comes from
    if len(set(words)) < len(words) or taken & set(words):
        text = "Tags must be unique among all fields"
        raise record_invalid({"custom_field_options": (text, "DuplicateValue")})


def _put_options(call: Call, row: Json, values: Json, *, always: bool = False) -> None:
    if not always and row["type"] not in OPTION_TYPES:
        row.pop("custom_field_options", None)
        return
    if "custom_field_options" not in values:
        row.setdefault("custom_field_options", [])
        return
    before = as_rows(row.get("custom_field_options"))
    row["custom_field_options"] = [
        _put_option(call, before, given) for given in as_rows(values["custom_field_options"])
    ]


def _put_option(call: Call, before: list[Json], given: Json) -> Json:
    """An option as it is kept: the one of the same id or value, changed, or a new one."""
    keys = [(key, given[key]) for key in ("id", "value") if given.get(key) is not None]
    known = (option for option in before for key, value in keys if option[key] == value)
    option = next(known, None) or option_row(call.account, "", "")
    option["value"] = as_text(given.get("value")) or option["value"]
    option["name"] = option["raw_name"] = as_text(given.get("name")) or option["name"]
    return option


ENDPOINTS = (
    Endpoint("GET", "account/settings", account_settings, admin=True),
    Endpoint("GET", "ticket_fields", listing("ticket_fields"), bucket="ticket-fields-index"),
    Endpoint(
        "POST",
        "ticket_fields",
        create_field,
        admin=True,
        bucket="ticket-fields-update",
        wrapper="ticket_field",
        permitted=FIELD_KEYS | {"type"},
        action="create",
    ),
    Endpoint("GET", "ticket_fields/{id}", showing("ticket_fields")),
    Endpoint(
        "PUT",
        "ticket_fields/{id}",
        update_field,
        admin=True,
        bucket="ticket-fields-update",
        wrapper="ticket_field",
        permitted=FIELD_KEYS,
        action="update",
    ),
    Endpoint("DELETE", "ticket_fields/{id}", delete_field, admin=True, action="destroy"),
    Endpoint("GET", "ticket_fields/{id}/options", list_options),
    Endpoint("POST", "ticket_fields/{id}/options", put_option, admin=True),
    Endpoint("GET", "ticket_fields/{id}/options/{other}", show_option),
    Endpoint("DELETE", "ticket_fields/{id}/options/{other}", delete_option, admin=True),
    Endpoint("GET", "custom_statuses", listing("custom_statuses")),
    Endpoint(
        "POST",
        "custom_statuses",
        create_status,
        admin=True,
        wrapper="custom_status",
        permitted=STATUS_KEYS | {"status_category"},
        action="create",
    ),
    Endpoint("GET", "custom_statuses/{id}", showing("custom_statuses")),
    Endpoint(
        "PUT",
        "custom_statuses/{id}",
        update_status,
        admin=True,
        wrapper="custom_status",
        permitted=STATUS_KEYS,
        action="update",
    ),
    Endpoint("GET", "groups", listing("groups")),
    Endpoint("GET", "groups/{id}", showing("groups")),
    Endpoint("GET", "brands", listing("brands")),
    Endpoint("GET", "brands/{id}", showing("brands")),
    Endpoint("GET", "ticket_forms", listing("ticket_forms")),
    Endpoint("GET", "ticket_forms/{id}", showing("ticket_forms")),
    Endpoint("GET", "custom_roles", listing("custom_roles")),
    Endpoint("GET", "custom_roles/{id}", showing("custom_roles")),
    Endpoint("GET", "organization_fields", listing("organization_fields")),
    Endpoint(
        "POST",
        "organization_fields",
        creating_customer_field("organization_fields"),
        admin=True,
        wrapper="organization_field",
        permitted=CUSTOMER_FIELD_KEYS,
        action="create",
    ),
    Endpoint("GET", "organization_fields/{id}", showing("organization_fields")),
    Endpoint("GET", "user_fields", listing("user_fields")),
    Endpoint(
        "POST",
        "user_fields",
        creating_customer_field("user_fields"),
        admin=True,
        wrapper="user_field",
        permitted=CUSTOMER_FIELD_KEYS,
        action="create",
    ),
    Endpoint("GET", "user_fields/{id}", showing("user_fields")),
)
