# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the repository as a whole."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("rules", "connector", "worker")
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
CLOCKS = re.compile(r"datetime\.now\(|utcnow|time\.time\(|date\.today\(|datetime\.today\(")
MAY_READ_CLOCKS = ("worker/", "connector/sandbox/")
BARE = re.compile(
    r"json\.decode\(.*type=(?!prepared\(|msgspec\.Raw)|msgspec\.convert\((?!.*prepared\()"
)
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; .+)? \\$")
# Licences of what Stipt runs on that may be combined with GPL-3.0-or-later.
COMPATIBLE = re.compile(
    r"MIT|BSD|ISC|Apache|PSF|Python Software Foundation|MPL-2\.0|Mozilla Public License 2"
    r"|LGPL-3\.0|LGPLv3|Lesser General Public License v3|GPLv3|GPL-3\.0"
)


def sources(*patterns: str) -> list[Path]:
    """Files of ours that match, as the repository holds them."""
    folders = [*PACKAGES, "tests", "benchmarks"]
    return [
        path
        for folder in folders
        for one in patterns
        for path in REPOSITORY.glob(f"{folder}/{one}")
    ]


def locked(name: str) -> dict[str, str]:
    """Names and versions of a lock file."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return {found[1]: found[2] for line in text.splitlines() if (found := PINNED.match(line))}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_source_file_names_its_licence():
    scripts = [REPOSITORY / "Makefile", REPOSITORY / ".ci" / "run", *sources("**/*.sh")]
    unnamed = [
        str(path.relative_to(REPOSITORY))
        for path in [*sources("**/*.py"), *scripts]
        if SPDX not in "".join(path.read_text(encoding="utf-8").splitlines()[:2])
    ]
    assert unnamed == []


def test_no_thread_decodes_into_a_shape_that_another_may_be_learning():
    found = [
        f"{path.relative_to(REPOSITORY)}: {line.strip()}"
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if BARE.search(line)
    ]
    assert found == []


def test_only_the_worker_and_the_sandbox_read_a_clock():
    found = []
    for path in (one for package in PACKAGES for one in REPOSITORY.glob(f"{package}/**/*.py")):
        name = path.relative_to(REPOSITORY).as_posix()
        if not name.startswith(MAY_READ_CLOCKS):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [f"{name}:{row}" for row, line in enumerate(lines, 1) if CLOCKS.search(line)]
    assert found == []


def test_zones_are_those_of_the_release_that_is_pinned():
    """A machine has zones of its own, of another release: deadlines would depend on it."""
    found = []
    for path in (
        one for package in ("rules", "worker") for one in REPOSITORY.glob(f"{package}/**/*.py")
    ):
        lines = path.read_text(encoding="utf-8").splitlines()
        name = path.relative_to(REPOSITORY).as_posix()
        found += [f"{name}:{row}" for row, line in enumerate(lines, 1) if "ZoneInfo(" in line]
    assert found == []


def test_imports_go_one_way():
    done = subprocess.run(  # noqa: S603 - our own linter
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_licence_is_the_gpl_and_the_project_says_so():
    text = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text.splitlines()[0]
    assert "Version 3, 29 June 2007" in text.splitlines()[1]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "GPL-3.0-or-later"


@pytest.mark.parametrize("name", sorted(locked("requirements.lock")))
def test_what_stipt_runs_on_may_be_combined_with_its_licence(name: str):
    about = metadata(name)
    words = [about.get("License-Expression") or "", (about.get("License") or "")[:80]]
    words += [one for one in about.get_all("Classifier") or [] if one.startswith("License")]
    assert COMPATIBLE.search(" ".join(words)), words


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_everything_locked_has_a_hash_and_names_no_place(name: str):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^#.*\n", "", text))
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert len(blocks) == len(locked(name))
    assert not re.search(r"://|--index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev",))]
)
def test_the_lock_holds_what_the_project_asks_for(name: str, extras: tuple[str, ...]):
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    wanted += [one for extra in extras for one in project["optional-dependencies"][extra]]
    held = {canonical(one): version for one, version in locked(name).items()}
    missing = []
    for requirement in map(Requirement, wanted):
        version = held.get(canonical(requirement.name))
        if version is None or version not in SpecifierSet(str(requirement.specifier)):
            missing.append(f"{requirement} (locked: {version})")
    assert missing == [], "run: make lock"


def test_both_locks_agree():
    run, develop = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: develop.get(name) for name in run} == run
