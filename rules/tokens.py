# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that looks like a secret."""

from __future__ import annotations

import re
from itertools import pairwise

_KNOWN = re.compile(
    r"(?:xox[abprs]-|gh[pousr]_|github_pat_|glpat-|sk_(?:live|test)_|AKIA|ASIA|eyJ|SG\.|AIza|npm_)"
    r"[A-Za-z0-9_./=-]{12,}"
)
_HOOK = re.compile(
    r"https?://(?:hooks\.slack\.com/|[a-z0-9.-]*webhook[a-z0-9.-]*/|[^/@\s]+:[^/@\s]+@)"
)
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{28,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def looks_like_secret(text: str) -> bool:
    """Whether a text holds a token, a key or an address with a password in it.

    A long run of letters and digits counts when it mixes capitals, small
    letters and digits, as random ones do and words do not.
    """
    if len(text) < 16:
        return False
    if _KNOWN.search(text) or _HOOK.search(text):
        return True
    return any(_is_mixed(found) for found in _LONG.findall(_UUID.sub("", text)))


def _is_mixed(run: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    if not all(any(kind(char) for char in run) for kind in kinds):
        return False
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(run))
    return changes >= 4
