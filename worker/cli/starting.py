# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt init`: a folder of rule files to start from."""

import json as json_module
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile, rules_of
from worker.cli.options import present as now
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say

if TYPE_CHECKING:
    from worker.importing import Proposal

SCHEMA_FILE = "stipt.schema.json"


_Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder to write; else STIPT_RULES_PATH, else sla.", metavar="DIR"),
]
_FromExisting = Annotated[
    bool,
    typer.Option(
        "--from-existing",
        help="Propose rules from the account's SLA policies, schedules and customer fields.",
    ),
]


def init(
    *,
    folder: _Folder = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    from_existing: _FromExisting = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Write a starter folder of rule files with comments, tests and an editor's schema."""
    folder = folder or rules_of(config, account)
    if folder.exists() and not folder.is_dir():
        raise CommandFailed(f"{folder}: there is a file of this name")
    proposal = _proposal(config, account) if from_existing else None
    contents = _contents() if proposal is None else _proposed(proposal)
    present = [str(folder / name) for name in contents if (folder / name).exists()]
    if present and not force:
        raise CommandFailed(f"{', '.join(present)}: exists already; --force writes over it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    written = [str(folder / name) for name in contents]
    if json:
        as_json({"written": written} | ({} if proposal is None else _told(proposal)))
        return
    for path in written:
        result(path)
    if quiet:
        return
    if proposal is not None:
        _say_what_is_open(proposal)
    say(f"Now look through them and run: stipt check {folder}")


def _proposal(config: Path | None, account: str | None) -> "Proposal":
    """What an account's own agreements come to as rules."""
    from connector.zendesk.existing import read_existing
    from worker.importing import propose
    from worker.settings import SettingsInvalid, load_settings
    from worker.wiring import zendesk_account

    settings = load_settings(config=config)
    chosen = settings.account(account)
    if chosen.helpdesk != "zendesk":
        raise CommandFailed("--from-existing reads Zendesk accounts alone")
    if chosen.missing():
        raise SettingsInvalid(chosen.missing())
    found = read_existing(zendesk_account(chosen, now=lambda: now(settings)))
    return propose(found, now(settings).date())


def _proposed(proposal: "Proposal") -> dict[str, str]:
    return {**proposal.files, SCHEMA_FILE: schema_text()}


def _told(proposal: "Proposal") -> dict[str, object]:
    return {
        "taken": list(proposal.taken),
        "left_out": [{"policy": name, "reason": reason} for name, reason in proposal.left_out],
        "findings": [{**asdict(one), "level": one.level} for one in proposal.findings],
    }


def _say_what_is_open(proposal: "Proposal") -> None:
    say(f"{counted(len(proposal.taken), 'tier')} from the account")
    for name, reason in proposal.left_out:
        say(f'only as a comment: "{name}": {reason}')
    if proposal.findings:
        n = counted(len(proposal.findings), "finding")
        say(f"the account does not say everything; {n}, each beside its tier as a comment:")
        for finding in proposal.findings:
            say(f"  {finding}")


def schema_text() -> str:
    """The JSON Schema of rule files as it stands beside them."""
    from rules.schema import json_schema

    return json_module.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _contents() -> dict[str, str]:
    """File names and texts of the starter folder, the schema included."""
    masters = sorted(_masters(), key=lambda master: master.name)
    contents = {master.name: master.read_text(encoding="utf-8") for master in masters}
    return contents | {SCHEMA_FILE: schema_text()}


def _masters() -> list[Traversable]:
    folder = files("worker").joinpath("starter")
    return [one for one in folder.iterdir() if one.name.endswith((".yaml", ".yml"))]
