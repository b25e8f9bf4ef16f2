# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis server of our own in a temporary folder, on a free loopback port."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from tests.services.availability import free_port, server_is_missing

START_TIMEOUT_S = 15


class RedisServer:
    """One server with an append-only file; `kill` and `start` may be called again and again."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.folder = Path(tempfile.mkdtemp(prefix="stipt-redis-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address for brokers, database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self.folder),
            "--save": "",
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--maxmemory-policy": "noeviction",
        }
        words = [word for pair in options.items() for word in pair]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [self.program, *words], stdout=log, stderr=log
            )
        self._wait()

    def _wait(self) -> None:
        ends = time.monotonic() + START_TIMEOUT_S
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.exceptions.ConnectionError as problem:
                    alive = self._process is not None and self._process.poll() is None
                    if not alive or time.monotonic() > ends:
                        log = (self.folder / "log").read_text(errors="replace")
                        raise RuntimeError(f"Redis did not start: {log[-2000:]}") from problem
                    time.sleep(0.02)  # a server of another process: nothing to wait on
                else:
                    return

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
        self._process = None

    def remove(self) -> None:
        """Stop and delete everything."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def started_server() -> RedisServer:
    """A running server; without Redis the test is skipped, or failed in CI."""
    program = shutil.which("redis-server")
    if program is None:
        server_is_missing("Redis", "redis-server")
    server = RedisServer(program)
    try:
        server.start()
    except BaseException:
        server.remove()
        raise
    return server
