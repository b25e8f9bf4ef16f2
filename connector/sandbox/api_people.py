# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, organisations and groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, record_invalid, too_many_values
from connector.sandbox.api_jobs import job_answer
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.jobs import JobRow, Work
from connector.sandbox.paging import listed
from connector.sandbox.records import Organization, User
from connector.sandbox.render import configuration_json, organization_json, user_json
from connector.sandbox.wire import Json, as_int, as_object, as_rows, as_text, as_texts, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.site import Call

USER_KEYS = frozenset(
    as_texts(
        "name email role role_type custom_role_id organization_id time_zone locale locale_id "
        "phone tags user_fields external_id details notes suspended verified default_group_id "
        "alias signature only_private_comments skip_verify_email identities moderator"
    )
)
ORGANIZATION_KEYS = frozenset(
    as_texts(
        "name tags organization_fields domain_names external_id details notes group_id "
        "shared_tickets shared_comments"
    )
)
TEXTS = ("name", "email", "role", "phone", "external_id", "details", "notes", "time_zone", "locale")


def me(call: Call) -> Answer:
    """`GET /users/me`: open to everybody, and then a nameless user without an id."""
    if call.user is None:
        body: Json = {"name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
        if call.site.settings.assumptions.anonymous_id_is_null:
            body = {"id": None, **body}
        return Answer(200, {"user": body})
    return Answer(200, {"user": user_json(call.user, call.links, me=True)})


def show_user(call: Call) -> Answer:
    """`GET /users/{id}`."""
    return Answer(200, {"user": user_json(call.account.user(call.ident), call.links)})


def list_users(call: Call) -> Answer:
    """`GET /users`, by role if asked."""
    role = call.query.get("role") or call.query.get("role[]")
    rows = [user for user in call.account.users.values() if role in {None, user.role}]
    return Answer(200, listed(call, "users", rows, lambda user: user_json(user, call.links)))


def many_users(call: Call) -> Answer:
    """`GET /users/show_many`."""
    wanted = ids_of(call.query.get("ids", ""))
    if len(wanted) > 100:
        raise too_many_values()
    rows = [call.account.users[ident] for ident in wanted if ident in call.account.users]
    return Answer(200, listed(call, "users", rows, lambda user: user_json(user, call.links)))


def create_user(call: Call) -> Answer:
    """`POST /users`."""
    values = as_object(call.body.get("user"))
    if not as_text(values.get("name")):
        raise record_invalid({"name": ("Name: is too short (minimum is 1 character)", "TooShort")})
    user = User(call.account.ids.take(), "", None, "end-user", call.now, call.now)
    _change_user(user, values)
    call.account.add_user(user)
    return Answer(
        201,
        {"user": user_json(user, call.called)},
        location=call.called.to("users", user.id),
    )


def update_user(call: Call) -> Answer:
    """`PUT /users/{id}`."""
    user = call.account.user(call.ident)
    _change_user(user, as_object(call.body.get("user")))
    user.updated = call.now
    call.account.add_user(user)
    return Answer(200, {"user": user_json(user, call.links)})


def delete_user(call: Call) -> Answer:
    """`DELETE /users/{id}`: the user stays readable, inactive."""
    user = call.account.user(call.ident)
    user.active = False
    user.updated = call.now
    call.account.add_user(user)
    return Answer(200, {"user": user_json(user, call.links)})


def show_organization(call: Call) -> Answer:
    """`GET /organizations/{id}`."""
    row = organization_json(call.account.organization(call.ident), call.links)
    return Answer(200, {"organization": row})


def list_organizations(call: Call) -> Answer:
    """`GET /organizations`."""
    return Answer(200, _organizations(call, call.account.organizations.values()))


def many_organizations(call: Call) -> Answer:
    """`GET /organizations/show_many`."""
    wanted = ids_of(call.query.get("ids", ""))
    known = call.account.organizations
    return Answer(200, _organizations(call, [known[i] for i in wanted if i in known]))


def create_organization(call: Call) -> Answer:
    """`POST /organizations`."""
    organization = _new_organization(call, as_object(call.body.get("organization")), call.now)
    return Answer(
        201,
        {"organization": organization_json(organization, call.called)},
        location=call.called.to("organizations", organization.id),
    )


def create_organizations(call: Call) -> Answer:
    """`POST /organizations/create_many`."""
    rows = as_rows(call.body.get("organizations"))
    if len(rows) > 100:
        raise too_many_values()

    def creation(values: Json) -> JobRow:
        def run(at: int) -> Json:
            return {"status": "Created", "id": _new_organization(call, values, at).id}

        return JobRow(run, action="create")

    work = [creation(values) for values in rows]
    return job_answer(call, Work("Bulk Create Organization", "Creating organization", work))


def update_organization(call: Call) -> Answer:
    """`PUT /organizations/{id}`."""
    organization = call.account.organization(call.ident)
    _change_organization(organization, as_object(call.body.get("organization")))
    organization.updated = call.now
    call.account.add_organization(organization)
    return Answer(200, {"organization": organization_json(organization, call.links)})


def delete_organization(call: Call) -> Answer:
    """`DELETE /organizations/{id}`."""
    del call.account.organizations[call.account.organization(call.ident).id]
    call.account.organization_order.drop(call.ident)
    return Answer(204)


def list_memberships(call: Call) -> Answer:
    """`GET /group_memberships`, of one group or one user if asked."""
    rows = list(call.account.rows("group_memberships").values())
    if "id" in call.params:
        key = "group_id" if call.path.startswith("groups/") else "user_id"
        rows = [row for row in rows if row[key] == call.ident]
    body = listed(
        call,
        "group_memberships",
        rows,
        lambda row: configuration_json("group_memberships", row, call.links),
    )
    return Answer(200, body)


def _organizations(call: Call, found: Iterable[Organization]) -> Json:
    rows = list(found)
    return listed(call, "organizations", rows, lambda row: organization_json(row, call.links))


def _new_organization(call: Call, values: Json, at: int) -> Organization:
    if not as_text(values.get("name")):
        raise record_invalid({"name": ("Name: cannot be blank", "BlankValue")})
    organization = Organization(call.account.ids.take(), "", at, at)
    _change_organization(organization, values)
    return call.account.add_organization(organization)


def _change_user(user: User, values: Json) -> None:
    for key in TEXTS:
        if key in values:
            setattr(user, key, as_text(values[key]))
    for key in ("organization_id", "default_group_id", "role_type", "custom_role_id"):
        if key in values:
            setattr(user, key, as_int(values[key]))
    if "tags" in values:
        user.tags = as_texts(values["tags"])
    if "suspended" in values:
        user.suspended = bool(values["suspended"])
    user.fields |= as_object(values.get("user_fields"))


def _change_organization(organization: Organization, values: Json) -> None:
    for key in ("name", "external_id", "details", "notes"):
        if key in values:
            setattr(organization, key, as_text(values[key]))
    for key in ("tags", "domain_names"):
        if key in values:
            setattr(organization, key, as_texts(values[key]))
    for key in ("shared_tickets", "shared_comments"):
        if key in values:
            setattr(organization, key, bool(values[key]))
    if "group_id" in values:
        organization.group_id = as_int(values["group_id"])
    for key, value in as_object(values.get("organization_fields")).items():
        is_date = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)
        # a day comes back as its midnight
        organization.fields[key] = f"{value}T00:00:00+00:00" if is_date else value


