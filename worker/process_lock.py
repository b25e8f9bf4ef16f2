# SPDX-License-Identifier: GPL-3.0-or-later
"""One process per SQLite file: a second one refuses to start."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.store.database import Database


class AlreadyRunning(Exception):
    """Another process works on this SQLite file."""


@contextmanager
def only_process(database: Database) -> Iterator[bool]:
    """Hold the lock of a SQLite file; True when this process is the only one.

    PostgreSQL needs none, and then the answer is False: others may be at work.
    The lock is the kernel's, so it ends with the process, however that ends.

    Raises:
        AlreadyRunning: somebody else holds it.
    """
    path = database.url.database
    if not database.is_sqlite or not path or path == ":memory:":
        yield database.is_sqlite
        return
    with Path(f"{path}.lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"another process works on {path}; SQLite allows one at a time: end that one, "
                "or use PostgreSQL for more"
            ) from None
        yield True


def holder() -> str:
    """A name for this thread of this process, for lease rows."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
