# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a rule folder, read and merged by section.

What stands in a section under a name is collected twice: as it was written,
for judging names even where the rest of a block is wrong, and as it could be
read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rules.format.base import read_as
from rules.format.files import RulesFile
from rules.format.trials import TrialsFile
from rules.nearest import nearest
from rules.policy import Where
from rules.problems import Problem
from rules.source import Block, Items, Room, read
from rules.tokens import looks_like_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.source import Position, Tree

Section = Literal["calendars", "recipients", "escalations", "tiers", "customers", "obligations"]
SECTIONS: tuple[Section, ...] = (
    "calendars",
    "recipients",
    "escalations",
    "tiers",
    "customers",
    "obligations",
)


@dataclass
class Folder:
    """All files of a folder.

    `trees` are the rules files' trees in the order of their names; `defined`
    says where each name stands first; names of `doubtful` sections cannot be
    judged, because what defines them could not be read in the files that stand
    there. `broken` are blocks of which a part could not be read.
    """

    rules: list[RulesFile] = field(default_factory=list)
    trials: list[TrialsFile] = field(default_factory=list)
    defined: dict[Section, dict[str, Where]] = field(default_factory=dict)
    doubtful: dict[Section, set[str]] = field(default_factory=dict)
    broken: set[tuple[Section, str]] = field(default_factory=set)
    references: list[Reference] = field(default_factory=list)
    bare_days: list[BareDay] = field(default_factory=list)
    secrets: list[tuple[Where, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    first_file: str = ""

    def problem(self, where: Where, code: str, what: str, message: str, hint: str = "") -> None:
        """Collect a problem at a place of one of the files."""
        self.problems.append(
            Problem(where.file, where.line, where.column, code, what, message, hint)
        )

    def doubt(self, section: Section, file: str) -> None:
        """Judge no name of a section: what this file says of it could not be read."""
        self.doubtful.setdefault(section, set()).add(file)

    @property
    def unread(self) -> dict[str, tuple[Section, ...]]:
        """The sections that could not be read, by file."""
        files = sorted(set().union(*self.doubtful.values()))
        return {
            file: tuple(one for one in SECTIONS if file in self.doubtful.get(one, ()))
            for file in files
        }

    @property
    def start(self) -> Where:
        """Where something is reported that the whole folder lacks."""
        return Where(self.first_file, 1, 1)


@dataclass(frozen=True)
class BareDay:
    """A `1d`, and the calendar that was named beside it."""

    where: Where
    text: str
    counted: str


@dataclass(frozen=True)
class Reference:
    """A name that is used, and the section that should define it."""

    section: Section
    name: str
    where: Where
    what: str


def read_folder(files: Mapping[str, bytes]) -> Folder:
    """Read all files, in the order of their names."""
    folder = Folder(defined={section: {} for section in SECTIONS})
    room = Room()
    tiers_in = ""
    for name in sorted(files):
        document = read(files[name], name, room)
        root = document.tree if isinstance(document.tree, Block) else None
        if root is not None and "tests" in root.keys_at:
            folder.references += _references(root, _TRIAL_REFERENCES)
            folder.secrets += _secrets(root, "")
            trials = read_as(TrialsFile, document)
            folder.trials += [trials] if trials else []
            folder.problems += document.problems
            continue
        folder.first_file = folder.first_file or name
        if root is None or not document.complete:
            for section in SECTIONS:
                folder.doubt(section, name)
        if root is not None:
            _gather(root, folder)
            if "tiers" in root.keys_at:
                _check_tiers_stand_together(root, tiers_in, folder)
                tiers_in = tiers_in or name
        if rules := read_as(RulesFile, document):
            folder.rules.append(rules)
            folder.broken |= _broken(rules)
        folder.problems += document.problems
    if not files:
        folder.problem(Where("", 1, 1), "STP021", "", "the folder holds no rule files", _INIT)
    elif not folder.first_file:
        folder.first_file = min(files)
    return folder


BARE_DAYS = frozenset({"1d", "1 d", "1day", "1 day"})
_WITHIN = ("within",)
_INIT = "stipt init writes a folder to start from"


def _gather(root: Block, folder: Folder) -> None:
    """Collect names, references and secrets before anything is cut out."""
    for key in root.keys_at:
        if key not in RulesFile.model_fields:
            meant = nearest(key, RulesFile.model_fields)
            for section in SECTIONS:
                if section == meant:
                    folder.doubt(section, root.file)
    for section in SECTIONS:
        block = root.get(section)
        if not isinstance(block, Block):
            if section in root.keys_at:
                folder.doubt(section, root.file)
            continue
        if block.lost_key:
            folder.doubt(section, root.file)
        for name, at in block.keys_at.items():
            _define(section, name, Where(root.file, *at), folder)
    folder.references += _references(root, _RULE_REFERENCES)
    folder.bare_days += _bare_days(root)
    folder.secrets += _secrets(root, "")


def _broken(rules: RulesFile) -> set[tuple[Section, str]]:
    found: set[tuple[Section, str]] = set()
    found |= {("tiers", name) for name, form in rules.tiers.items() if not form.is_whole}
    found |= {("customers", name) for name, form in rules.customers.items() if not form.is_whole}
    return found


def _define(section: Section, name: str, where: Where, folder: Folder) -> None:
    known = folder.defined[section]
    if name not in known:
        known[name] = where
        return
    first = known[name]
    hint = f"first at {first.file}:{first.line}:{first.column}"
    folder.problem(where, "STP102", f"{section}.{name}", "is defined in two files", hint)


def _check_tiers_stand_together(root: Block, first: str, folder: Folder) -> None:
    if first:
        where = Where(root.file, *root.keys_at["tiers"])
        hint = f"the others are in {first}"
        folder.problem(where, "STP103", "tiers", "tiers stand in one file: order matters", hint)


# A path into a file; `*` is any name, `#` any item of a list, `?` any depth of a condition.
_RULE_REFERENCES: tuple[tuple[str, Section], ...] = (
    ("calendars.*.cases.*", "calendars"),
    ("calendars.*.default", "calendars"),
    ("recipients.*.only_during", "calendars"),
    ("escalations.*.#.tell.#", "recipients"),
    ("tiers.*.obligations.#", "obligations"),
    ("tiers.*.targets.#.counted", "calendars"),
    ("tiers.*.targets.#.escalate", "escalations"),
    ("customers.*.tier", "tiers"),
    ("customers.*.obligations.#", "obligations"),
    ("customers.*.reports.#.to.#", "recipients"),
    ("customers.*.targets.#.counted", "calendars"),
    ("customers.*.targets.#.escalate", "escalations"),
    ("obligations.*.counted", "calendars"),
    ("obligations.*.warn.#.tell.#", "recipients"),
    ("obligations.*.tickets.?.tier", "tiers"),
    ("obligations.*.tickets.?.tier.#", "tiers"),
)
_TRIAL_REFERENCES: tuple[tuple[str, Section], ...] = (
    ("tests.#.expect.tier", "tiers"),
    ("tests.#.expect.customer", "customers"),
    ("tests.#.expect.*.calendar", "calendars"),
)


def _references(root: Block, patterns: Iterable[tuple[str, Section]]) -> Iterator[Reference]:
    for pattern, section in patterns:
        for name, at, what in _find(root, root.at, tuple(pattern.split(".")), ()):
            yield Reference(section, name, Where(root.file, *at), what)


def _find(
    node: object, at: Position, pattern: tuple[str, ...], path: tuple[str, ...]
) -> Iterator[tuple[str, Position, str]]:
    """All texts that stand at a pattern, with position and dotted name."""
    if not pattern:
        if isinstance(node, str):
            yield node, at, ".".join(path)
        return
    head, rest = pattern[0], pattern[1:]
    if head == "?":
        yield from _find(node, at, rest, path)
        pattern_below = pattern
    else:
        pattern_below = rest
    if isinstance(node, Block):
        keys = tuple(node) if head in ("*", "?") else (head,) if head in node else ()
        for key in keys:
            yield from _find(node[key], node.values_at[key], pattern_below, (*path, key))
    elif isinstance(node, Items) and head in ("#", "?"):
        for item, place in zip(node, node.values_at, strict=True):
            yield from _find(item, place, pattern_below, path)


def _bare_days(root: Block) -> Iterator[BareDay]:
    for section in ("tiers", "customers"):
        for block in _targets(root.get(section)):
            counted = block.get("counted")
            within = block.get("within")
            holder, keys = (
                (within, tuple(within)) if isinstance(within, Block) else (block, _WITHIN)
            )
            for key in keys:
                text = holder.get(key)
                if isinstance(counted, str) and isinstance(text, str) and text in BARE_DAYS:
                    yield BareDay(Where(root.file, *holder.values_at[key]), text, counted)


def _targets(section: Tree | None) -> Iterator[Block]:
    owners = section.values() if isinstance(section, Block) else ()
    for owner in owners:
        listed = owner.get("targets") if isinstance(owner, Block) else None
        if isinstance(listed, Items):
            yield from (target for target in listed if isinstance(target, Block))


def _secrets(node: Block, what: str) -> Iterator[tuple[Where, str]]:
    """Where text stands that looks like a secret, and the dotted name of the place."""
    for key, value in node.items():
        name = f"{what}.{key}" if what else key
        yield from _secrets_of(value, Where(node.file, *node.values_at[key]), name)


def _secrets_of(value: Tree, where: Where, what: str) -> Iterator[tuple[Where, str]]:
    if isinstance(value, str):
        if looks_like_secret(value):
            yield where, what
    elif isinstance(value, Block):
        yield from _secrets(value, what)
    else:
        for item, at in zip(value, value.values_at, strict=True):
            yield from _secrets_of(item, Where(where.file, *at), what)
