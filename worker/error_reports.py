# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of our own faults to Sentry, only when a DSN is set; the SDK is imported only then."""

from __future__ import annotations

import sys


def start_error_reports(dsn: str | None, *, release: str, environment: str | None = None) -> bool:
    """Begin to report uncaught errors, if there is a DSN.

    Call it before the broker is made: the SDK's dramatiq part patches the
    broker's constructor.

    Args:
        dsn: where to, from `SENTRY_DSN`; None or empty: nothing happens.
        release: the version that runs.
        environment: such as `production`, from `SENTRY_ENVIRONMENT`.

    Returns:
        Whether errors are reported from now on.
    """
    if not dsn:
        return False
    from worker import sentry  # noqa: PLC0415 - half a second and 20 MB that few need

    sentry.start(dsn, release=release, environment=environment or "production")
    return True


def report(error: BaseException) -> None:
    """Report an error that was contained (a row set aside, a loop that went on).

    Does nothing, and imports nothing, while errors are not reported.
    """
    sdk = sys.modules.get("sentry_sdk")
    if sdk is not None:
        sdk.capture_exception(error)
