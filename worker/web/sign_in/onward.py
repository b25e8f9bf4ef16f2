# SPDX-License-Identifier: GPL-3.0-or-later
"""Where somebody goes after signing in: a page of ours, whatever the address says."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from worker.web.sign_in.gate import SIGN_IN, SIGN_OUT

_LONGEST: Final = 1000


def own_path(wanted: str | None) -> str:
    """A path of ours as it was wanted; the board for anything else."""
    if wanted is None or len(wanted) > _LONGEST or not wanted.isprintable() or "\\" in wanted:
        return "/"
    if not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    path = urlsplit(wanted).path
    return "/" if path in (SIGN_IN, SIGN_OUT) or path.startswith(f"{SIGN_IN}/") else wanted
