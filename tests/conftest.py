# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: a clean environment, real servers, the reference files."""

import logging
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.services import postgresql, redis_server
from worker.logs import configure_logs

REPOSITORY = Path(__file__).parent.parent

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, print_blob=True)
settings.register_profile("nightly", max_examples=20_000, deadline=None, print_blob=True)
settings.register_profile(  # the same examples every time, and no search for smaller ones
    "fixed",
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

OUR_VARIABLES = ("STIPT_", "ZENDESK_", "ZENPY_", "SENTRY_")
KEPT = frozenset({"STIPT_SHARED"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """One flag writes what a person reads (help pages, tables of flags) afresh."""
    parser.addoption("--rewrite", action="store_true", help="write golden files afresh")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, or the proxy, of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(OUR_VARIABLES) and name not in KEPT:
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,::1")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost,::1")


@pytest.fixture
def captured_logs() -> Iterator[StringIO]:
    """All that this process logs, from DEBUG on, as JSON lines."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = StringIO()
    configure_logs(level="debug", log_format="json", stream=stream)
    yield stream
    root.handlers = before[0]
    root.setLevel(before[1])


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the reference files: STIPT_SHARED, else `shared` beside the repository."""
    folder = Path(os.environ.get("STIPT_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        missing = "the reference files are not here (STIPT_SHARED names their folder)"
        if os.environ.get("CI"):
            pytest.fail(f"{missing}; with CI set they have to be there", pytrace=False)
        pytest.skip(missing)
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgresql.PostgresServer]:
    """A PostgreSQL server that lives as long as the test run."""
    server = postgresql.started_server()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server: postgresql.PostgresServer) -> Iterator[str]:
    """A fresh, empty PostgreSQL database, as a SQLAlchemy URL."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def redis_server_of_run() -> Iterator[redis_server.RedisServer]:
    """A Redis server that lives as long as the test run."""
    server = redis_server.started_server()
    yield server
    server.remove()


@pytest.fixture
def redis_url(redis_server_of_run: redis_server.RedisServer) -> str:
    """An empty Redis database."""
    redis_server_of_run.flush()
    return redis_server_of_run.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind, as a SQLAlchemy URL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'stipt.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
