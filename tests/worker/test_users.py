# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt users`: who may sign in, on both databases."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from worker.cli.main import run
from worker.passwords import is_right
from worker.store.people import (
    EVERYBODY,
    begin_session,
    count_try,
    password_of,
    session_of,
    take_back_try,
)

if TYPE_CHECKING:
    from tests.worker.conftest import Site

PASSWORD = "CANARY correct horse"


@pytest.fixture
def store(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The commands open this site's store."""
    for name, value in {
        "STIPT_DATABASE_URL": any_site.database.url.render_as_string(hide_password=False),
        "STIPT_STATE_DIR": str(any_site.settings.state_dir),
        "XDG_CONFIG_HOME": str(any_site.settings.state_dir / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    return any_site


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The password is piped in."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{PASSWORD} new\n"))
    return monkeypatch


def add(name: str, *flags: str) -> int:
    return run(["users", "add", name, "--password-stdin", *flags])


def held(site: Site, name: str) -> str | None:
    with site.database.read(EVERYBODY) as books:
        return password_of(books, name)


@pytest.mark.usefixtures("typed")
def test_somebody_is_added_listed_changed_and_removed(
    store: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add("Ada", "--role", "operator") == 0
    assert is_right(PASSWORD, held(store, "ada"))
    assert run(["users", "password", "ADA", "--password-stdin"]) == 0
    assert is_right(f"{PASSWORD} new", held(store, "ada"))
    capsys.readouterr()
    assert run(["users", "list", "--json"]) == 0
    told = capsys.readouterr().out
    [person] = json.loads(told)["people"]
    assert (person["name"], person["role"]) == ("ada", "operator")
    assert "argon2" not in told
    assert run(["users", "remove", "ada", "--yes"]) == 0
    assert held(store, "ada") is None


@pytest.mark.usefixtures("typed")
def test_what_ends_with_a_person_or_a_password(store: Site) -> None:
    assert add("ada") == 0
    for command in (["password", "ada", "--password-stdin"], ["remove", "ada", "--yes"]):
        with store.database.write(EVERYBODY) as books:
            begin_session(books, "token", "ada", store.clock.now())
            assert session_of(books, "token")
        assert run(["users", *command]) == 0
        with store.database.read(EVERYBODY) as books:
            assert session_of(books, "token") is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("short", "a password has 12 to 200 characters"),
        ("x" * 201, "a password has 12 to 200 characters"),
        ("Ada-of-Example", "a password is not the name"),
    ],
)
def test_a_bad_password_is_refused_and_not_repeated(
    store: Site,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: str,
    told: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given + "\n"))
    assert add("ada-of-example") == 1
    error = capsys.readouterr().err
    assert told in error
    assert given not in error
    assert held(store, "ada-of-example") is None


@pytest.mark.usefixtures("store", "typed")
def test_a_name_that_is_taken_or_unknown_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert add("ada") == 0
    assert add("ADA") == 1
    assert "ada is there already" in capsys.readouterr().err
    assert run(["users", "remove", "bob", "--yes"]) == 1
    assert "there is nobody called bob" in capsys.readouterr().err
    assert add("a b") == 64


def test_tries_are_counted_by_window_and_taken_back(store: Site) -> None:
    with store.database.write(EVERYBODY) as books:
        assert [count_try(books, "k", 1) for _ in range(3)] == [1, 2, 3]
        take_back_try(books, "k")
        assert count_try(books, "k", 1) == 3
        assert count_try(books, "k", 2) == 1
