# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a YAML 1.2 text."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.events import Event
    from ruamel.yaml.reader import Reader


class _Scanner(Scanner):
    """Looks its reader up once, not for each character: a tenth of the time of reading."""

    @cached_property
    def reader(self) -> Reader:
        found: Reader = super().reader
        return found


class _Parser(Parser):
    """Looks its scanner up once, for the same reason."""

    @cached_property
    def scanner(self) -> Scanner:
        found: Scanner = super().scanner
        return found


def events_of(text: str) -> Iterator[Event]:
    """The parser's events, one by one.

    Raises:
        YAMLError: the text is not YAML.
        ValueError: an escape names no character (OverflowError likewise).
    """
    # "safe" and "rt" read the same YAML 1.2; "rt" also gathers comments, which costs a third.
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Parser = _Scanner, _Parser
    yield from yaml.parse(text)
