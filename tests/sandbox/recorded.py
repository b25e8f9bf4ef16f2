# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing an answer of the sandbox with a recorded one: shape, not volatile values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN_MAPS = {"user_fields", "organization_fields", "custom", "system", "configuration"}
"""Objects whose keys are the account's own."""

SOMETIMES_THERE = {"permanently_deleted"}
"""Keys that only some rows of one kind have."""

NETWORK_HEADERS = {"server", "connection", "keep-alive"}


def differences(recorded: object, answered: object, where: str = "") -> list[str]:
    """What differs in key sets, order of keys and types; null fits anything."""
    if recorded is None or answered is None:
        return []
    if isinstance(recorded, dict) and isinstance(answered, dict):
        return _object_differences(recorded, answered, where)
    if isinstance(recorded, list) and isinstance(answered, list):
        theirs, ours = _same_kind(recorded, answered)
        return differences(theirs, ours, f"{where}[]")
    if type(recorded) is not type(answered):
        return [f"{where}: {type(recorded).__name__} recorded, {type(answered).__name__} answered"]
    if isinstance(recorded, str) and pattern_of(recorded) != pattern_of(str(answered)):
        return [f"{where}: {recorded!r} recorded, {answered!r} answered"]
    return []


def _same_kind(recorded: list[object], answered: list[object]) -> tuple[object, object]:
    """A row of each list to compare: of one type where rows have types (events of an audit)."""
    for theirs in recorded:
        for ours in answered:
            if not isinstance(theirs, dict) or not isinstance(ours, dict):
                return theirs, ours
            if theirs.get("type") == ours.get("type") or "created_at" in theirs:
                return theirs, ours
    return None, None


def _object_differences(
    recorded: dict[str, object], answered: dict[str, object], where: str
) -> list[str]:
    if where.rsplit(".", 1)[-1] in OPEN_MAPS:
        return []
    found = []
    if list(recorded) != list(answered):
        missing = [key for key in recorded if key not in answered]
        extra = [key for key in answered if key not in recorded]
        if not {*missing, *extra} <= SOMETIMES_THERE or not missing + extra:
            found.append(f"{where}: missing {missing}, extra {extra}, order {list(answered)}")
    for key, value in recorded.items():
        if key in answered:
            found += differences(value, answered[key], f"{where}.{key}")
    return found


def pattern_of(text: str) -> str:
    """The kind of a text: time, id, URL; other texts are all of one kind."""
    for name, pattern in PATTERNS.items():
        if re.fullmatch(pattern, text):
            return name
    return "text"


PATTERNS = {
    "time with nanoseconds": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "time with offset": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00",
    "job": r"V3-[0-9a-f]{32}",
    "ulid": r"[0-9A-Z]{26}",
    "completion": r"Completed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000",
    "progress": r"(Creating|Updating) ticket #\d+",
}


def header_differences(recorded: Mapping[str, str], answered: Mapping[str, str]) -> list[str]:
    """Names of headers that only one side has; network headers aside."""
    theirs = {name.lower() for name in recorded} - NETWORK_HEADERS
    ours = {name.lower() for name in answered} - NETWORK_HEADERS
    found = [f"header {name} is missing" for name in sorted(theirs - ours)]
    return found + [f"header {name} is too much" for name in sorted(ours - theirs)]


class Ids:
    """Which id of the sandbox stands for which recorded one."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, recorded: object, answered: object) -> None:
        """Pair the ids of two answers of one shape."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded.keys() & answered.keys():
                if key in {"id", "after_cursor"} or key.endswith("_id"):
                    self.pair(recorded[key], answered[key])
                self.learn(recorded[key], answered[key])
        elif isinstance(recorded, list) and isinstance(answered, list):
            for theirs, ours in zip(recorded, answered, strict=False):
                self.learn(theirs, ours)

    def pair(self, recorded: object, answered: object) -> None:
        """Remember one pair."""
        if recorded is not None and answered is not None:
            self._known.setdefault(str(recorded), str(answered))

    def in_path(self, path: str) -> str:
        """A path below `/api/v2/` with the sandbox's ids."""
        path, mark, query = path.partition("?")
        path = re.sub(r"V3-[0-9a-f]{32}|[0-9A-Z]{26,32}|\d+", self._replacement, path)
        pairs = parse_qsl(query)
        return path + mark + urlencode([(key, self._in_value(value)) for key, value in pairs])

    def in_body(self, body: object) -> object:
        """A request body with the sandbox's ids."""
        if isinstance(body, dict):
            return {key: self.in_body(value) for key, value in body.items()}
        if isinstance(body, list):
            return [self.in_body(row) for row in body]
        if isinstance(body, int) and not isinstance(body, bool) and str(body) in self._known:
            return int(self._known[str(body)])
        return self._known.get(body, body) if isinstance(body, str) else body

    def _in_value(self, value: str) -> str:
        if value in self._known:
            return self._known[value]
        return ",".join(self._known.get(word, word) for word in value.split(","))

    def _replacement(self, found: re.Match[str]) -> str:
        return self._known.get(found[0], found[0])
