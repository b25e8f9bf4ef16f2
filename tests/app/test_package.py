# SPDX-License-Identifier: GPL-3.0-or-later
"""The app's package: the same bytes each time, nothing that does not belong to it."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from worker.app_package import AppInvalid, Publisher, member_names, pack
from worker.cli.main import run

ROOT = Path(__file__).parents[2]


# --- the zip -------------------------------------------------------------------------------------


def test_packing_twice_gives_the_same_bytes():
    assert pack(ROOT).content == pack(ROOT).content


def test_whoever_packs_the_app_is_its_publisher():
    plain = json.loads((ROOT / "manifest.json").read_text())
    packed = pack(ROOT, Publisher(name="Acme IT", email="sla@acme.example"))
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["author"] == {**plain["author"], "name": "Acme IT", "email": "sla@acme.example"}
    assert {**manifest, "author": plain["author"]} == plain
    assert pack(ROOT, Publisher()).content == pack(ROOT).content


def test_a_publisher_without_a_real_address_is_refused(tmp_path: Path):
    for flag, value in (("--email", "acme"), ("--url", "acme.example")):
        assert run(["app", "package", "--out", str(tmp_path / "a.zip"), flag, value]) == 64
    assert not list(tmp_path.iterdir())


def test_addresses_that_nobody_has_are_marked_as_such():
    author = json.loads((ROOT / "manifest.json").read_text())["author"]
    assert author["url"].endswith(".invalid")
    assert author["email"].endswith(".invalid")


def test_the_zip_holds_what_is_allowed_with_the_manifest_at_its_root():
    packed = pack(ROOT)
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.namelist() == sorted(packed.members) == member_names(ROOT)
        assert "manifest.json" in archive.namelist()
        assert all(one.date_time[0] == 2000 for one in archive.infolist())
    tops = {name.partition("/")[0] for name in packed.members}
    assert tops == {"manifest.json", "assets", "translations"}


def test_the_package_is_small():
    assert len(pack(ROOT).content) < 60_000


def a_copy(tmp_path: Path) -> Path:
    for folder in ("assets", "translations"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "manifest.json", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("assets/notes.mjs", "Zendesk does not serve .mjs"),
        ("assets/.DS_Store", "a dot file"),
        ("assets/.git/config", "a dot file"),
        ("translations/en.yaml", "Zendesk does not serve .yaml"),
        ("assets/Makefile", "Zendesk does not serve this kind"),
    ],
)
def test_strange_files_are_refused_by_name(tmp_path: Path, name: str, problem: str):
    folder = a_copy(tmp_path)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    with pytest.raises(AppInvalid, match=f"{re.escape(name)}: {re.escape(problem)}"):
        pack(folder)


def test_links_are_refused(tmp_path: Path):
    folder = a_copy(tmp_path)
    (folder / "assets" / "more.js").symlink_to("/etc/hostname")
    (folder / "assets" / "elsewhere").symlink_to("/etc")
    with pytest.raises(AppInvalid) as refused:
        pack(folder)
    assert refused.value.problems == [
        "assets/elsewhere: a symbolic link",
        "assets/more.js: a symbolic link",
    ]


def test_a_linked_folder_is_refused(tmp_path: Path):
    folder = a_copy(tmp_path)
    shutil.rmtree(folder / "translations")
    (folder / "translations").symlink_to(ROOT / "translations")
    with pytest.raises(AppInvalid, match="translations: a symbolic link"):
        pack(folder)


def test_the_version_is_the_one_of_pyproject(tmp_path: Path):
    folder = a_copy(tmp_path)
    (folder / "pyproject.toml").write_text('[project]\nname = "stipt"\nversion = "7.8.9"\n')
    packed = pack(folder)
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert json.loads(archive.read("manifest.json"))["version"] == packed.version == "7.8.9"


def test_the_command_writes_the_zip_and_names_its_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "app.zip"
    assert run(["app", "package", "--out", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert file.read_bytes() == pack(ROOT).content
    assert told["sha256"] == pack(ROOT).sha256
    assert told["bytes"] == file.stat().st_size
    assert run(["app", "package", "--out", str(file)]) == 0
    assert told["sha256"] in capsys.readouterr().out


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["app", "package", "--from", str(tmp_path)]) == 1
    assert "manifest.json: not there" in capsys.readouterr().err
    (tmp_path / "manifest.json").write_text("[]")
    assert run(["app", "package", "--from", str(tmp_path)]) == 1
    assert "not a JSON object" in capsys.readouterr().err
    (tmp_path / "manifest.json").write_text("{")
    assert run(["app", "package", "--from", str(tmp_path)]) == 1
    assert "manifest.json: " in capsys.readouterr().err


# --- what Zendesk's own packer would take --------------------------------------------------------


LITTER = (
    "node_modules/axe-core/axe.js",
    "dist/stipt-0.1.0.tar.gz",
    "build/axe/package.json",
    "stipt.egg-info/PKG-INFO",
    "tmp/app-20261123.zip",
    "htmlcov/index.html",
    "stipt-app-0.1.0.zip",
    "stipt.db",
)


def ignored(name: str, line: str) -> bool:
    """How zcli reads a line: `dir/**`, `*.md` (at the top), `**/*.py` (anywhere) or a bare name."""
    assert "!" not in line
    assert not line.startswith("/")
    assert not line.endswith("/")
    if line.startswith("**/*."):
        return name.endswith(line[4:])
    if line.endswith("/**"):
        pattern = line.removesuffix("/**")
        top, slash, _ = name.partition("/")
        return bool(slash) and matches(top, pattern)
    return "/" not in name and matches(name, line)


def matches(name: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), name) is not None


def test_zcli_would_take_the_same_files():
    lines = (ROOT / ".zcliignore").read_text(encoding="utf-8").split()
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - whichever git is at hand
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    names = [name for name in (*listed, *LITTER) if name and not name.startswith(".")]
    kept = [name for name in names if not any(ignored(name, line) for line in lines)]
    assert sorted(kept) == member_names(ROOT)
