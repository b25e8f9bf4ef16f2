# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zendesk app as a zip: what belongs to it by a list of what may, the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = "manifest.json"
ASSETS = "assets"
TRANSLATIONS = "translations"
ASSET_KINDS = frozenset({".css", ".html", ".js", ".json", ".png", ".svg"})
"""Of the kinds that Zendesk accepts those that the app uses; `.mjs` is not among either."""

_TRANSLATION_KINDS = frozenset({".json"})
_EPOCH = (2000, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o644 << 16
_UNIX = 3


@dataclass(frozen=True)
class Publisher:
    """Whom an account's people can ask about the app: who packs it, since nobody else offers it.

    Raises:
        ValueError: an address that is none.
    """

    name: str | None = None
    email: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if self.email is not None and not 0 < self.email.find("@") < len(self.email) - 1:
            raise ValueError("an e-mail address such as sla@acme.example")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ValueError("an address such as https://acme.example/sla")

    def over(self, manifest: dict[str, object]) -> dict[str, object]:
        """What a manifest's `author` is, with what is given in its place."""
        held = manifest.get("author")
        given = {"name": self.name, "email": self.email, "url": self.url}
        before = held if isinstance(held, dict) else {}
        return {**before, **{key: value for key, value in given.items() if value is not None}}


class AppInvalid(Exception):
    """The app's folder cannot be packed; the message names each file and what is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("the app cannot be packed:\n" + "\n".join(problems))


@dataclass(frozen=True)
class AppPackage:
    """A packed app.

    `members` are the names in the zip with the SHA-256 of their contents: equal between machines,
    also where another zlib squeezes the same contents into other bytes.
    """

    name: str
    version: str
    members: dict[str, str]
    content: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of the zip."""
        return hashlib.sha256(self.content).hexdigest()


def member_names(root: Path) -> list[str]:
    """What belongs to the package, sorted: the manifest, the assets, the translations.

    Args:
        root: the folder with `manifest.json`.

    Raises:
        AppInvalid: no manifest; a symbolic link, a dot file or a kind of file
            that Zendesk does not serve among the assets.
    """
    if not (root / MANIFEST).is_file():
        raise AppInvalid([f"{root / MANIFEST}: not there"])
    found = [root / MANIFEST]
    problems: list[str] = []
    for path, kinds in _candidates(root):
        inside = path.relative_to(root)
        problem = _problem(path, inside.parts, kinds)
        if problem:
            problems.append(f"{inside.as_posix()}: {problem}")
        else:
            found.append(path)
    if problems:
        raise AppInvalid(sorted(problems))
    return sorted(path.relative_to(root).as_posix() for path in found)


def pack(root: Path, publisher: Publisher | None = None) -> AppPackage:
    """The app of a folder, with the version that `pyproject.toml` beside its manifest gives.

    Args:
        root: the folder with `manifest.json`.
        publisher: whom people can ask; what it leaves out stays as the manifest has it.

    Raises:
        AppInvalid: as for `member_names`, or the manifest is no JSON object.
    """
    contents = {name: (root / name).read_bytes() for name in member_names(root)}
    manifest = _manifest(contents[MANIFEST])
    version = _version(root) or manifest.get("version")
    author = (publisher or Publisher()).over(manifest)
    wanted = {**manifest, "version": version, "author": author}
    if wanted != manifest:
        manifest = wanted
        contents[MANIFEST] = f"{json.dumps(manifest, indent=2)}\n".encode()
    return AppPackage(
        name=str(manifest.get("name", "app")),
        version=str(manifest.get("version", "")),
        members={name: hashlib.sha256(one).hexdigest() for name, one in contents.items()},
        content=_zipped(contents),
    )


def _candidates(root: Path) -> Iterator[tuple[Path, frozenset[str]]]:
    for folder, kinds in ((root / ASSETS, ASSET_KINDS), (root / TRANSLATIONS, _TRANSLATION_KINDS)):
        if folder.is_symlink():
            yield folder, kinds
            continue
        for path in folder.rglob("*"):
            if path.is_symlink() or not path.is_dir():
                yield path, kinds


def _problem(path: Path, parts: tuple[str, ...], kinds: frozenset[str]) -> str | None:
    if path.is_symlink():
        return "a symbolic link"
    if any(part.startswith(".") for part in parts):
        return "a dot file"
    if not path.is_file():
        return "not a file"
    return None if path.suffix in kinds else f"Zendesk does not serve {path.suffix or 'this kind'}"


def _manifest(content: bytes) -> dict[str, object]:
    try:
        read = json.loads(content)
    except ValueError as mistake:
        raise AppInvalid([f"{MANIFEST}: {mistake}"]) from None
    if not isinstance(read, dict):
        raise AppInvalid([f"{MANIFEST}: not a JSON object"])
    return read


def _version(root: Path) -> str | None:
    project = root / "pyproject.toml"
    if not project.is_file():
        return None
    read = tomllib.loads(project.read_text(encoding="utf-8"))
    version: str | None = read.get("project", {}).get("version")
    return version


def _zipped(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = _UNIX
            member.external_attr = _PLAIN_FILE
            archive.writestr(member, contents[name], zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()
