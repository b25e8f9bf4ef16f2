# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when a server that tests need is not installed."""

import os
import socket
from typing import NoReturn

import pytest


def server_is_missing(name: str, package: str) -> NoReturn:
    """Skip the test with a reason; where CI is set, fail it instead."""
    reason = f"{name} is not installed (Debian or Ubuntu: apt-get install {package})"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; with CI set it has to be there", pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
