# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers on loopback, one of them with TLS."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notify.mail_server import MailServer
from tests.notify.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server that keeps what it gets."""
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server that keeps what it gets."""
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hook.example.com and 127.0.0.1, and its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(  # noqa: S603 -- makes a certificate for these tests
        [
            *("/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(cert), "-subj", "/CN=hook.example.com"),
            *("-addext", "subjectAltName=DNS:hook.example.com,IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    both.write_text(cert.read_text() + key.read_text())
    return both


@pytest.fixture
def secure_receiver(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Receiver:
    """A receiver that speaks TLS, with a certificate that is trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    return receiver
