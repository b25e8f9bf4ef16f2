# SPDX-License-Identifier: GPL-3.0-or-later
"""One place that turns errors into messages and exit codes (docs/operations.md lists the codes).

What an admin or a helpdesk did wrong is a sentence; a bug is an id and the
file that holds the details.
"""

import errno
import os
import tempfile
import traceback
import uuid
from dataclasses import dataclass
from pathlib import Path

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.settings_sources import state_folder

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person is told of an error, and the exit code."""

    lines: tuple[str, ...]
    code: ExitCode


_MEANINGS: dict[str, tuple[str, ExitCode]] = {
    "connector.base.CredentialsRejected": (
        "the helpdesk refuses the credentials (stipt doctor says what it sees):",
        ExitCode.OUTSIDE,
    ),
    "connector.base.HelpdeskError": ("the helpdesk:", ExitCode.OUTSIDE),
    "connector.history.mapping.MappingError": ("the mapping cannot be used:", ExitCode.ERROR),
    "dramatiq.errors.ConnectionError": ("the broker cannot be reached:", ExitCode.OUTSIDE),
    "redis.exceptions.ConnectionError": ("the broker cannot be reached:", ExitCode.OUTSIDE),
    "sqlalchemy.exc.OperationalError": ("the database cannot be used:", ExitCode.OUTSIDE),
    "worker.clock.ClockUnreachable": ("the sandbox's clock:", ExitCode.OUTSIDE),
    "worker.patience.TookTooLong": ("", ExitCode.OUTSIDE),
    "worker.plan_document.PlanUnreadable": ("", ExitCode.ERROR),
    # Not 78: a pass or a plan holds the file for a while only, so starting again is right.
    "worker.process_lock.AlreadyRunning": ("", ExitCode.ERROR),
    "worker.reading.NotRead": ("", ExitCode.OUTSIDE),
    "rules.statements.CannotClose": ("", ExitCode.ERROR),
    "rules.statements.StatementAltered": ("", ExitCode.ERROR),
    "rules.tallies.NotConcrete": ("", ExitCode.ERROR),
    "worker.report.pdf.PdfUnavailable": ("", ExitCode.ERROR),
    "worker.reporting.customers.NothingPromised": ("", ExitCode.ERROR),
    "worker.reporting.evidence.EvidenceMissing": ("", ExitCode.ERROR),
    "worker.rule_folder.RulesInvalid": ("the rules have errors:", ExitCode.SETTINGS),
    "worker.rule_folder.RulesMissing": ("", ExitCode.SETTINGS),
    "worker.settings.SettingsInvalid": ("the settings cannot be used:", ExitCode.SETTINGS),
    "worker.staffing.past.NothingCameIn": ("", ExitCode.ERROR),
    "worker.staffing.roster_files.RosterUnreadable": ("", ExitCode.ERROR),
    "worker.store.database.StateFolderUnusable": ("", ExitCode.SETTINGS),
    "worker.store.places.OtherHelpdesk": ("another helpdesk:", ExitCode.SETTINGS),
    "worker.store.schema.SchemaMismatch": ("the database does not fit:", ExitCode.SETTINGS),
    # Not 78: a process that is ending still holds the address, so starting again is right.
    "worker.web.binding.AddressTaken": ("", ExitCode.ERROR),
}
"""Errors by their full name, so that nothing is imported to recognise them: what they mean to
the person at the keyboard, and the exit code (78 is for `run` alone, elsewhere it is 1)."""

_ITSELF: dict[str, tuple[str, ExitCode]] = {
    # A file that is no database; its children, such as IntegrityError, are bugs.
    "sqlalchemy.exc.DatabaseError": ("the database cannot be used:", ExitCode.OUTSIDE),
}
"""As above, for errors of exactly this class."""


def failure_of(error: Exception, command: str) -> Failure:
    """What to print for an error that left a command, and how to end.

    Args:
        error: what left the command.
        command: the command's name; `run` tells systemd not to start again, `plan` has
            one code for every error, since 2 means changes there.
    """
    failure = _named(error, command) or _bug(error)
    if command == "plan" and failure.code != ExitCode.USAGE:
        return Failure(failure.lines, ExitCode.ERROR)
    return failure


def _named(error: Exception, command: str) -> Failure | None:
    if isinstance(error, CommandFailed):
        return Failure((str(error),), error.code)
    own, *parents = (f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__)
    for meaning in (_ITSELF.get(own), *map(_MEANINGS.get, (own, *parents))):
        if meaning is not None:
            heading, code = meaning
            if code is ExitCode.SETTINGS and command != "run":
                code = ExitCode.ERROR
            return Failure((*([heading] if heading else []), *_sentences(error)), code)
    if isinstance(error, OSError) and error.filename is not None:
        return Failure((f"{error.filename}: {error.strerror}",), ExitCode.ERROR)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Failure((f"the answer could not be written: {error.strerror}",), ExitCode.ERROR)
    return None


def _sentences(error: Exception) -> tuple[str, ...]:
    """All problems that an error carries, else what it says itself."""
    problems = getattr(error, "problems", None)
    if problems:
        return tuple(map(str, problems))
    # SQLAlchemy's own text quotes the statement with its values; the driver's does not.
    return (str(getattr(error, "orig", None) or error).strip(),)


def _bug(error: Exception) -> Failure:
    ident = uuid.uuid4().hex[:12]
    place = _write_details(ident, error)
    lines = (
        f"this is a bug in Stipt, not a mistake of yours: {type(error).__name__} (id {ident})",
        f"the details are in {place}",
    )
    return Failure(lines, ExitCode.ERROR)


def _write_details(ident: str, error: Exception) -> Path:
    """Write the traceback, without values of variables, where only this user reads it."""
    for folder in (state_folder(os.environ) / "bugs", Path(tempfile.gettempdir())):
        path = folder / f"stipt-{ident}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.writelines(traceback.format_exception(error))
        except OSError:
            continue
        return path
    return Path(os.devnull)
