# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt sandbox`: the local stand-in for the Zendesk API."""

import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say

if TYPE_CHECKING:
    from connector.sandbox.settings import SandboxSettings


_Port = Annotated[int, typer.Option(help="Loopback port; 0 takes a free one.", min=0, max=65535)]
_Speed = Annotated[float, typer.Option(help="How many times faster its clock runs.", min=0)]
_Profile = Annotated[
    Literal["default", "high_volume", "trial"], typer.Option(help="Whose rate limits it has.")
]
_Faults = Annotated[
    list[str] | None,
    typer.Option(help="A fault's name, or a file with one a line; repeatable.", metavar="FAULT"),
]
_Traffic = Annotated[
    float | None, typer.Option(help="New tickets an hour of its clock; else as many as before.")
]


def sandbox(
    *,
    port: _Port = 8321,
    tickets: Annotated[int, typer.Option(help="How many tickets it begins with.", min=0)] = 300,
    seed: Annotated[int, typer.Option(help="The same seed makes the same helpdesk.")] = 1,
    speed: _Speed = 1.0,
    profile: _Profile = "default",
    faults: _Faults = None,
    traffic: _Traffic = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Serve a Zendesk account with a busy fictional helpdesk on this machine."""
    from connector.sandbox.settings import SandboxSettings

    settings = SandboxSettings(
        tickets=tickets,
        seed=seed,
        speed=speed,
        profile=profile,
        traffic=traffic,
        faults=tuple(name for one in faults or () for name in _fault_names(one)),
    )
    _serve(settings, port, json=json, quiet=quiet)


def _serve(settings: "SandboxSettings", port: int, *, json: bool, quiet: bool) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from connector.sandbox.server import Sandbox

    stopped = threading.Event()
    try:
        server = Sandbox(settings)
        url = server.start(port)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--faults") from None
    except OSError as mistake:
        raise CommandFailed(f"port {port}: {mistake.strerror}; --port 0 takes a free one") from None
    try:
        _announce(url, settings, json=json, quiet=quiet)
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        stopped.wait()
    except KeyboardInterrupt:
        say("")
    finally:
        server.stop()


def _fault_names(written: str) -> list[str]:
    path = Path(written)
    if not path.is_file():
        return [written]
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def environment_of(url: str, settings: "SandboxSettings") -> dict[str, str]:
    """The settings with which Stipt works for this sandbox, by variable name."""
    return {
        "STIPT_ZENDESK_URL": url,
        "STIPT_CLOCK_URL": f"{url}/_sandbox/clock",
        "ZENDESK_OAUTH_CLIENT_ID": settings.client_id,
        "ZENDESK_OAUTH_CLIENT_SECRET": settings.client_secret,
    }


def _announce(url: str, settings: "SandboxSettings", *, json: bool, quiet: bool) -> None:
    from connector.sandbox.assumptions import describe

    # Each start is another helpdesk: a store that an earlier one filled would speak of its tickets.
    environment = environment_of(url, settings) | {
        "STIPT_STATE_DIR": tempfile.mkdtemp(prefix="stipt-sandbox-")
    }
    if json:
        as_json({"url": url, "tickets": settings.tickets, "environment": environment})
        return
    for name, value in environment.items():
        result(f"export {name}={value}")
    if not quiet:
        for line in describe(settings, url):
            say(line)
        say("The lines with export point Stipt here. Ctrl-C ends it.")
