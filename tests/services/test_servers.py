# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that other tests rely on."""

import pytest
import redis
import sqlalchemy as sa

from tests.services import availability
from tests.services.postgresql import PostgresServer


def test_each_kind_of_database_starts_empty(database_url: str):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (id INTEGER)"))
        assert connection.execute(sa.text("SELECT count(*) FROM things")).scalar() == 0
    engine.dispose()


def test_a_database_survives_a_crash_of_its_server(
    postgres_server: PostgresServer, postgres_url: str
):
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (id INTEGER)"))
    engine.dispose()
    postgres_server.restart("immediate")
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM things")).scalar() == 0
    engine.dispose()


def test_redis_starts_empty(redis_url: str):
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("a", "b")


def test_a_missing_server_skips_on_a_desk_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install postgresql"):
        availability.server_is_missing("PostgreSQL", "postgresql")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="with CI set"):
        availability.server_is_missing("PostgreSQL", "postgresql")
