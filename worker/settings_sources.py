# SPDX-License-Identifier: GPL-3.0-or-later
"""Where settings come from: flags, the environment, files of secrets, the config file.

Nothing is judged here but names and files; `worker.settings` judges values.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

OWN_PREFIX = "STIPT_"
EXEMPT = frozenset({"STIPT_SHARED", "STIPT_CRASH_AT", "STIPT_CONFIG"})
ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True)
class Given:
    """A setting as text, and where it came from ("flag", "environment", "file PATH")."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Names:
    """The variables there are, those that have a `_FILE` twin, those of an account's table."""

    all: frozenset[str]
    secrets: frozenset[str]
    of_account: frozenset[str]


@dataclass(slots=True)
class Gathered:
    """Everything that was given: by name, by account and name, and what was wrong with it."""

    values: dict[str, Given] = field(default_factory=dict)
    accounts: dict[str, dict[str, Given]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def gather(
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    config_file: Path | None,
    names: Names,
) -> Gathered:
    """Every setting from the strongest place that gives it: flag, environment, file.

    A name that is not known is a problem with the nearest known one as a hint.
    """
    found = Gathered()
    if config_file is not None:
        _from_file(found, config_file, names)
    _from_environment(found, environment, names)
    for name, value in flags.items():
        found.values[name] = Given(value, "flag")
    return found


def _from_environment(found: Gathered, environment: Mapping[str, str], names: Names) -> None:
    twins = {f"{name}_FILE": name for name in sorted(names.secrets)}
    for name in sorted(environment):
        if name in names.all or name in twins or name in EXEMPT or not name.startswith(OWN_PREFIX):
            continue
        found.problems.append(_unknown(name, [*names.all, *twins]))
    for name in names.all:
        if environment.get(name):  # set to nothing is not set
            found.values[name] = Given(environment[name], "environment")
    for twin, name in twins.items():
        if not environment.get(twin):
            continue
        if environment.get(name):
            found.problems.append(f"{name} and {twin} are both set; keep one of them")
            continue
        text = _secret(found, twin, environment[twin])
        if text is not None:
            found.values[name] = Given(text, f"environment {twin}")


def _from_file(found: Gathered, path: Path, names: Names) -> None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        found.problems.append(f"{path}: cannot be read ({fault.strerror})")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        found.problems.append(f"{path}: is not TOML ({fault})")
        return
    tables = document.pop(ACCOUNTS, {})
    found.values |= _table(found, document, f"{path}", names.all, names)
    if not isinstance(tables, dict):
        found.problems.append(f"{path}: {ACCOUNTS} must be a table of accounts")
        return
    for account, table in tables.items():
        where = f"{path} [{ACCOUNTS}.{account}]"
        if not isinstance(table, dict):
            found.problems.append(f"{where}: must be a table")
            continue
        found.accounts[account] = _table(found, table, where, names.of_account, names)


def _table(
    found: Gathered,
    table: Mapping[str, object],
    where: str,
    allowed: frozenset[str],
    names: Names,
) -> dict[str, Given]:
    keys = {file_key(name): name for name in allowed - names.secrets}
    secret_keys = {f"{file_key(name)}_file": name for name in allowed & names.secrets}
    values: dict[str, Given] = {}
    for key, value in table.items():
        if not isinstance(value, str | int | float):
            found.problems.append(f"{where}: {key} must be text, a number or true or false")
        elif key in keys:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            values[keys[key]] = Given(text, f"file {where}")
        elif key in secret_keys:
            secret = _secret(found, f"{where}: {key}", str(value))
            if secret is not None:
                values[secret_keys[key]] = Given(secret, f"file {where}: {key}")
        elif f"{key}_file" in secret_keys:
            found.problems.append(f"{where}: {key} is a secret; name a file with {key}_file")
        else:
            found.problems.append(f"{where}: " + _unknown(key, [*keys, *secret_keys]))
    return values


def state_folder(environment: Mapping[str, str]) -> Path:
    """The folder that an environment gives to what Stipt keeps.

    `STIPT_STATE_DIR`, else systemd's `STATE_DIRECTORY`, else the user's own.
    """
    if environment.get("STIPT_STATE_DIR"):
        return Path(environment["STIPT_STATE_DIR"])
    if environment.get("STATE_DIRECTORY"):
        return Path(environment["STATE_DIRECTORY"].split(":")[0])
    home = environment.get("XDG_STATE_HOME") or f"{environment.get('HOME') or '.'}/.local/state"
    return Path(home) / "stipt"


def file_key(name: str) -> str:
    """The config file's key of a variable: lower case, without `STIPT_`."""
    return name.removeprefix(OWN_PREFIX).lower()


def _secret(found: Gathered, name: str, path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "is not text"
        found.problems.append(f"{name}: the file {path} cannot be read ({reason})")
        return None


def _unknown(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{name} is not a setting{hint}"
