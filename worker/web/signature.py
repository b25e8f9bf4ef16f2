# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a webhook call was signed by the helpdesk, and a short while ago."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGNATURE: Final = "x-zendesk-webhook-signature"
TIMESTAMP: Final = "x-zendesk-webhook-signature-timestamp"
TOLERANCE: Final = timedelta(seconds=300)
"""How far a call's own time may be from ours, in both directions."""

Fault = Literal["signature", "timestamp"]


def fault_of(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime
) -> Fault | None:
    """What is wrong with a call's signature; None when nothing is.

    Args:
        headers: the call's, names in lower case.
        body: its raw bytes, before anything has parsed them.
        secrets: the webhook's secrets as text; several while one replaces another.
        now: the helpdesk's present instant.
    """
    timestamp = headers.get(TIMESTAMP, "")
    told = headers.get(SIGNATURE, "").encode("latin-1", "replace")
    signed = timestamp.encode("latin-1", "replace") + body
    # Every secret is tried: the time it takes must not tell which one fits.
    fits = [hmac.compare_digest(_signature(secret, signed), told) for secret in secrets]
    if not any(fits):
        return "signature"
    return None if _is_recent(timestamp, now) else "timestamp"


def _signature(secret: str, signed: bytes) -> bytes:
    # The key is the secret as text, though it looks like base64.
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())


def _is_recent(timestamp: str, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    return at.tzinfo is not None and abs(now - at) <= TOLERANCE
