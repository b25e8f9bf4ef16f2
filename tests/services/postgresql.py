# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL cluster of our own in a temporary folder, on a free loopback port."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.services.availability import free_port, server_is_missing

START_TIMEOUT_S = 30


def find_binaries() -> Path | None:
    """The folder with initdb and postgres: from PATH, else Debian's newest version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    candidates = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(candidates, key=lambda path: int(path.parent.name.split(".")[0]), default=None)


def unprivileged_user() -> str | None:
    """Who runs the server: PostgreSQL refuses root. None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class PostgresServer:
    """One cluster; `start` and `stop` may be called again and again.

    Nothing is flushed to the disk: what was committed outlives a crash of the
    server, not one of the machine.
    """

    def __init__(self, binaries: Path, shared_buffers: str = "32MB") -> None:
        self.binaries = binaries
        self.shared_buffers = shared_buffers
        self.user = unprivileged_user()
        self.folder = Path(tempfile.mkdtemp(prefix="stipt-postgresql-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", str(self.data), "-U", "stipt", "-A", "trust", "-E", "UTF8",
                  "--no-locale", "--no-sync")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [self.binaries / program, *arguments],
            user=self.user,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "60",
            "shared_buffers": self.shared_buffers,
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [self.binaries / "postgres", "-D", self.data, *settings],
                user=self.user,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        ends = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self._admin("SELECT 1")
            except psycopg.OperationalError as problem:
                alive = self._process is not None and self._process.poll() is None
                if not alive or time.monotonic() > ends:
                    log = (self.folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start: {log[-2000:]}") from problem
                time.sleep(0.05)  # a server of another process: nothing to wait on
            else:
                return

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _dsn(self, database: str) -> str:
        return f"postgresql://stipt@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """A fresh database; its URL for SQLAlchemy."""
        self._number += 1
        name = f"test_{self._number}"
        self._admin(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://stipt@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Remove a database of ours, whoever is still connected."""
        self._admin(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def stop(self, mode: str = "immediate") -> None:
        """End the server: `immediate` is what a crash does, `fast` is orderly."""
        if self._process is not None and self._process.poll() is None:
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w")
            self._process.wait(timeout=30)
        self._process = None

    def restart(self, mode: str = "immediate") -> None:
        """Stop in this mode and start again on the same port."""
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def started_server(shared_buffers: str = "32MB") -> PostgresServer:
    """A running server; without PostgreSQL the test is skipped, or failed in CI."""
    binaries = find_binaries()
    if binaries is None:
        server_is_missing("PostgreSQL", "postgresql")
    server = PostgresServer(binaries, shared_buffers)
    try:
        server.start()
    except BaseException:
        server.remove()
        raise
    return server
