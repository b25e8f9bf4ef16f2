# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt init`: a folder of rule files to start from."""

import json as json_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.output import JsonFlag, as_json, result, say

SCHEMA_FILE = "stipt.schema.json"


def init(
    *,
    folder: Annotated[Path, typer.Argument(help="Folder to write.", metavar="DIR")] = Path("sla"),
    force: Annotated[bool, typer.Option("--force", help="Write over files that exist.")] = False,
    json: JsonFlag = False,
) -> None:
    """Write a starter folder of rule files with comments, tests and an editor's schema."""
    contents = _contents()
    if folder.exists() and not folder.is_dir():
        raise CommandFailed(f"{folder}: there is a file of this name")
    present = [str(folder / name) for name in contents if (folder / name).exists()]
    if present and not force:
        raise CommandFailed(f"{', '.join(present)}: exists already; --force writes over it")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    written = [str(folder / name) for name in contents]
    if json:
        as_json({"written": written})
        return
    for path in written:
        result(path)
    say(f"Now look through them and run: stipt check {folder}")


def schema_text() -> str:
    """The JSON Schema of rule files as it stands beside them."""
    from rules.schema import json_schema

    return json_module.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _contents() -> dict[str, str]:
    """File names and texts of the starter folder, the schema included."""
    masters = sorted(_masters(), key=lambda master: master.name)
    contents = {master.name: master.read_text(encoding="utf-8") for master in masters}
    return contents | {SCHEMA_FILE: schema_text()}


def _masters() -> list[Traversable]:
    folder = files("worker").joinpath("starter")
    return [one for one in folder.iterdir() if one.name.endswith((".yaml", ".yml"))]
