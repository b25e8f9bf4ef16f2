# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt run` and its address: refused, in use, or told; what each role answers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox import Sandbox, SandboxSettings
from tests.worker.sandbox_site import SandboxSite
from worker.cli.main import run
from worker.run import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worker.conftest import Site


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The settings of a worker beside a sandbox."""
    with Sandbox(SandboxSettings(tickets=3)) as sandbox:
        for name, value in SandboxSite(sandbox, tmp_path).environment().items():
            monkeypatch.setenv(name, value)
        yield monkeypatch


def test_an_address_that_others_reach_ends_the_start_with_78(
    settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.setenv("STIPT_HTTP_BIND", "0.0.0.0:8080")
    assert run(["run"]) == 78
    assert "STIPT_AUTH is not set" in capsys.readouterr().err


def test_an_address_in_use_ends_the_start_with_1_so_that_it_is_tried_again(
    settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings.setenv("STIPT_HTTP_BIND", f"127.0.0.1:{port}")
        assert run(["run"]) == 1
    told = capsys.readouterr().err
    assert f"STIPT_HTTP_BIND: 127.0.0.1:{port} cannot be used: Address already in use" in told


def test_every_role_answers_probes_and_only_web_takes_webhooks(site: Site) -> None:
    for roles, polls in ((("poll", "tick"), True), (("work",), False), (("web",), False)):
        service = Service(site.start(), roles)
        service.start()
        url = f"http://{service.address}"
        try:
            assert requests.get(f"{url}/livez", timeout=10).status_code == 200
            assert "stipt_build_info" in requests.get(f"{url}/metrics", timeout=10).text
            ready = requests.get(f"{url}/readyz", timeout=10).json()
            assert polls or ready["ready"]
        finally:
            service.drain()
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/livez", timeout=10)
