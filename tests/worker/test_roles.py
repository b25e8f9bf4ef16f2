# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process with some of the roles does, and which divisions of the work are refused."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import requests
import sqlalchemy as sa

from connector.sandbox import Sandbox, SandboxSettings
from tests.services.availability import free_port
from tests.worker.sandbox_site import GENEROUS, SandboxSite, eventually
from worker.cli.main import run
from worker.roles import refuse_idle_roles
from worker.settings import SettingsInvalid, load_settings
from worker.store.accounts import account_row, change_account
from worker.store.tables import field_changes, tickets
from worker.taking_over import take_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worker.conftest import Site
    from worker.roles import Role

POSTGRESQL = "postgresql+psycopg://stipt:secret@127.0.0.1/stipt"
REDIS = "redis://127.0.0.1/0"


def refused(database: str, broker: str, roles: tuple[Role, ...]) -> str:
    """The sentence with which a start is refused; empty where it is not."""
    given = {"STIPT_DATABASE_URL": database, "STIPT_BROKER_URL": broker}
    settings = load_settings(environment={name: one for name, one in given.items() if one})
    try:
        refuse_idle_roles(settings, roles)
    except SettingsInvalid as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize(
    ("database", "broker", "roles"),
    [
        ("", "", ("all",)),
        ("", "", ("poll", "tick", "work")),
        ("", "", ("poll", "tick", "work", "web")),
        (POSTGRESQL, "", ("all",)),
        (POSTGRESQL, "", ("poll",)),
        (POSTGRESQL, "", ("web",)),
        (POSTGRESQL, "", ("tick", "work")),
        (POSTGRESQL, REDIS, ("tick",)),
        (POSTGRESQL, REDIS, ("work", "web")),
    ],
)
def test_a_division_in_which_everything_is_done_may_start(
    database: str, broker: str, roles: tuple[Role, ...]
) -> None:
    assert refused(database, broker, roles) == ""


@pytest.mark.parametrize(
    ("database", "broker", "roles", "told"),
    [
        ("", "", ("tick",), "--role: poll and work would be done by nobody"),
        ("", "", ("web",), "--role: poll and tick and work would be done by nobody"),
        ("", REDIS, ("poll", "tick"), "--role: work would be done by nobody"),
        (POSTGRESQL, "", ("tick",), "STIPT_BROKER_URL is missing"),
        (POSTGRESQL, "", ("poll", "tick"), "STIPT_BROKER_URL is missing"),
        (POSTGRESQL, "", ("work",), "STIPT_BROKER_URL is missing"),
    ],
)
def test_a_division_in_which_something_is_done_by_nobody_is_refused(
    database: str, broker: str, roles: tuple[Role, ...], told: str
) -> None:
    assert refused(database, broker, roles).startswith(told)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tickets=40, seed=5, speed=60, limits=GENEROUS)) as running:
        yield running


@pytest.fixture
def environment(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a worker beside a sandbox, on SQLite."""
    for name, value in SandboxSite(sandbox, tmp_path).environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("run --role tick", 78, "poll and work would be done by nobody"),
        ("run --role tick,sweep", 64, '"sweep" is not one of all, poll, tick, work, web'),
        ("run --once --role poll", 64, "not with --once, which does everything"),
    ],
)
@pytest.mark.usefixtures("environment")
def test_a_role_that_cannot_be_is_told_in_a_sentence(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], line: str, code: int, told: str
) -> None:
    assert run(line.split()) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert sandbox.ledger.calls.total() == 0


LOOPS = {
    "poll": {"rules", "poll:default", "hints:default"},
    "tick": {"rules", "tick", "audit", "standings:default"},
    "work": {"rules", "reports:default"},
    "web": {"rules"},
}


@pytest.mark.timeout(150)
def test_each_role_in_a_process_of_its_own_does_its_part_and_no_other(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_url: str,
    redis_url: str,
) -> None:
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", sandbox.base_url.removeprefix("http://"))
    site = SandboxSite(sandbox, tmp_path, postgres_url)
    site.set_up_fields()
    ports = {role: free_port() for role in LOOPS}

    def start(role: str, stack: ExitStack) -> None:
        setting = "STIPT_HTTP_BIND" if role == "web" else "STIPT_PROBE_BIND"
        bind = {setting: f"127.0.0.1:{ports[role]}", "STIPT_BROKER_URL": redis_url}
        process = site.serve(roles=(role,), **bind)
        stack.callback(process.end)
        assert eventually(lambda: answers(role), 40), process.errors()

    def answers(role: str) -> bool:
        try:
            found = requests.get(f"http://127.0.0.1:{ports[role]}/livez", timeout=5)
        except requests.ConnectionError:
            return False
        return found.status_code == 200 and set(found.json()["loops"]) >= LOOPS[role]

    def page(role: str) -> int:
        url = f"http://127.0.0.1:{ports[role]}/"
        return requests.get(url, timeout=10, allow_redirects=False).status_code

    with ExitStack() as processes:
        start("web", processes)
        assert (page("web"), site.stored_tickets()) == (200, set())
        start("poll", processes)
        assert eventually(lambda: len(site.stored_tickets()) >= 40, 40)
        start("tick", processes)
        assert {page("poll"), page("tick")} == {404}
        assert not site.is_judged()
        assert not site.notes()
        start("work", processes)
        assert eventually(lambda: site.is_judged() and bool(site.notes()), 60)


def waiting(site: Site) -> list[str]:
    with site.database.read("default") as books:
        choice = sa.select(field_changes.c.state).where(books.of(field_changes))
        return [str(row[0]) for row in books.tx.execute(choice)]


def test_a_process_that_does_not_work_leaves_waiting_changes_to_those_that_do(
    any_site: Site,
) -> None:
    any_site.helpdesk.add("1")
    work = any_site.start().accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    assert waiting(any_site) == ["ready"]

    installation = any_site.start(works=False, write="off")
    assert waiting(any_site) == ["ready"]
    with any_site.database.read("default") as books:
        assert account_row(books).write_mode == "on"

    take_over(installation, is_alone=False)
    assert waiting(any_site) == ["dry_run"]


def test_a_new_version_that_does_not_work_leaves_the_new_judgement_to_one_that_does(
    any_site: Site,
) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    with any_site.database.write("default") as books:
        change_account(books, code_version="0.0.1")
    moment = look_at(any_site)

    installation = any_site.start(works=False)
    assert look_at(any_site) == moment
    take_over(installation, is_alone=False)
    assert look_at(any_site) == any_site.clock.now().timestamp()


def look_at(site: Site) -> int:
    with site.database.read("default") as books:
        return int(books.tx.execute(sa.select(tickets.c.look_at)).scalar_one())
