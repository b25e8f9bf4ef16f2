# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes twice is known the second time, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.store.acknowledgements import acknowledge
from worker.store.hints import take_hint

if TYPE_CHECKING:
    from tests.worker.conftest import Site


def test_a_webhook_call_and_an_acknowledgement_are_taken_once(any_site: Site) -> None:
    any_site.start()
    now = any_site.clock.now()
    cycle = ("1", "first_reply", 1)
    with any_site.database.write("default") as books:
        assert [take_hint(books, "e1", "1", now) for _ in range(2)] == [True, False]
        assert [acknowledge(books, cycle, now) for _ in range(2)] == [True, False]
