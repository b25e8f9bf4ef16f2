# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden cases: a ticket, what the worker writes into its fields, what a person then reads.

Each file of `golden/` is one case. `ticket`, `rules`, `judged_at` and `sent` lead to `fields`, as
the helpdesk holds them; where there is no ticket the fields are given, since no worker would write
them so. `fields`, `saved` and `now` lead to `view` (numbers, instants and keys of texts) and to
`words` (its English, with instants as they are in the view). Whoever shows `sla_detail` to a
person, in whatever language it is programmed, is held to `view` and `words`.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from connector.history.jsonl import ticket_from_json
from connector.zendesk.names import DROP_DOWNS, option_tag
from rules import evaluate, load
from rules.changes import OWN_FIELDS, CurrentFields
from rules.plan import plan

GOLDEN = Path(__file__).parent / "golden"

Case = dict[str, Any]


def case_names() -> list[str]:
    return sorted(path.stem for path in GOLDEN.glob("*.json"))


def read_case(name: str) -> Case:
    found: Case = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


def write_case(name: str, case: Case) -> None:
    text = json.dumps(case, indent=1, ensure_ascii=False)
    (GOLDEN / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@cache
def _policy(name: str) -> Any:
    policy, problems = load({name: (GOLDEN / name).read_bytes()})
    assert policy is not None, problems
    return policy


def written_fields(case: Case) -> dict[str, str | None]:
    """What the worker writes into the fields of a case's ticket, as Zendesk then holds them."""
    ticket = ticket_from_json(case["ticket"])
    judged_at = datetime.fromisoformat(case["judged_at"])
    policy = _policy(case["rules"])
    passed = [one for one in ticket.happenings if one.kind == "status" and one.at <= judged_at]
    current = CurrentFields(
        own={},
        status=str(passed[-1].to) if passed else ticket.status,
        updated_at=judged_at,
    )
    verdict = evaluate(ticket, policy, judged_at)
    sent = {(measure, cycle, key) for measure, cycle, key in case["sent"]}
    changes = {one.field: one.new for one in plan(verdict, policy, current, sent=sent)}
    fields: dict[str, str | None] = {}
    for own in OWN_FIELDS:
        word = changes.get(own)
        is_option = own in DROP_DOWNS and word is not None
        fields[own] = option_tag(own, word) if is_option and word else word
    return {key: value for key, value in fields.items() if key not in case.get("leave_out", ())}
