# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule folders on the disk: which files count, and what cannot be read."""

from pathlib import Path

import pytest

from worker.rule_folder import RulesMissing, passed_over, read_files, rule_paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiers.yaml").write_text("version: 1\n")
    return tmp_path


def test_a_folder_is_its_own_yaml_files_by_name(folder: Path) -> None:
    for name in ("calendars.yml", ".hidden.yaml", "notes.txt"):
        (folder / name).write_text("version: 1\n")
    (folder / "more.yaml").mkdir()
    assert [path.name for path in rule_paths(folder)] == ["calendars.yml", "tiers.yaml"]


@pytest.mark.parametrize("target", ["nowhere.yaml", "customers.yaml"], ids=["nothing", "itself"])
def test_a_link_that_leads_nowhere_is_an_error_and_not_passed_over(
    folder: Path, target: str
) -> None:
    (folder / "customers.yaml").symlink_to(target)
    with pytest.raises(RulesMissing, match=r"customers\.yaml: "):
        read_files(rule_paths(folder), named_as_given=True)


@pytest.mark.parametrize(
    ("name", "missing"), [("sla", "folder of rule files"), ("sla.yaml", "file")]
)
def test_what_is_missing_is_named_by_its_kind(tmp_path: Path, name: str, missing: str) -> None:
    with pytest.raises(RulesMissing, match=f"{name}: no such {missing}"):
        rule_paths(tmp_path / name)


def test_what_looks_like_rules_and_is_not_read_is_listed(folder: Path) -> None:
    for name in ("customers.YAML", "more.yaml.txt", "old.yml.bak", "notes.txt", ".tiers.yaml.swp"):
        (folder / name).write_text("version: 1\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "late.yaml").write_text("version: 1\n")
    (folder / "pictures").mkdir()
    names = [path.name for path in passed_over(folder)]
    assert names == ["customers.YAML", "more.yaml.txt", "old.yml.bak", "tests"]
    assert passed_over(folder / "tiers.yaml") == []
