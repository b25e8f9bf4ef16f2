# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule files as text that a person goes on writing: short lines, quotes only where needed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MODELINE = "# yaml-language-server: $schema=./stipt.schema.json"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"})
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def scalar(text: str) -> str:
    """A text as YAML; quoted where it could be taken for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def flow(values: Sequence[str]) -> str:
    """One value as it is, several as a list in one line."""
    if len(values) == 1:
        return scalar(values[0])
    return f"[{', '.join(map(scalar, values))}]"


def mapping(pairs: Iterable[tuple[str, str]]) -> str:
    """Keys and values, which are YAML already, in one line."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


def remark(text: str, indent: str) -> list[str]:
    """A comment of as many lines as it needs; what it quotes cannot end it."""
    words = " ".join(re.sub(r"[^\x20-\x7e\u00a1-\ufffd]", " ", text).split()).split(" ")
    lines, line = [], f"{indent}#"
    for word in words:
        if len(line) + len(word) > 98 and not line.endswith("#"):
            lines.append(line)
            line = f"{indent}#"
        line += f" {word}"
    return [*lines, line]


def commented_out(lines: Iterable[str], indent: str) -> list[str]:
    """The lines as a comment at that indentation, their own kept behind it."""
    return [f"{indent}# {line.removeprefix(indent)}" for line in lines]


def week(hours: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Days and hours, neighbouring days with the same hours together."""
    runs: list[tuple[str, str, Sequence[str]]] = []
    for day in _WEEK:
        spans = hours.get(day, ())
        if not spans:
            continue
        if runs and runs[-1][2] == spans and _follows(runs[-1][1], day):
            runs[-1] = (runs[-1][0], day, spans)
        else:
            runs.append((day, day, spans))
    return [
        (first if first == last else f"{first}-{last}", f"[{', '.join(spans)}]")
        for first, last, spans in runs
    ]


def _follows(before: str, day: str) -> bool:
    return _WEEK.index(day) == _WEEK.index(before) + 1
