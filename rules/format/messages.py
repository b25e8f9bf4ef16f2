# SPDX-License-Identifier: GPL-3.0-or-later
"""From a validator's errors to problems in our own words, at the admin's own places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.nearest import did_you_mean, nearest
from rules.problems import Problem
from rules.source import START, Block, Items, Position, child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from rules.source import Tree

_SHAPES = {
    "model_type": ("must be a block of keys", "write key: value"),
    "dict_type": ("must be a block of keys", "write key: value"),
    "list_type": ("must be a list", "put it in [ ]"),
    "string_type": ("must be text", ""),
}


def explain(details: list[ErrorDetails], tree: Block, file: str) -> Iterator[Problem]:
    """One problem for each mistake behind the errors of one validation."""
    for detail in details:
        path = tuple(detail["loc"])
        kind = detail["type"]
        if kind == "extra_forbidden":
            yield _unknown_key(path, tree, file)
        elif kind == "missing":
            problem = _missing_key(path, tree, file)
            if problem:
                yield problem
        else:
            code, message, hint = _wrong_value(detail)
            at = key_place(path, tree) if code == "STP021" else _place(path, tree)
            yield Problem(file, *at, code, name_of(path), message, hint)


def name_of(path: tuple[str | int, ...]) -> str:
    """The dotted name of a place, without the numbers of list items."""
    return ".".join(part for part in path if isinstance(part, str) and part != "[key]")


def _unknown_key(path: tuple[str | int, ...], tree: Block, file: str) -> Problem:
    key = str(path[-1])
    block = _descend(path[:-1], tree)
    known = block.known_keys if isinstance(block, Block) else ()
    at = block.keys_at.get(key, block.at) if isinstance(block, Block) else START
    hint = did_you_mean(key, known)
    if not key.isprintable() or any(char.isspace() and char != " " for char in key):
        hint = "it holds an invisible character"
    elif ":" in key:
        hint = "put a space after the colon"
    return Problem(
        file, *at, "STP020", name_of(path[:-1]), f'"{shown(key)}" is not a key here', hint
    )


def _missing_key(path: tuple[str | int, ...], tree: Block, file: str) -> Problem | None:
    key = str(path[-1])
    block = _descend(path[:-1], tree)
    if isinstance(block, Block):
        if key in block.keys_at:  # it stands there, and what is wrong with it has been said
            return None
        strangers = [written for written in block if written not in block.known_keys]
        if any(nearest(stranger, block.known_keys) == key for stranger in strangers):
            return None
    at = key_place(path[:-1], tree)
    return Problem(file, *at, "STP021", name_of(path[:-1]), f'"{key}" is missing')


def _wrong_value(detail: ErrorDetails) -> tuple[str, str, str]:
    if detail["type"] == "stipt":
        found = detail["ctx"]
        return found["code"], found["message"], found["hint"]
    message, hint = _SHAPES.get(detail["type"], ("cannot be read", ""))
    return "STP022", message, hint


def _descend(path: tuple[str | int, ...], tree: Block) -> Tree:
    node: Tree = tree
    for part in path:
        node = child(node, part) or ""
    return node


def _place(path: tuple[str | int, ...], tree: Block) -> Position:
    """Where a value stands, or a key where the key is meant."""
    if path and path[-1] == "[key]":
        return key_place(path[:-1], tree)
    parent = _descend(path[:-1], tree) if path else tree
    last = path[-1] if path else ""
    if isinstance(parent, Block) and isinstance(last, str) and last:
        return parent.place(last)
    if isinstance(parent, Items) and isinstance(last, int) and last < len(parent):
        return parent.values_at[last]
    return START


def key_place(path: tuple[str | int, ...], tree: Block) -> Position:
    """The key of the block at `path`; of a list's item the item, of the file its start."""
    if not path:
        return START
    parent, last = _descend(path[:-1], tree), path[-1]
    if isinstance(parent, Block) and isinstance(last, str):
        return parent.keys_at.get(last, parent.at)
    if isinstance(parent, Items) and isinstance(last, int) and last < len(parent):
        return parent.values_at[last]
    return START


def shown(text: str, longest: int = 40) -> str:
    """Text of an admin for a message: cut, and without characters that cannot be seen."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cut)
