# SPDX-License-Identifier: GPL-3.0-or-later
"""A store belongs to the helpdesk that it was filled from; another one is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.main import run
from worker.settings import load_settings
from worker.settings_values import Place, place
from worker.store.database import Database
from worker.store.places import OtherHelpdesk, accept_place, keep_place, kept_place
from worker.store.schema import _config, upgrade
from worker.store.tables import accounts, tickets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worker.conftest import Site

A = "default"
ACME, GLOBEX = Place("zendesk", "acme.zendesk.com"), Place("zendesk", "globex.zendesk.com")


def pointed_at(site: Site, **changes: object) -> Site:
    """The site with other settings of its account; it is started anew."""
    account = site.settings.accounts[0].model_copy(update=changes)
    site.settings = site.settings.model_copy(update={"accounts": (account,)})
    return site


def of_acme(site: Site) -> Site:
    site.helpdesk.add("1")
    site.start()
    site.once()
    return site


def test_a_start_with_another_helpdesk_is_refused_and_changes_nothing(any_site: Site) -> None:
    site = of_acme(any_site)
    with site.database.read(A) as books:
        before = list(books.rows(sa.select(accounts))), list(books.rows(sa.select(tickets)))

    with pytest.raises(OtherHelpdesk) as refusal:
        pointed_at(site, subdomain="globex").start()

    told = "\n".join(refusal.value.problems)
    assert str(ACME) in told
    assert str(GLOBEX) in told
    assert "stipt db accept-helpdesk --account default" in told
    with site.database.read(A) as books:
        assert (list(books.rows(sa.select(accounts))), list(books.rows(sa.select(tickets)))) == (
            before
        )


def test_the_refusal_names_the_database_and_not_its_password(any_site: Site) -> None:
    site = of_acme(any_site)
    with pytest.raises(OtherHelpdesk) as refusal:
        pointed_at(site, subdomain="globex").start()
    url = site.database.url
    assert str(url.database) in refusal.value.problems[0]
    assert f":{url.password}@" not in "".join(refusal.value.problems)


def test_the_same_helpdesk_written_otherwise_is_taken(any_site: Site) -> None:
    site = of_acme(any_site)
    pointed_at(site, zendesk_url="https://ACME.zendesk.com:443", subdomain=None).start()
    pointed_at(site, zendesk_url=None, domain="acme.zendesk.com").start()


def test_a_slip_in_the_first_start_can_be_mended_as_long_as_nothing_was_read(
    any_site: Site,
) -> None:
    pointed_at(any_site, subdomain="globex").start()
    of_acme(pointed_at(any_site, subdomain="acme"))
    with any_site.database.read(A) as books:
        assert kept_place(books) == ACME


def test_another_account_of_the_database_has_a_helpdesk_of_its_own(any_site: Site) -> None:
    of_acme(any_site)
    account = any_site.settings.accounts[0]
    other = account.model_copy(update={"name": "other", "subdomain": "globex"})
    any_site.settings = any_site.settings.model_copy(update={"accounts": (account, other)})
    with any_site.database.write("other") as books:
        books.tx.execute(sa.insert(accounts).values(account="other", sync_from=0, started_at=0))
        keep_place(books, other.place)
    with any_site.database.read("other") as books:
        assert kept_place(books) == GLOBEX
    with any_site.database.read(A) as books:
        assert kept_place(books) == ACME


def test_a_store_from_before_takes_the_helpdesk_that_the_settings_name(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0019")
        connection.execute(
            sa.text(
                "INSERT INTO accounts (account, sync_from, started_at) VALUES ('default', 0, 0)"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO tickets (account, ticket_id, facts, current, feed_order, updated_at)"
                " VALUES ('default', '1', '{}', '{}', 1, 0)"
            )
        )
    upgrade(database)
    with database.write(A) as books:
        assert kept_place(books) is None
        keep_place(books, ACME)
        assert kept_place(books) == ACME
        with pytest.raises(OtherHelpdesk):
            keep_place(books, GLOBEX)
        accept_place(books, GLOBEX)
        keep_place(books, GLOBEX)
    database.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://acme.zendesk.com", "acme.zendesk.com"),
        ("https://Acme.Zendesk.com:443", "acme.zendesk.com"),
        ("http://127.0.0.1:8321", "127.0.0.1:8321"),
        ("https://tracker.example.com/rt/", "tracker.example.com/rt"),
        ("https://tracker.example.com:8443", "tracker.example.com:8443"),
    ],
)
def test_a_host_is_written_in_one_way(url: str, host: str) -> None:
    assert place("zendesk", url) == Place("zendesk", host)


def test_the_kind_of_helpdesk_is_part_of_what_it_is() -> None:
    named = {"STIPT_RT_URL": "https://acme.zendesk.com", "ZENDESK_SUBDOMAIN": "acme"}
    kinds = {
        kind: load_settings(environment=named | {"STIPT_HELPDESK": kind}).account().place
        for kind in ("zendesk", "request_tracker")
    }
    assert kinds["zendesk"] == ACME
    assert kinds["request_tracker"] == Place("request_tracker", "acme.zendesk.com")


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox from which a store was filled, and settings that name both."""
    with Sandbox(SandboxSettings(tickets=5, speed=600)) as running:
        for name, value in {
            "STIPT_ZENDESK_URL": running.base_url,
            "STIPT_CLOCK_URL": f"{running.base_url}/_sandbox/clock",
            "ZENDESK_OAUTH_CLIENT_ID": running.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": running.settings.client_secret,
            "STIPT_STATE_DIR": str(tmp_path),
            "STIPT_RULES_PATH": str(tmp_path / "sla"),
            "XDG_CONFIG_HOME": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        assert run(["init", str(tmp_path / "sla")]) == 0
        assert run(["run", "--once", "--quiet"]) == 0
        yield running


def test_commands_refuse_another_helpdesk_and_one_accepts_a_new_address(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = tmp_path / "plan.json"
    assert run(["plan", "--out", str(plan), "--quiet"]) == 0
    monkeypatch.setenv("STIPT_ZENDESK_URL", sandbox.base_url.replace("127.0.0.1", "localhost"))
    calls = sandbox.ledger.calls.total()
    capsys.readouterr()

    assert run(["run", "--once"]) == 78
    told = capsys.readouterr().err
    assert f"holds tickets of {sandbox.base_url.removeprefix('http://')} (zendesk)" in told
    assert run(["plan"]) == 1
    assert run(["apply", str(plan), "--yes"]) == 1
    assert sandbox.ledger.calls.total() == calls
    run(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in found["checks"] if one["name"] == "helpdesk"] == ["fail"]

    assert run(["db", "accept-helpdesk", "--yes"]) == 0
    assert "are those of localhost:" in capsys.readouterr().out
    assert run(["db", "accept-helpdesk"]) == 0
    assert "there is nothing to accept" in capsys.readouterr().out
    assert run(["run", "--once", "--quiet"]) == 0


def test_nothing_is_accepted_without_a_yes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STIPT_ZENDESK_URL", sandbox.base_url.replace("127.0.0.1", "localhost"))
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert run(["db", "accept-helpdesk"]) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert run(["run", "--once"]) == 78
