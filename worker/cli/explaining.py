# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt explain`: why a ticket has the deadlines that it has, or would have them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import instant
from worker.cli.options import AccountName, ConfigFile, MappingFile, RulesFolder, present, rules_of
from worker.cli.output import JsonFlag, as_json, result

if TYPE_CHECKING:
    from rules.explain import Explanation
    from rules.outline import Block
    from rules.policy import Policy
    from worker.settings import AccountSettings, Settings


_Ticket = Annotated[
    str | None, typer.Argument(help="The ticket's id; else --like.", metavar="TICKET")
]
_History = Annotated[
    Path | None,
    typer.Option(help="Take the ticket from this file; else the store.", metavar="FILE"),
]
_Like = Annotated[
    str | None,
    typer.Option(
        help='A ticket that does not exist: "channel=email tags=vip created=TIME".',
        metavar="WORDS",
    ),
]
_WithPolicy = Annotated[
    bool,
    typer.Option("--policy", help="Show the rules that apply too, with all defaults."),
]
_Now = Annotated[
    str | None,
    typer.Option(
        help="Judge as of this instant; else now, or the latest in the file.", metavar="TIME"
    ),
]


def explain(
    *,
    ticket: _Ticket = None,
    history: _History = None,
    mapping: MappingFile = None,
    like: _Like = None,
    rules: RulesFolder = None,
    policy: _WithPolicy = False,
    now: _Now = None,
    json: JsonFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Say which contract, tier and rule hold for a ticket, and what its clocks counted."""
    if (ticket is None) == (like is None) and not (policy and ticket is None):
        raise typer.BadParameter("give a ticket's id, or --like", param_hint="TICKET")
    place = _Place(rules, config, account, None if now is None else instant(now))
    if ticket is None and like is None:
        _show_policy(place.rules(), json=json)
        return
    if like is not None:
        found = _imagined(like, place)
    elif history is not None:
        found = _from_history((ticket or "").removeprefix("#"), history, mapping, place)
    else:
        found = _from_store((ticket or "").removeprefix("#"), place)
    _show(found, with_policy=policy, json=json)


@dataclass(frozen=True)
class _Place:
    """Where rules and tickets are, and as of when they are judged."""

    folder: Path | None
    config: Path | None
    account: str | None
    now: datetime | None

    def rules(self) -> "Policy":
        """The rules named by the flag, else those of the settings."""
        from worker.rule_folder import load_folder

        return load_folder(self.folder or rules_of(self.config, self.account))

    def settings(self) -> "tuple[Settings, AccountSettings]":
        """The settings, and those of the account."""
        from worker.settings import load_settings

        found = load_settings(config=self.config)
        return found, found.account(self.account)

    def present(self) -> datetime:
        """The instant of judging: as asked for, else the present one."""
        return self.now or present(self.settings()[0])


def _show(found: "Explanation", *, with_policy: bool, json: bool) -> None:
    blocks = _applying(found) if with_policy else []
    if json:
        told = found.to_json()
        if with_policy:
            told["rules"] = [_block_json(block) for block in blocks]
        as_json(told)
        return
    typer.echo(found.text(), nl=False)
    _show_blocks(blocks)


def _show_policy(policy: "Policy", *, json: bool) -> None:
    from rules.outline import outline

    blocks = list(outline(policy).values())
    if json:
        as_json({"policy": policy.hash, "rules": [_block_json(block) for block in blocks]})
    else:
        result(f"Policy {policy.hash[:12]}")
        _show_blocks(blocks)


def _applying(found: "Explanation") -> "list[Block]":
    """The blocks of the rules that have a part in the verdict."""
    from rules.outline import outline

    cycles, choice = found.verdict.cycles, found.verdict.choice
    wanted = {"settings", f"tier {choice.tier}", f"customer {choice.customer}"}
    for row, counted_in in zip(cycles, found.counts, strict=True):
        wanted |= {f"calendar {row.calendar}", f"calendar {row.target.counted}"}
        wanted |= {f"tier {row.tier}", f"customer {row.customer}"}
        wanted |= {f"escalation {row.target.escalate}"} if row.target.escalate else set()
        wanted |= {f"obligation {name}" for name in counted_in}
    blocks = outline(found.policy).values()
    return [block for block in blocks if block.title.partition(", ")[0] in wanted]


def _block_json(block: "Block") -> dict[str, object]:
    return {
        "block": block.title,
        "rule": block.place or None,
        "values": dict(block.values),
        "holidays": {str(day): name for day, name in block.holidays.items()},
    }


def _show_blocks(blocks: "list[Block]") -> None:
    for block in blocks:
        result()
        result(f"{block.title} ({block.place})" if block.place else block.title)
        for line in block.lines():
            result(f"  {line}")
        if block.holidays:
            first, last = min(block.holidays), max(block.holidays)
            n = len(block.holidays)
            result(f"  holidays: {n} dates, {first} to {last} (stipt calendar lists them)")


def _imagined(like: str, place: _Place) -> "Explanation":
    from rules.explain import explain as explained
    from worker.imagined import NotUnderstood, imagined

    policy = place.rules()
    now = place.present()
    try:
        ticket = imagined(like, now, lambda text: instant(text, zone=policy.settings.time_zone))
    except typer.BadParameter as mistake:
        mistake.param_hint = "--like"
        raise
    except NotUnderstood as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--like") from None
    return explained(ticket, policy, max(now, ticket.created_at) if place.now is None else now)


def _from_history(ident: str, history: Path, mapping: Path | None, place: _Place) -> "Explanation":
    from rules.explain import explain as explained
    from worker.cli.sources import opened_history
    from worker.histories import find

    policy = place.rules()
    ticket, latest, reason = find(ident, opened_history(history, mapping))
    if ticket is None:
        raise CommandFailed(f"{history}: {reason}")
    return explained(ticket, policy, place.now or latest)


def _from_store(ident: str, place: _Place) -> "Explanation":
    from worker.cli.sources import opened_store
    from worker.explaining import explain_stored

    policy, now = place.rules(), place.present()
    with (
        opened_store(place.config, place.account) as store,
        store.database.read(store.account.name) as books,
    ):
        found = explain_stored(books, ident, policy, now)
    if found is None:
        raise CommandFailed(
            f"ticket {ident} is not in the store: stipt run --once reads what is new, "
            "--history a file"
        )
    return found.explanation
