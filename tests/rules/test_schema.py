# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema that editors use, against a checker of draft-07."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from rules.schema import json_schema
from tests.rules.files_of_rules import RULES, with_changes

STARTER = Path(__file__).parents[2] / "worker" / "starter"


def as_an_editor_reads_it(text: str) -> object:
    """YAML with its types, dates as the text they are in an editor."""
    return plain(YAML(typ="safe", pure=True).load(text))


def plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def errors_in(text: str) -> list[str]:
    validator = Draft7Validator(json_schema())
    return [error.message for error in validator.iter_errors(as_an_editor_reads_it(text))]


def test_the_schema_is_draft_07():
    schema = json_schema()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("file", sorted(STARTER.glob("*.yaml")), ids=lambda file: file.name)
def test_the_starter_folder_passes(file: Path):
    text = file.read_text(encoding="utf-8")
    assert errors_in(text) == []
    assert text.startswith("# yaml-language-server: $schema=./stipt.schema.json\n")


def test_the_documented_example_passes(shared: Path):
    text = (shared / "rule-files.md").read_text(encoding="utf-8")
    for example in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert errors_in(example) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [('"360001"', "360001"), ("tell: [lead]", "tell: [lead], repeat: {every: 4h, times: 3}")],
)
def test_values_without_quotes_pass(old: str, new: str):
    assert errors_in(with_changes((old, new))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("within: 4h", "withing: 4h"),
        ("within: 4h", "within: 4 hours"),
        ("measure: resolution", "measure: solution"),
        ("organization.id", "organisation.id"),
        ("mon-fri", "mon-fry"),
        ("version: 1", "version: 2"),
        ("default: high", "default: highest"),
        ("    tier: premium\n", ""),
    ],
)
def test_a_slip_is_marked_in_the_editor(old: str, new: str):
    assert errors_in(RULES) == []
    assert errors_in(with_changes((old, new))) != []


def keys_of(schema: object, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict) and "description" in schema and "Condition" not in path:
            yield from ((f"{path}.{key}", value) for key, value in properties.items())
        for key, value in schema.items():
            yield from keys_of(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_of(value, path)


def test_every_key_says_what_it_means():
    silent = [path for path, schema in keys_of(json_schema()) if "description" not in schema]
    assert silent == []
