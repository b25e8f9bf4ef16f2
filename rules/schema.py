# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema of rule files for editors, draft-07, made from the models of the format.

Quoting is optional in rule files while editors' YAML types every scalar, so
the schema accepts numbers wherever a text may look like one. It is for
completion and hints; `rules.load` is the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic.json_schema import models_json_schema

from rules.facts import FIELD_PATHS, PATHS
from rules.format.files import RulesFile
from rules.format.trials import TrialsFile

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

DRAFT = "http://json-schema.org/draft-07/schema#"

_REFERENCE = "#/$defs/"
_VALUE = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}


def json_schema() -> dict[str, object]:
    """The schema of a file of rules or tests."""
    _, schema = models_json_schema(
        [(RulesFile, "validation"), (TrialsFile, "validation")],
        ref_template=f"{_REFERENCE}{{model}}",
    )
    definitions = dict(schema["$defs"])
    definitions["Condition"] = _condition()
    whole = {
        "$schema": DRAFT,
        "title": "Stipt rule file",
        "description": "Rules of service level agreements, or tests of such rules.",
        "type": "object",
        "if": {"required": ["tests"]},
        "then": {"$ref": f"{_REFERENCE}TrialsFile"},
        "else": {"$ref": f"{_REFERENCE}RulesFile"},
        "definitions": definitions,
    }
    found = {key: _draft_07(value) for key, value in whole.items()}
    return found | {"definitions": _used(found)}


def _used(schema: dict[str, object]) -> dict[str, object]:
    """The definitions that the schema leads to; the generator leaves others over."""
    definitions = schema["definitions"]
    known = definitions if isinstance(definitions, dict) else {}
    used: dict[str, object] = {}
    waiting = _references({key: value for key, value in schema.items() if key != "definitions"})
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = known[name]
            waiting |= _references(known[name])
    return dict(sorted(used.items()))


def _references(node: object) -> set[str]:
    if isinstance(node, list):
        return {name for each in node for name in _references(each)}
    if not isinstance(node, dict):
        return set()
    found = {name for value in node.values() for name in _references(value)}
    reference = node.get("$ref")
    return found | {reference.rpartition("/")[2]} if isinstance(reference, str) else found


def _condition() -> JsonSchemaValue:
    """Paths with values, and the combining words."""
    values = {"anyOf": [_VALUE, {"type": "array", "items": _VALUE, "minItems": 1}]}
    several = {"type": "array", "items": {"$ref": f"{_REFERENCE}Condition"}, "minItems": 1}
    fields = "|".join(path.replace(".", r"\.") for path in FIELD_PATHS)
    return {
        "description": "Several keys must all hold; a list means any of its values.",
        "type": "object",
        "minProperties": 1,
        "properties": {
            **dict.fromkeys((*PATHS, "tier"), values),
            "any": several,
            "all": several,
            "not": {"$ref": f"{_REFERENCE}Condition"},
        },
        "patternProperties": {f"^({fields})\\.[A-Za-z0-9_-]+$": values},
        "additionalProperties": False,
    }


def _draft_07(node: object) -> object:
    """The same schema in the words of draft-07, without what the format refuses."""
    if isinstance(node, list):
        return [_draft_07(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: _draft_07(value)
        for key, value in node.items()
        # Titles only repeat the keys' names; a key left out is no null, but absent.
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and not value)
    }
    return _beside_reference(_without_null(found))


def _without_null(schema: dict[str, object]) -> dict[str, object]:
    """Drop the alternative null; a single one that is left needs no `anyOf`."""
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return schema
    kept = [choice for choice in choices if choice != {"type": "null"}]
    if len(kept) == len(choices):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(kept) == 1 and isinstance(kept[0], dict):
        return {**kept[0], **rest}
    return {**rest, "anyOf": kept}


def _beside_reference(schema: dict[str, object]) -> dict[str, object]:
    """Point into `definitions`; draft-07 reads nothing beside a reference, so wrap it."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    pointed: dict[str, object] = {"$ref": reference.replace(_REFERENCE, "#/definitions/")}
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**rest, "allOf": [pointed]} if rest else pointed
