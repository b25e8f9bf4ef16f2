# SPDX-License-Identifier: GPL-3.0-or-later
"""What Sentry is told: types, frames, versions. Import it through `worker.error_reports`.

By default the SDK sends local variables, exception texts, the arguments of
actors and whatever lies in headers and breadcrumbs. So little is taken out
here: what may go is on a list, and everything else stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.dramatiq import DramatiqIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, DEFAULT_PII_DENYLIST, EventScrubber

from worker.logs import without_addresses

if TYPE_CHECKING:
    from sentry_sdk.integrations import Integration
    from sentry_sdk.types import Event, Hint

KEPT = frozenset(
    {
        "event_id",
        "timestamp",
        "platform",
        "level",
        "release",
        "environment",
        "server_name",
        "sdk",
        "modules",
    }
)
KEPT_CONTEXTS = frozenset({"runtime", "trace"})
OUR_PACKAGES = ("rules", "connector", "worker")
MAX_TEXT = 300

# Beside the SDK's own words, which match whole names only.
SECRET_WORDS = (
    "api_token",
    "access_token",
    "refresh_token",
    "client_secret",
    "webhook_secret",
    "outages_token",
    "mail_url",
    "signing_key",
    "database_url",
    "broker_url",
    "deadman_url",
    "dsn",
    "subject",
    "body",
    "description",
    "email",
    "recipient",
    "requester",
    "url",
)


def start(dsn: str, *, release: str, environment: str) -> None:
    """Report uncaught errors of threads, actors and the process from now on."""
    # Named one by one: the default set also hooks logging, HTTP requests
    # (trace headers to the helpdesk), the command line and subprocesses.
    integrations: list[Integration] = [
        DramatiqIntegration(),
        ExcepthookIntegration(),
        ThreadingIntegration(),
        DedupeIntegration(),
        AtexitIntegration(callback=_say_nothing),
    ]
    sentry_sdk.init(
        dsn=dsn,
        release=f"stipt@{release}",
        environment=environment,
        server_name="stipt",
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=integrations,
        event_scrubber=EventScrubber(
            denylist=[*DEFAULT_DENYLIST, *DEFAULT_PII_DENYLIST, *SECRET_WORDS],
            recursive=True,
        ),
        before_send=scrubbed,
    )


def scrubbed(event: Event, hint: Hint) -> Event:
    """What may leave of an event: no text of others, no argument, no variable.

    Texts of our own exceptions stay, for they hold no ticket text, address or
    secret; e-mail addresses and query strings are cut out of them all the same.
    """
    del hint
    kept: dict[str, object] = {key: value for key, value in event.items() if key in KEPT}
    contexts = event.get("contexts") or {}
    kept["contexts"] = {name: one for name, one in contexts.items() if name in KEPT_CONTEXTS}
    exceptions = (event.get("exception") or {}).get("values") or []
    kept["exception"] = {"values": [_bare(one) for one in exceptions]}
    return cast("Event", kept)


def _bare(exception: dict[str, object]) -> dict[str, object]:
    module = str(exception.get("module") or "")
    ours = module.startswith(tuple(f"{package}." for package in OUR_PACKAGES))
    text = without_addresses(str(exception.get("value") or "")) if ours else ""
    stack = exception.get("stacktrace")
    frames = stack.get("frames", []) if isinstance(stack, dict) else []
    return {
        "type": exception.get("type"),
        "module": module or None,
        "value": text[:MAX_TEXT],
        "stacktrace": {"frames": [_frame(one) for one in frames]},
    }


def _frame(frame: dict[str, object]) -> dict[str, object]:
    names = ("filename", "function", "module", "lineno", "in_app")
    return {name: frame[name] for name in names if name in frame}


def _say_nothing(_pending: int, _timeout: float) -> None:
    """The SDK would print at exit that it is still sending."""
