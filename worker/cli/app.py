# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt app package`: the Zendesk app as a zip to upload."""

from pathlib import Path
from typing import Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say


def package(
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; else stipt-app-VERSION.zip here.", metavar="FILE"),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="The folder with the app's manifest.json; else Stipt's own.",
            metavar="DIR",
        ),
    ] = None,
    publisher: Annotated[
        str | None,
        typer.Option(help="Who offers the app to your agents.", metavar="NAME"),
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="Where to ask about it.", metavar="ADDRESS")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Your page about it.", metavar="URL")] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Pack the Zendesk app for uploading; the same sources give the same bytes."""
    from worker.app_package import AppInvalid, Publisher, pack

    try:
        known = Publisher(publisher, email, url)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake)) from None
    try:
        packed = pack(source or _own_folder(), known)
    except AppInvalid as mistake:
        raise CommandFailed(str(mistake)) from None
    file = out or Path(f"stipt-app-{packed.version}.zip")
    file.write_bytes(packed.content)
    if json:
        as_json(
            {
                "file": str(file),
                "version": packed.version,
                "bytes": len(packed.content),
                "sha256": packed.sha256,
                "members": packed.members,
            }
        )
        return
    result(f"{file}  version {packed.version}  {len(packed.content):,} bytes")
    result(f"SHA-256 {packed.sha256}")
    if not quiet:
        say(f"{len(packed.members)} files. Upload it in Zendesk's Admin Center: Apps, Upload app.")


def _own_folder() -> Path:
    """The app's folder in a copy of the sources; an installed Stipt does not hold the app."""
    import worker

    folder = Path(worker.__file__).parent.parent
    if not (folder / "manifest.json").is_file():
        raise CommandFailed(
            "the app is part of Stipt's sources, not of the installed program; "
            "name the folder with its manifest.json: --from DIR"
        )
    return folder
