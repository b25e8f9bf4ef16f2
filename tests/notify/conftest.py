# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers on loopback."""

from collections.abc import Iterator

import pytest

from tests.notify.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server that keeps what it gets."""
    server = Receiver()
    yield server
    server.close()
