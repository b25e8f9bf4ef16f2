# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt run`: the service."""

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.options import ConfigFile
from worker.cli.output import JsonFlag, QuietFlag, as_json, counted, result, say

if TYPE_CHECKING:
    from worker.pass_report import PassReport
    from worker.roles import Role
    from worker.settings import Settings


def run(
    *,
    role: Annotated[
        str, typer.Option(help="all, or some of poll, tick, work, web with commas.")
    ] = "all",
    once: Annotated[
        bool, typer.Option("--once", help="Do one complete pass and end, for cron and tests.")
    ] = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
) -> None:
    """Work: read the helpdesk, judge tickets, write fields, tell people in time."""
    if json and not once:
        raise typer.BadParameter("needs --once", param_hint="--json")
    if once and role != "all":
        raise typer.BadParameter("not with --once, which does everything", param_hint="--role")
    from importlib.metadata import version

    from worker.error_reports import start_error_reports
    from worker.logs import configure_logs
    from worker.settings import load_settings

    settings = load_settings(config=config)
    configure_logs(level=settings.log_level, log_format=settings.log_format)
    dsn = settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None
    # Before the broker is made, which the reports hook into.
    start_error_reports(dsn, release=version("stipt"), environment=settings.sentry_environment)
    if once:
        _once(settings, json=json, quiet=quiet)
        return
    from worker.run import run as serve

    raise typer.Exit(serve(settings, _roles(role)))


def _roles(written: str) -> "tuple[Role, ...]":
    from worker.roles import Role

    known: tuple[Role, ...] = get_args(Role)
    wanted = [one.strip() for one in written.split(",")]
    unknown = [one for one in wanted if one not in known]
    if unknown:
        message = f'"{unknown[0]}" is not one of {", ".join(known)}'
        raise typer.BadParameter(message, param_hint="--role")
    return tuple(one for one in known if one in wanted)


def _once(settings: "Settings", *, json: bool, quiet: bool) -> None:
    from worker.run_once import run_once

    reports = run_once(settings)
    if json:
        as_json({"accounts": [one.to_json() for one in reports]})
    elif not quiet:
        for one in reports:
            result(_line(one))
    for one in reports:
        _fail_if_hindered(one)


def _fail_if_hindered(report: "PassReport") -> None:
    """End with a reason where the pass could not do what it should."""
    name = report.account
    if report.paused:
        raise CommandFailed(f"{name}: the connection is paused: {report.paused}", ExitCode.OUTSIDE)
    if report.cut_short:
        message = f"{name}: {report.cut_short}; the next pass goes on from here"
        raise CommandFailed(message, ExitCode.OUTSIDE)
    if report.unsent.number:
        # What is given up is for somebody here to mend; the rest is a service's trouble.
        code = ExitCode.ERROR if report.unsent.given_up else ExitCode.OUTSIDE
        raise CommandFailed(f"{name}: {report.unsent_text()}", code)
    if not report.is_complete:
        say(f"{name}: not everything could be done now; the next pass goes on")


def _line(report: "PassReport") -> str:
    return (
        f"{report.account}: {report.tickets_text()}; {counted(report.judged, 'judgement')}, "
        f"{report.writes} written, {report.would_write} waiting to be written, "
        f"{report.messages} messages, {report.api_calls} API calls"
        + (f"; {report.unsent_text()}" if report.unsent.number else "")
    )
