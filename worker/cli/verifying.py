# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report verify`: whether statements are the ones that were closed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import AccountName, ConfigFile
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say
from worker.cli.sources import opened_store

if TYPE_CHECKING:
    from rules.statements import Sealed
    from worker.settings import Settings


def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="What `report show --json` printed; else every statement of the store.",
            metavar="FILE",
        ),
    ] = None,
    *,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Say of closed statements whether they are what was closed, and signed with our key."""
    if files:
        from worker.settings import load_settings

        settings, written = load_settings(config=config), [(f"{one}", one) for one in files]
        found = [(name, path.read_bytes()) for name, path in written]
    else:
        settings, found = _of_the_store(config, account)
    checked = [(name, *_checked(text, settings)) for name, text in found]
    n_bad = sum(not is_good for _, is_good, _ in checked)
    if json:
        statements = [{"statement": a, "valid": b, "said": c} for a, b, c in checked]
        as_json({"statements": statements, "altered": n_bad})
    else:
        for name, _, said in checked:
            result(f"{name}: {said}")
    if n_bad:
        raise CommandFailed(f"{counted(n_bad, 'statement')} of {len(checked)} cannot be relied on")
    if not quiet and not json:
        say(f"{counted(len(checked), 'statement')} looked at")


def _of_the_store(
    config: Path | None, account: str | None
) -> "tuple[Settings, list[tuple[str, bytes]]]":
    from worker.store.statements import statement_texts

    with (
        opened_store(config, account) as store,
        store.database.read(store.account.name) as books,
    ):
        return store.settings, statement_texts(books)


def _checked(written: bytes, settings: "Settings") -> tuple[bool, str]:
    """Whether the bytes are what was closed, and a sentence on it."""
    from rules.statements import NoStatement, StatementAltered, unseal

    try:
        sealed = unseal(written)
    except NoStatement as nothing:
        return False, str(nothing)
    except StatementAltered as altered:
        return False, f"altered: {altered}"
    return _is_ours(sealed, settings), verdict_on(sealed, settings)


def _is_ours(sealed: "Sealed", settings: "Settings") -> bool:
    from rules.statements import is_signed_with

    key = signing_key(settings)
    return key is None or sealed.signature is None or is_signed_with(sealed, key)


def verdict_on(sealed: "Sealed", settings: "Settings") -> str:
    """A sentence on a statement whose hash fits: is it signed, and with our key?"""
    if sealed.signature is None:
        return f"valid, {sealed.sha256[:12]}; not signed"
    if signing_key(settings) is None:
        return f"valid, {sealed.sha256[:12]}; signed, and without STIPT_SIGNING_KEY nobody can tell"
    if _is_ours(sealed, settings):
        return f"valid, {sealed.sha256[:12]}; signed with our key"
    return f"{sealed.sha256[:12]} is not signed with the key of STIPT_SIGNING_KEY"


def signing_key(settings: "Settings") -> bytes | None:
    """The key that signs statements, if there is one."""
    key = settings.signing_key
    return None if key is None else key.get_secret_value().encode()
