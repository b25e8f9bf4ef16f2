# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit codes of the program (docs/operations.md says when each is used)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes; a public interface."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    FINDINGS = 3
    OUTSIDE = 4
    VIOLATION = 5
    USAGE = 64
    SETTINGS = 78
    INTERRUPTED = 130
    UNREAD = 141
    TERMINATED = 143


class CommandFailed(Exception):
    """A command cannot do what was asked; the message is for the person who asked."""

    def __init__(self, message: str, code: ExitCode = ExitCode.ERROR) -> None:
        super().__init__(message)
        self.code = code
