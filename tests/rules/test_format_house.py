# SPDX-License-Identifier: GPL-3.0-or-later
"""Each library of the loader has one place, and the machine has no say in a policy."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RULES = REPOSITORY / "rules"
HASH = """
import pathlib
from rules.load import load
folder = pathlib.Path("worker/starter").glob("*.yaml")
policy, _ = load({file.name: file.read_bytes() for file in folder})
print(policy.hash)
"""


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("ruamel", {"source.py", "source_events.py"}),
        ("holidays", {"holiday_dates.py"}),
        ("pydantic", {"schema.py", *(f"format/{file.name}" for file in RULES.glob("format/*.py"))}),
    ],
)
def test_a_library_is_used_in_its_place_only(library: str, places: set[str]):
    users = {
        str(file.relative_to(RULES))
        for file in RULES.rglob("*.py")
        if re.search(rf"^\s*(?:from|import) {library}\b", file.read_text(encoding="utf-8"), re.M)
    }
    assert users
    assert users <= places


def test_a_policy_is_the_same_in_every_language_and_zone():
    hashes = set()
    for language, zone in (("C", "UTC"), ("nl_NL.UTF-8", "Asia/Tokyo"), ("tr_TR", "Pacific/Apia")):
        environment = {**os.environ, "LANG": language, "LC_ALL": language, "TZ": zone}
        done = subprocess.run(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", HASH],
            cwd=REPOSITORY,
            env={**environment, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(done.stdout.strip())
    assert len(hashes) == 1
