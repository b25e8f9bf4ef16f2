# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of people who sign in: what is good enough, and argon2 hashes of them."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 200
"""Characters of a password."""

_LONGEST_NAME = 100
_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory: 64 MiB


class NotAcceptable(ValueError):
    """A name or password that cannot be used; the message says why and repeats neither."""


def person_name(written: str) -> str:
    """A name as it is stored: the same for capitals and for other ways to write an accent.

    Raises:
        NotAcceptable: it is empty, long, or has blanks or characters that cannot be seen.
    """
    name = unicodedata.normalize("NFKC", written).strip().casefold()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise NotAcceptable(f"a name has 1 to {_LONGEST_NAME} characters")
    if any(one.isspace() or not one.isprintable() for one in name):
        raise NotAcceptable("a name has no blanks and no invisible characters")
    return name


def hashed(name: str, password: str) -> str:
    """The hash of a new password.

    Raises:
        NotAcceptable: it is too short, too long, or the name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise NotAcceptable(f"a password has {SHORTEST} to {LONGEST} characters")
    if _same(password).casefold() == name:
        raise NotAcceptable("a password is not the name")
    return _hasher.hash(_same(password))


def is_right(password: str, held: str | None) -> bool:
    """Whether a password fits a hash; takes as long where there is none to fit.

    A quarter of a second and 64 MiB at most, on small machines.
    """
    try:
        _hasher.verify(held or _of_nobody(), _same(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return held is not None


@cache
def _of_nobody() -> str:
    return _hasher.hash("nobody has this one, and it is never accepted")


def prepare() -> None:
    """Make the hash of nobody now, so that the first unknown name takes no longer."""
    _of_nobody()


def _same(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
