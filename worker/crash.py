# SPDX-License-Identifier: GPL-3.0-or-later
"""Points at which a test may end the process as if the power had failed, or freeze it."""

from __future__ import annotations

import os
import signal
import threading

from worker.clock import is_loopback

_VARIABLE = "STIPT_CRASH_AT"
_lock = threading.Lock()
_passed: dict[str, int] = {}


def crash_point(name: str) -> None:
    """End the process here at once when `STIPT_CRASH_AT` is `name` or `name:k`.

    `k` is the passage at which to end, from 1. Nothing is flushed, closed or
    rolled back. With `name:k:freeze` the process stops until somebody continues
    it (SIGCONT). Only a worker of the sandbox obeys.
    """
    wanted = os.environ.get(_VARIABLE)
    if not wanted or not is_loopback(os.environ.get("STIPT_ZENDESK_URL", "")):
        return
    point, passage, deed, *_ = (*wanted.split(":"), "", "")
    if point != name:
        return
    with _lock:
        _passed[name] = _passed.get(name, 0) + 1
        passed = _passed[name]
    if passed != int(passage or 1):
        return
    if deed == "freeze":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        os._exit(137)