ENDPOINTS = (
    Endpoint("GET", "users/me", me, anonymous=True),
    Endpoint("GET", "users/show_many", many_users),
    Endpoint("GET", "users", list_users),
    Endpoint("POST", "users", create_user, wrapper="user", permitted=USER_KEYS, action="create"),
    Endpoint("GET", "users/{id}", show_user),
    Endpoint(
        "PUT", "users/{id}", update_user, wrapper="user", permitted=USER_KEYS, action="update"
    ),
    Endpoint("DELETE", "users/{id}", delete_user, action="destroy"),
    Endpoint("GET", "users/{id}/group_memberships", list_memberships),
    Endpoint("GET", "groups/{id}/memberships", list_memberships),
    Endpoint("GET", "group_memberships", list_memberships),
    Endpoint("GET", "organizations", list_organizations),
    Endpoint("GET", "organizations/show_many", many_organizations),
    Endpoint("POST", "organizations/create_many", create_organizations),
    Endpoint(
        "POST",
        "organizations",
        create_organization,
        wrapper="organization",
        permitted=ORGANIZATION_KEYS,
        action="create",
    ),
    Endpoint("GET", "organizations/{id}", show_organization),
    Endpoint(
        "PUT",
        "organizations/{id}",
        update_organization,
        wrapper="organization",
        permitted=ORGANIZATION_KEYS,
        action="update",
    ),
    Endpoint("DELETE", "organizations/{id}", delete_organization, action="destroy"),
)
