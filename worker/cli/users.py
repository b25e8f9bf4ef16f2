# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt users`: people who may sign in to the web pages with a password."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.options import ConfigFile, Yes, present
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Database
    from worker.store.people import Person

_Name = Annotated[str, typer.Argument(help="Under which somebody signs in.", metavar="NAME")]
_FromInput = Annotated[
    bool,
    typer.Option("--password-stdin", help="Take the password from the first line of the input."),
]


def add(
    *,
    name: _Name,
    role: Annotated[
        Literal["viewer", "operator"], typer.Option(help="A viewer looks; an operator acts too.")
    ] = "viewer",
    password_stdin: _FromInput = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
) -> None:
    """Let somebody sign in to the web pages; asks for a password."""
    from worker.store.people import EVERYBODY, add_person

    known = _name(name)
    with _opened(config) as people:
        people.refuse_taken(known)
        held = _hash(known, from_input=password_stdin)
        with people.database.write(EVERYBODY) as books:
            done = add_person(books, known, role, held, people.now)
    if not done:
        raise CommandFailed(f"{known} is there already")
    _tell({"name": known, "role": role}, f"{known} may sign in as {role}", json=json, quiet=quiet)


def password(
    *,
    name: _Name,
    password_stdin: _FromInput = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
) -> None:
    """Give somebody a new password; all of their sessions end."""
    from worker.store.people import EVERYBODY, change_password

    known = _name(name)
    with _opened(config) as people:
        people.require(known)
        held = _hash(known, from_input=password_stdin)
        with people.database.write(EVERYBODY) as books:
            done = change_password(books, known, held, people.now)
    if not done:
        raise CommandFailed(f"there is nobody called {known}")
    _tell({"name": known}, f"{known} has a new password", json=json, quiet=quiet)


def remove(
    *,
    name: _Name,
    yes: Yes = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
) -> None:
    """Let somebody sign in no more; all of their sessions end."""
    from worker.store.people import EVERYBODY, remove_person

    known = _name(name)
    with _opened(config) as people:
        people.require(known)
        if not yes and not typer.confirm(f"Remove {known}?", err=True):
            raise CommandFailed("nothing was changed")
        with people.database.write(EVERYBODY) as books:
            remove_person(books, known)
    _tell({"name": known}, f"{known} is removed", json=json, quiet=quiet)


def _tell(document: dict[str, object], told: str, *, json: bool, quiet: bool) -> None:
    if json:
        as_json(document)
    elif not quiet:
        result(told)


def _name(written: str) -> str:
    from worker.passwords import NotAcceptable, person_name

    try:
        return person_name(written)
    except NotAcceptable as mistake:
        raise typer.BadParameter(str(mistake), param_hint="NAME") from None


def _hash(name: str, *, from_input: bool) -> str:
    """The hash of a password that somebody types twice, or pipes in."""
    from worker.passwords import NotAcceptable, hashed

    if from_input:
        given = sys.stdin.readline().rstrip("\r\n")
    else:
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        return hashed(name, given)
    except NotAcceptable as mistake:
        raise CommandFailed(str(mistake)) from None


@dataclass(frozen=True)
class _People:
    """The people of an installation, opened for one command."""

    database: "Database"
    now: "datetime"

    def require(self, name: str) -> None:
        if not self._is_known(name):
            raise CommandFailed(f"there is nobody called {name}; stipt users list shows who is")

    def refuse_taken(self, name: str) -> None:
        """Before a password is asked for in vain."""
        if self._is_known(name):
            raise CommandFailed(f"{name} is there already; stipt users password changes a password")

    def _is_known(self, name: str) -> bool:
        from worker.store.people import EVERYBODY, password_of

        with self.database.read(EVERYBODY) as books:
            return password_of(books, name) is not None


@contextmanager
def _opened(config: Path | None) -> Iterator[_People]:
    from worker.cli.sources import opened_database
    from worker.settings import load_settings
    from worker.store.schema import prepare

    settings = load_settings(config=config)
    # People may be added before the first start.
    with opened_database(settings, prepare) as database:
        yield _People(database, present(settings))


def _json(person: "Person") -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "created_at": f"{person.created_at:%FT%TZ}",
        "password_set_at": f"{person.changed_at:%FT%TZ}",
    }


# The last one: below it the name means the command, not Python's own.
def list(  # noqa: A001 -- the command's name
    *, json: JsonFlag = False, quiet: QuietFlag = False, config: ConfigFile = None
) -> None:
    """List who may sign in, with their roles; passwords are never shown."""
    from worker.store.people import EVERYBODY, everybody

    with _opened(config) as people, people.database.read(EVERYBODY) as books:
        found = everybody(books)
    if json:
        as_json({"people": [_json(one) for one in found]})
        return
    for one in found:
        result(f"{one.role:<8}  {one.name}  password of {one.changed_at:%F}")
    if not found and not quiet:
        say("nobody yet; stipt users add lets somebody sign in")
