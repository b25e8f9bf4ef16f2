# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes that several threads may decode into at once, from the first time on.

msgspec learns a Struct when something is first decoded into it, and shows it to other
threads half learned: two that come first together end the whole process (seen with 0.22).
"""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")

_learning = threading.Lock()
_learnt: set[object] = set()


def prepared(shape: type[T]) -> type[T]:
    """The same shape, which msgspec knows wholly from now on."""
    with _learning:
        if shape not in _learnt:
            msgspec.json.Decoder(shape)
            _learnt.add(shape)
    return shape
