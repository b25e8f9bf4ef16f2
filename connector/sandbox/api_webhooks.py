# SPDX-License-Identifier: GPL-3.0-or-later
"""The webhooks API. Its answers have other headers than the rest, and no `.json` anywhere."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, Refusal, not_found
from connector.sandbox.deliveries import Delivery
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.wire import Json, as_int, as_object, as_text, as_texts, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.deliveries import Invocation
    from connector.sandbox.endpoints import Bucket
    from connector.sandbox.site import Call
    from connector.sandbox.webhooks import Webhooks

ORDER = (
    "id name description status subscriptions created_at created_by updated_at updated_by "
    "endpoint http_method request_format authentication custom_headers"
)
KEYS = tuple(ORDER.split(" "))
CHANGEABLE = as_texts(
    "name description status subscriptions endpoint http_method request_format custom_headers"
)
TRIAL_WEBHOOKS = 10
PAGE = 100


def create(call: Call) -> Answer:
    """`POST /webhooks`, or a copy of another with `clone_webhook_id`."""
    hooks = call.site.webhooks
    if call.site.settings.profile == "trial" and len(hooks.rows) >= TRIAL_WEBHOOKS:
        raise _invalid("Trial accounts are limited to 10 webhooks")
    if "clone_webhook_id" in call.query:
        source = _row(call, call.query["clone_webhook_id"])
        values: Json = dict(source) | {"name": f"{source['name']} (copy)"}
        authentication = hooks.credentials.get(call.query["clone_webhook_id"], {})
    else:
        values = as_object(call.body.get("webhook"))
        authentication = as_object(values.get("authentication"))
    _check(values)
    ident = hooks.new_id()
    row: Json = {"id": ident}
    row |= {key: values[key] for key in CHANGEABLE if values.get(key) is not None}
    row.setdefault("status", "active")
    row["created_at"], row["created_by"] = iso(call.now), _caller(call)
    _authenticate(hooks, row, authentication)
    hooks.rows[ident] = row
    hooks.new_secret(ident)
    # nanoseconds on creation only, without zeros at the end
    fraction = f"{call.account.rng.randrange(1, 10**9):09d}".rstrip("0")
    made = f"{iso(call.now)[:-1]}.{fraction}Z"
    return Answer(201, {"webhook": _shown(row) | {"created_at": made}})


def index(call: Call) -> Answer:
    """`GET /webhooks`, newest first."""
    rows = list(reversed(call.site.webhooks.rows.values()))
    if wanted := call.query.get("filter[name_contains]"):
        rows = [row for row in rows if wanted in str(row["name"])]
    if status := call.query.get("filter[status]"):
        rows = [row for row in rows if row["status"] == status]
    body: Json = {"meta": {"has_more": False}, "webhooks": [_shown(row) for row in rows]}
    return Answer(200, body)


def show(call: Call) -> Answer:
    """`GET /webhooks/{id}`."""
    return Answer(200, {"webhook": _shown(_row(call, call.params["ulid"]))})


def change(call: Call) -> Answer:
    """`PUT` and `PATCH /webhooks/{id}`; a webhook cannot change its kind."""
    row = _row(call, call.params["ulid"])
    values = as_object(call.body.get("webhook"))
    before = "conditional_ticket_events" in as_texts(row.get("subscriptions"))
    after = "conditional_ticket_events" in as_texts(
        values.get("subscriptions", row.get("subscriptions"))
    )
    if before != after:
        raise _invalid("Webhook cannot switch between triggers and event subscriptions")
    row.update({key: values[key] for key in CHANGEABLE if values.get(key) is not None})
    if "authentication" in values:
        _authenticate(call.site.webhooks, row, as_object(values["authentication"]))
    row["updated_at"], row["updated_by"] = iso(call.now), _caller(call)
    return Answer(204)


def delete(call: Call) -> Answer:
    """`DELETE /webhooks/{id}`."""
    row = _row(call, call.params["ulid"])
    del call.site.webhooks.rows[str(row["id"])]
    return Answer(204)


def show_secret(call: Call) -> Answer:
    """`GET /webhooks/{id}/signing_secret`."""
    ident = str(_row(call, call.params["ulid"])["id"])
    return Answer(200, _secret(call.site.webhooks.secrets[ident]))


def reset_secret(call: Call) -> Answer:
    """`POST /webhooks/{id}/signing_secret`."""
    ident = str(_row(call, call.params["ulid"])["id"])
    return Answer(201, _secret(call.site.webhooks.new_secret(ident)))


def test(call: Call) -> Answer:
    """`POST /webhooks/test`: sends at once and shows the answer, whatever its status."""
    hooks = call.site.webhooks
    given = as_object(call.body.get("request"))
    ident = call.query.get("webhook_id")
    row = dict(_row(call, ident)) if ident else {}
    row |= {key: given[key] for key in given if key in CHANGEABLE}
    payload = (as_text(given.get("payload")) or "").encode()
    headers: dict[str, str] = {"User-Agent": "Zendesk Webhook"}
    if ident:
        headers = hooks.headers(ident, hooks.new_id(), payload, call.now)
    delivery = Delivery(
        webhook_id=ident or "",
        invocation_id="",
        endpoint=str(row.get("endpoint")),
        method=str(row.get("http_method", "POST")),
        headers=headers,
        body=payload,
        at=call.now,
    )
    return Answer(200, {"response": hooks.deliverer.try_once(delivery)})


def invocations(call: Call) -> Answer:
    """`GET /webhooks/{id}/invocations`: newest first, a hundred a page."""
    ident = str(_row(call, call.params["ulid"])["id"])
    rows = [row for row in call.site.webhooks.deliverer.invocations if row.webhook_id == ident]
    rows.reverse()
    start = _offset(call.query.get("page[after]"))
    page = rows[start : start + PAGE]
    meta: Json = {"has_more": start + PAGE < len(rows)}
    body: Json = {"meta": meta}
    headers = {}
    if meta["has_more"]:
        cursor = base64.b64encode(f"{start + PAGE},desc".encode()).decode()
        meta["after_cursor"] = cursor
        path = f"/api/v2/webhooks/{ident}/invocations?page[after]={cursor}"
        body["links"] = {"next": f"{call.links.base}{path}"}
        headers["link"] = f'<{call.called.base}{path}>; rel="next"'
    body["invocations"] = [_invocation(row) for row in page]
    return Answer(200, body, headers)


def attempts(call: Call) -> Answer:
    """`GET /webhooks/{id}/invocations/{id}/attempts`, newest first."""
    _row(call, call.params["ulid"])
    for row in call.site.webhooks.deliverer.invocations:
        if row.id == call.params["invocation"]:
            return Answer(200, {"attempts": list(row.attempts)})
    raise not_found()


def _row(call: Call, ident: str) -> Json:
    row = call.site.webhooks.rows.get(ident)
    if row is None:
        raise Refusal(404, {"errors": [{"code": "WebhookNotFound", "title": "Webhook not found"}]})
    return row


def _shown(row: Json) -> Json:
    return {key: row[key] for key in KEYS if key in row}


def _invocation(row: Invocation) -> Json:
    shown: Json = {"id": row.id}
    if row.status_code is not None:
        shown["status_code"] = row.status_code
    return shown | {"status": row.status, "latest_completed_at": iso(row.completed)}


def _secret(secret: str) -> Json:
    return {"signing_secret": {"secret": secret, "algorithm": "SHA256"}}


def _authenticate(hooks: Webhooks, row: Json, given: Json) -> None:
    """Keep the credentials apart: no answer ever holds a password or a token."""
    row.pop("authentication", None)
    if not given:
        return
    hooks.credentials[str(row["id"])] = given
    shown: Json = {"type": given.get("type")}
    data = as_object(given.get("data"))
    if given.get("type") == "basic_auth":
        shown["data"] = {"username": data.get("username")}
    elif given.get("type") == "api_key":
        shown["data"] = {"name": data.get("name")}
    shown["add_position"] = given.get("add_position", "header")
    row["authentication"] = shown


def _check(values: Json) -> None:
    for key in ("name", "endpoint", "http_method", "request_format"):
        if not as_text(values.get(key)):
            raise _invalid(f"{key} is required")
    wanted = as_texts(values.get("subscriptions"))
    conditional = "conditional_ticket_events" in wanted
    if conditional and len(wanted) > 1:
        raise _invalid("A webhook is called by triggers or subscribes to events, not both")
    posts_json = (values["http_method"], values["request_format"]) == ("POST", "json")
    if wanted and not conditional and not posts_json:
        raise _invalid("Event subscriptions must be POST and json")


def _invalid(text: str) -> Refusal:
    return Refusal(400, {"errors": [{"code": "InvalidWebhook", "title": text}]})


def _caller(call: Call) -> str:
    return str(call.user.id if call.user else call.account.owner_id)


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(cursor).decode().partition(",")[0]
    except ValueError:
        text = ""
    found = as_int(text)
    if found is None:
        raise _invalid("The cursor is invalid")
    return found


def _endpoint(
    method: str, path: str, handler: Callable[[Call], Answer], bucket: Bucket = "webhooks"
) -> Endpoint:
    return Endpoint(method, path, handler, admin=True, bucket=bucket, surface="webhooks")


ENDPOINTS = (
    _endpoint("POST", "webhooks", create),
    _endpoint("GET", "webhooks", index),
    _endpoint("POST", "webhooks/test", test, "webhook-test"),
    _endpoint("GET", "webhooks/{ulid}", show),
    _endpoint("PUT", "webhooks/{ulid}", change),
    _endpoint("PATCH", "webhooks/{ulid}", change),
    _endpoint("DELETE", "webhooks/{ulid}", delete),
    _endpoint("GET", "webhooks/{ulid}/signing_secret", show_secret),
    _endpoint("POST", "webhooks/{ulid}/signing_secret", reset_secret),
    _endpoint("GET", "webhooks/{ulid}/invocations", invocations),
    _endpoint("GET", "webhooks/{ulid}/invocations/{invocation}/attempts", attempts),
)
