# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain words for the YAML parser's errors, guessing what the admin most likely meant."""

from __future__ import annotations

import re

from rules.money import plain_amount

_QUOTE = "put the value in quotes"
BACKSLASH = "in double quotes a backslash is special: use single quotes"
_DOUBLED = "a quote inside quoted text must be doubled"
_GUESSES: tuple[tuple[str, str, str], ...] = (
    (r"'\t'", "a tab stands where only blanks may", "use spaces"),
    ("mapping values are not", "a second colon in one value", 'text that holds ": " needs quotes'),
    ("escape", "an escape that YAML does not know", BACKSLASH),
    ("found '<scalar>'", "text goes on after a closing quote", _DOUBLED),
    ("cannot start any token", "a character that cannot start a value", _QUOTE),
    ("alphabetic or numeric character", "a value that starts with * or &", _QUOTE),
    ("scanning an alias", "a value that starts with *", _QUOTE),
    ("scanning an anchor", "a value that starts with &", _QUOTE),
    ("scanning a block scalar", "a value that starts with > or |", _QUOTE),
    ("scanning a directive", "a value that starts with %", _QUOTE),
    ("sequence entries are not allowed", "a value that starts with -", _QUOTE),
    ("expected ',' or ']'", "a list in [ ] that is not closed", "close it with ]"),
    ("expected ',' or '}'", "a block in { } that is not closed", "close it with }"),
    ("unexpected end of stream", "a quote that is not closed", "close it"),
    ("could not find expected ':'", "a key without a colon", "write key: value"),
    ("expected <block end>", "this line is not in line with those above", "check the indentation"),
    ("expected the node content", "a value is missing here", ""),
    ("undefined alias", "an alias without an anchor", _QUOTE),
)  # fmt: skip
_NUMBER_OF_KEY = re.compile(r"(\w+): *([0-9]+(?:[.,'][0-9]+)+)(%?)")


def explain_syntax(context: str, problem: str) -> tuple[str, str]:
    """A message and a hint for a parser's error.

    Args:
        context: what the parser was doing, in its own words.
        problem: what it found, likewise.
    """
    said = f"{context} {problem}".strip()
    for sign, message, hint in _GUESSES:
        if sign in said:
            return message, hint
    return f"not YAML: {problem or context}", ""


def hint_on_empty(line: str) -> str:
    """Why a key has no value, judged by its line from the key on."""
    after = line.partition(":")[2].strip()
    if after.startswith("#") and not after.startswith("# "):
        return "# starts a comment: quote the value"
    return "write one or leave the key out"


def cut_number(line: str, column: int) -> tuple[str, str] | None:
    """The message and hint on a key that is the rest of a number, cut at its comma by `{ }`.

    Args:
        line: the line that the key stands in.
        column: the key's first, from 1.
    """
    for found in _NUMBER_OF_KEY.finditer(line):
        start, end = found.span(2)
        meant = plain_amount(found[2])
        if meant and start < column - 1 < end and line[column - 2] == ",":
            message = f'has no value: in {{ }} "{found[2]}{found[3]}" ends at its comma'
            return message, f'write {found[1]}: "{meant}{found[3]}"'
    return None
