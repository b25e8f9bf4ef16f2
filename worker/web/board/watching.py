# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody who looks at the board has not seen yet: single rows, counts, the hours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from worker.web.board.board_page import more, results, selects
from worker.web.board.glance import glance
from worker.web.board.hours import coming_hours
from worker.web.board.lines import counts, line_mark, line_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.policy import Policy
    from worker.web.board.asking import Asked, Found
    from worker.web.board.board_page import Ground
    from worker.web.board.layout import Scene

EVERY_S: Final = 1.0
"""Real seconds between two looks."""

_GLANCE_EVERY: Final = 15
"""Looks between two of the figures at a glance."""

Json = dict[str, object]


class Watcher:
    """One reader's board: tells at each look what differs from the one before.

    The first look tells everything, so that a reader who was away for a while misses nothing;
    the page leaves what it shows already.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._marks: dict[str, str] | None = None
        self._parts: dict[str, str] = {}
        self._values: object = None
        self._looks = 0

    def look(self, scene: Scene, found: Found, policy: Policy, ground: Callable[[], Ground]) -> str:
        """The event for one look at what fits, as it goes over the wire.

        Args:
            scene: when and for whom.
            found: what fits.
            policy: the rules in force.
            ground: how the account stands; asked for now and then.
        """
        news: Json = {"now": scene.now.timestamp(), **self._rows(scene, found)}
        parts = {
            "counts": counts(found.counts, self.asked, scene),
            "hours": coming_hours(found.dues, policy, scene),
            "more": more(scene, self.asked, len(found.lines)),
            **self._slow_parts(scene, found, ground),
        }
        news |= {name: part for name, part in parts.items() if self._parts.get(name) != part}
        self._parts |= parts
        return f"data: {json.dumps(news, separators=(',', ':'))}\n\n"

    def _slow_parts(
        self, scene: Scene, found: Found, ground: Callable[[], Ground]
    ) -> dict[str, str]:
        """What changes seldom and takes time to draw: not at each look."""
        parts: dict[str, str] = {}
        if found.held.values is not self._values:
            self._values = found.held.values
            parts["selects"] = selects(found.held, self.asked)
        if self._looks % _GLANCE_EVERY == 0:
            known = ground()
            parts["glance"] = glance(scene, found.held, known.known, known.queue)
        self._looks += 1
        return parts

    def _rows(self, scene: Scene, found: Found) -> Json:
        lines = {line.ticket.ticket_id: line for line in found.lines[: self.asked.rows]}
        marks = {ident: line_mark(line, scene) for ident, line in lines.items()}
        before, self._marks = self._marks, marks
        if not marks or not (before is None or before):
            # There is no table, or there was none.
            return {} if before == marks else {"results": results(scene, self.asked, found)}
        known = before or {}
        if list(known.items()) == list(marks.items()):
            return {}
        others = [ident for ident, mark in marks.items() if known.get(ident) != mark]
        return {
            "order": list(marks),
            "rows": {ident: line_row(lines[ident], scene) for ident in others},
        }
