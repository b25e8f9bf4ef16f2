# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt schema`: what may stand in rule files, for editors and for people."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say
from worker.cli.starting import SCHEMA_FILE, schema_text

_MODELINE = re.compile(r"# *yaml-language-server: *\$schema=(\S+)\s*")
_SHOULD_BE = f"# yaml-language-server: $schema=./{SCHEMA_FILE}"


def schema(
    *,
    path: Annotated[
        str | None,
        typer.Argument(help="A key such as targets.measure: what may stand there.", metavar="KEY"),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Folder in which to write the schema file.", metavar="DIR"),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            help="Folder whose files must name a schema that is there and is this one.",
            metavar="DIR",
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Print the JSON Schema of rule files, or what may stand at one key."""
    if check is not None:
        _check(check, json=json, quiet=quiet)
    elif write is not None:
        target = write / SCHEMA_FILE if write.is_dir() else write
        target.write_text(schema_text(), encoding="utf-8")
        if json:
            as_json({"written": [str(target)]})
        elif not quiet:
            say(f"wrote {target}")
    elif path is not None:
        _show(path, json=json)
    else:
        typer.echo(schema_text(), nl=False)


def _show(key: str, *, json: bool) -> None:
    lines = _vocabulary(key)
    if json:
        as_json({"key": key, "vocabulary": [line.strip() for line in lines]})
        return
    for line in lines:
        result(line)


def _vocabulary(key: str) -> list[str]:
    from rules.schema import json_schema
    from worker.cli.vocabulary import keys, vocabulary

    schema = json_schema()
    lines = vocabulary(schema, key)
    if not lines:
        near = get_close_matches(key, keys(schema), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise CommandFailed(f'there is no key "{key}" in rule files{hint}')
    return lines


@dataclass(frozen=True)
class _Slip:
    """A file that an editor could not help with, and what to do."""

    file: str
    problem: str
    remedy: str


def _check(folder: Path, *, json: bool, quiet: bool) -> None:
    from worker.rule_folder import rule_paths

    files = rule_paths(folder)
    slips = list(_slips(files))
    if json:
        as_json({"files": len(files), "problems": [asdict(one) for one in slips]})
    else:
        for one in slips:
            result(f"{one.file}: {one.problem}; {one.remedy}")
    if slips:
        raise typer.Exit(1)
    if not quiet and not json:
        say(f"{len(files)} files name the schema of this version")


def _slips(files: Sequence[Path]) -> Iterator[_Slip]:
    told: set[Path] = set()
    for file in files:
        first = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        found = _MODELINE.fullmatch(first.removeprefix("\ufeff"))
        if found is None:
            yield _Slip(f"{file}:1", "no schema is named", f"begin it with: {_SHOULD_BE}")
            continue
        if re.match(r"[a-z]+://", found[1]):
            continue  # somewhere else, where nobody can look without a network
        schema_file = (file.parent / found[1]).resolve()
        if schema_file in told:
            continue
        told.add(schema_file)
        if not schema_file.is_file():
            remedy = f"stipt schema --write {file.parent}"
            yield _Slip(f"{file}:1", f"{found[1]} is not there", remedy)
        elif schema_file.read_text(encoding="utf-8", errors="replace") != schema_text():
            remedy = f"stipt schema --write {schema_file.parent}"
            yield _Slip(str(schema_file), "is of another version of Stipt", remedy)
