# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to Zendesk and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    `template` names the endpoint without ids, for accounting. `read_s` bounds
    each wait for bytes, `total_s` the whole answer, `most_bytes` its size
    after decompression. `buckets` are the endpoint's own rate limits.
    """

    method: str
    path: str
    template: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    buckets: tuple[str, ...] = ()
    read_s: float = 30.0
    total_s: float = 45.0
    most_bytes: int = 32 << 20

    @property
    def is_read(self) -> bool:
        """Whether repeating it can do no harm."""
        return self.method == "GET"

    @property
    def name(self) -> str:
        """Method and template: the key under which calls are counted."""
        return f"{self.method} {self.template}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (any case) and decompressed body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
