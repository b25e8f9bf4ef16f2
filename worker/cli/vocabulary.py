# SPDX-License-Identifier: GPL-3.0-or-later
"""What may stand at a key of a rule file, read off the JSON Schema."""

from collections.abc import Iterator, Mapping

Node = Mapping[str, object]

_DEEPEST = 12
"""Keys below each other; conditions may nest without end."""


def vocabulary(schema: Node, key: str) -> list[str]:
    """Lines that say what may stand at a key; empty where there is no such key.

    Args:
        schema: the JSON Schema of rule files.
        key: keys from the outside in with dots; names that an admin gives, and what
            comes before the first key, may be left out ("targets.measure").
    """
    wanted = tuple(key.split("."))
    lines: dict[str, None] = {}
    for path, node in _places(schema, schema, (), 0):
        if path[-len(wanted) :] == wanted:
            lines |= dict.fromkeys(_described(schema, node))
    return list(lines)


def keys(schema: Node) -> list[str]:
    """Every key there is, each once, from the outside in."""
    return list(dict.fromkeys(".".join(path) for path, _ in _places(schema, schema, (), 0) if path))


def _places(
    schema: Node, node: Node, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], Node]]:
    node = _resolved(schema, node)
    yield path, node
    if depth >= _DEEPEST or len(set(path)) < len(path):
        return
    for name, inner in _mapping(node, "properties").items():
        if isinstance(inner, Mapping):
            yield from _places(schema, inner, (*path, name), depth + 1)
    for inner in _inside(node):
        yield from _places(schema, inner, path, depth + 1)


def _inside(node: Node) -> Iterator[Node]:
    """What stands at the same key: alternatives, cases, items of a list, values by name."""
    for word in ("anyOf", "oneOf", "allOf"):
        alternatives = node.get(word)
        if isinstance(alternatives, list):
            yield from (one for one in alternatives if isinstance(one, Mapping))
    for word in ("then", "else", "items", "additionalProperties"):
        inner = node.get(word)
        if isinstance(inner, Mapping):
            yield inner
    for inner in _mapping(node, "patternProperties").values():
        if isinstance(inner, Mapping):
            yield inner


def _described(schema: Node, node: Node) -> Iterator[str]:
    node = _resolved(schema, node)
    description = node.get("description")
    if isinstance(description, str):
        yield description
    words = node.get("enum", [node["const"]] if "const" in node else [])
    if isinstance(words, list):
        yield from (f"  {word}" for word in words)
    pattern = node.get("pattern")
    if isinstance(pattern, str) and not words:
        yield f"  text like {pattern}"
    elif (
        isinstance(node.get("type"), str) and not words and node["type"] not in ("object", "array")
    ):
        yield f"  any {node['type']}"
    yield from _examples(node)
    required = node.get("required")
    needed = required if isinstance(required, list) else []
    for name in _mapping(node, "properties"):
        yield f"  {name}:{' (needed)' if name in needed else ''}"
    for inner in _inside(node):
        yield from _described(schema, inner)


def _examples(node: Node) -> Iterator[str]:
    examples = node.get("examples")
    if isinstance(examples, list):
        yield from (f"  for example {_as_written(one)}" for one in examples)


def _as_written(example: object) -> str:
    """An example in one line of YAML."""
    if isinstance(example, Mapping):
        return "{" + ", ".join(f"{key}: {_as_written(one)}" for key, one in example.items()) + "}"
    if isinstance(example, list):
        return f"[{', '.join(map(_as_written, example))}]"
    return str(example).lower() if isinstance(example, bool) else str(example)


def _resolved(schema: Node, node: Node) -> Node:
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    found: object = schema
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    beside = {word: one for word, one in node.items() if word != "$ref"}
    return {**found, **beside} if isinstance(found, Mapping) else beside


def _mapping(node: Node, word: str) -> Mapping[str, object]:
    found = node.get(word)
    return found if isinstance(found, Mapping) else {}
