# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt policy`: the rules that were ever in force, their texts, and what two of them mean."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, coloured, counted, result, say

if TYPE_CHECKING:
    from datetime import date

    from rules.policy import Policy
    from worker.settings import AccountSettings, Settings
    from worker.store.database import Database
    from worker.store.policy_log import PolicyLoad

SHOWN = 12
"""So many digits of a hash are shown; fewer are accepted where they are enough."""

PolicyHash = Annotated[
    str,
    typer.Argument(help="The beginning of a policy's hash, at least four digits.", metavar="HASH"),
]


def log(
    *,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """List the policies that were in force, the latest first: when, and from which files."""
    from worker.store.policy_log import policy_loads_of

    with _opened(config, account) as shelf, shelf.database.read(shelf.account.name) as books:
        loads = policy_loads_of(books)
    if json:
        as_json({"policies": [_load_json(one) for one in loads]})
        return
    for one in loads:
        result(_load_line(one))
    if not loads and not quiet:
        say("no policy has been in force yet: stipt run loads the rules")


def _load_json(one: "PolicyLoad") -> dict[str, object]:
    return {
        "hash": one.hash,
        "loaded_at": _stamp(one),
        "in_force": one.is_in_force,
        "files": list(one.files),
        "verdicts": one.verdicts,
    }


def _load_line(one: "PolicyLoad") -> str:
    sign = "*" if one.is_in_force else " "
    judged = counted(one.verdicts, "verdict")
    line = f"{sign} {one.hash[:SHOWN]}  {_stamp(one)}  {', '.join(one.files)}; {judged}"
    return f"{line}; in force" if one.is_in_force else line


def _stamp(one: "PolicyLoad") -> str:
    return f"{one.loaded_at:%Y-%m-%dT%H:%M:%SZ}"


def show(
    *,
    policy: PolicyHash,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the files into this new folder instead.", metavar="DIR"),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Print the files of a policy as they were when it came into force."""
    with _opened(config, account) as shelf:
        found = shelf.stored(policy)
    if out is not None:
        _write(found.files, out, quiet=quiet)
    elif json:
        texts = {name: _text(raw) for name, raw in found.files.items()}
        as_json({"hash": found.name, "files": texts})
    else:
        for name, raw in found.files.items():
            result(f"# --- {name}")
            typer.echo(_text(raw), nl=not raw.endswith(b"\n"))


def _write(files: Mapping[str, bytes], folder: Path, *, quiet: bool) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandFailed(f"{folder}: exists already and is not an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
        if not quiet:
            result(str(folder / name))


_Before = Annotated[str, typer.Argument(help="The beginning of a hash, or a folder.", metavar="A")]
_After = Annotated[
    str | None,
    typer.Argument(help="Likewise; else the folder of the settings.", metavar="B"),
]
_Meaning = Annotated[bool, typer.Option("--meaning", help="Leave out how the texts differ.")]


def diff(
    *,
    before: _Before,
    after: _After = None,
    meaning: _Meaning = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Say what two policies mean differently, then how their texts differ."""
    from rules.differences import differences

    with _opened(config, account) as shelf:
        one = shelf.either(before)
        other = shelf.either(after) if after is not None else shelf.folder(shelf.rules)
        today = shelf.today
    if one.policy is None or other.policy is None:
        broken = one if one.policy is None else other
        say(
            f"{broken.name}: this version of Stipt cannot read these files; only texts are compared"
        )
        found = None
    else:
        found = differences(one.policy, other.policy, today)
    texts = [] if meaning else list(_text_differences(one, other))
    if json:
        told = None if found is None else [item.to_json() for item in found]
        as_json({"before": one.name, "after": other.name, "meaning": told, "text": texts})
        return
    for item in found or ():
        result(coloured(item.text(), _COLOURS[item.kind]))
    if found is not None and not found and not quiet:
        say("both mean the same")
    if found and texts:
        result()
    for line in texts:
        result(coloured(line, _LINE_COLOURS.get(line[:1], "")))


_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}
_LINE_COLOURS = {"+": "green", "-": "red"}


def _text_differences(one: "_Rules", other: "_Rules") -> Iterator[str]:
    for name in sorted({*one.files, *other.files}):
        old, new = (_text(side.files.get(name, b"")).splitlines() for side in (one, other))
        names = (f"{one.name}/{name}", f"{other.name}/{name}")
        yield from difflib.unified_diff(old, new, *names, lineterm="")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class _Rules:
    """Rule files under a name that people recognise; no policy where they cannot be read."""

    name: str
    files: Mapping[str, bytes]
    policy: "Policy | None"


@dataclass(frozen=True)
class _Shelf:
    """Where policies are found: the store of an account, and folders."""

    settings: "Settings"
    account: "AccountSettings"
    database: "Database"

    @property
    def rules(self) -> Path:
        """The folder of the settings."""
        return self.account.rules_path

    @property
    def today(self) -> "date":
        """The present day in UTC."""
        return present(self.settings).date()

    def stored(self, beginning: str) -> _Rules:
        """A policy of the store.

        Raises:
            CommandFailed: as `only_hash`.
        """
        from worker.policies import PolicyArchive
        from worker.store.policy_log import hashes_like, policy_files

        with self.database.read(self.account.name) as books:
            name = only_hash(beginning, hashes_like(books, beginning.lower()))
            files = policy_files(books, name) or {}
        policy = PolicyArchive(self.database, self.account.name).by_hash(name)
        return _Rules(name[:SHOWN], dict(sorted(files.items())), policy)

    def folder(self, path: Path) -> _Rules:
        """The rules of a folder.

        Raises:
            RulesMissing, RulesInvalid: they cannot be loaded.
        """
        from worker.rule_folder import load_folder, read_files, rule_paths

        policy = load_folder(path)
        return _Rules(str(path), read_files(rule_paths(path), named_as_given=False), policy)

    def either(self, named: str) -> _Rules:
        """A folder where there is one of that name, else a policy of the store."""
        path = Path(named)
        return self.folder(path) if path.is_dir() else self.stored(named)


def only_hash(beginning: str, hashes: Sequence[str]) -> str:
    """The one hash that was meant by its beginning.

    Raises:
        CommandFailed: too little was given, or none or several begin so.
    """
    if len(beginning) < 4:
        raise CommandFailed(f'"{beginning}": give at least four digits of a hash')
    if not hashes:
        raise CommandFailed(f'no policy begins with "{beginning}"; stipt policy log lists them')
    if len(hashes) > 1:
        several = ", ".join(name[: len(beginning) + 4] for name in hashes)
        raise CommandFailed(f'several policies begin with "{beginning}": {several}')
    return hashes[0]


@contextmanager
def _opened(config: Path | None, account: str | None) -> Iterator[_Shelf]:
    from worker.cli.sources import opened_database
    from worker.settings import load_settings
    from worker.store.schema import prepare

    settings = load_settings(config=config)
    chosen = settings.account(account)
    with opened_database(settings, prepare) as database:
        yield _Shelf(settings, chosen, database)
