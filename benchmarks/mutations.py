# SPDX-License-Identifier: GPL-3.0-or-later
"""Every small slip that can be made in a Python file: the mutants of benchmarks/mutants.py.

One change each: a comparison loosened or tightened, an operator or a builtin
exchanged for its opposite, `and` for `or`, a condition turned round, a number
one more, a word or a truth value changed, a value not returned, a statement
left out. Annotations, decorators, docstrings and the words of errors stay as
they are, for they decide nothing; so do statements that only tell types.
"""

from __future__ import annotations

import ast
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_OPPOSITES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "bisect_left": "bisect_right",
    "bisect_right": "bisect_left",
}
_SKIPPED_FIELDS = frozenset({"annotation", "returns", "decorator_list"})


@dataclass(frozen=True)
class Mutant:
    """One changed place of one file; `start` and `end` are offsets in its bytes."""

    file: str
    function: str
    line: int
    start: int
    end: int
    before: str
    after: str
    occurrence: int

    @property
    def identity(self) -> str:
        """What it is, wherever in the file it stands."""
        return f"{self.file} {self.function} {self.before} {self.after} {self.occurrence}"

    def applied_to(self, text: str) -> str:
        """The file's text with the change in it."""
        raw = text.encode()
        return (raw[: self.start] + self.after.encode() + raw[self.end :]).decode()

    def __str__(self) -> str:
        where = f"{self.file}:{self.line} {self.function}"
        return f"{where}: {' '.join(self.before.split())} -> {' '.join(self.after.split())}"


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """All mutants of a file, in the order of its lines."""
    text = (root / file).read_text(encoding="utf-8")
    lines = text.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    seen: Counter[tuple[str, str, str]] = Counter()
    found: list[Mutant] = []
    for function, node, after in _changes(ast.parse(text), ""):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        before = text.encode()[start:end].decode()
        seen[function, before, after] += 1
        number = seen[function, before, after]
        found.append(Mutant(file, function, node.lineno, start, end, before, after, number))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after))


_Change = tuple[str, "ast.expr | ast.stmt", str]


def _changes(node: ast.AST, function: str) -> Iterator[_Change]:
    """Changes of a node and of everything in it."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}" if function else node.name
    if isinstance(node, ast.expr | ast.stmt):
        for after in _own_changes(node):
            yield function or "the module", node, after
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield function or "the module", node.test, f"(not ({ast.unparse(node.test)}))"
    for child in _children(node):
        yield from _changes(child, function)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts in which a slip would decide something."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "cast":
        yield node.args[1]
        return
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED_FIELDS or (isinstance(node, ast.ClassDef) and name == "keywords"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_idle(child):
                yield child


def _is_idle(node: ast.AST) -> bool:
    """Docstrings, imports of types, type aliases and `__slots__`."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        target = ast.unparse(node.targets[0])
        is_alias = isinstance(node.value, ast.Subscript) and target[0].isupper()
        return target == "__slots__" or is_alias
    return False


def _own_changes(node: ast.expr | ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.stmt):
        yield from _statement_changes(node)
        return
    if isinstance(node, ast.Compare):
        yield from _comparison_changes(node)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield f"({ast.unparse(_with(node, op=_OPERATORS[type(node.op)]()))})"
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"({ast.unparse(_with(node, op=other))})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Constant):
        yield from _constant_changes(node)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in _OPPOSITES:
        opposite = ast.Name(_OPPOSITES[ast.unparse(node.func)])
        yield ast.unparse(_with(node, func=opposite))


def _statement_changes(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Return):
        if node.value is not None and ast.unparse(node.value) not in ("None", "False"):
            yield "return None"
    elif isinstance(node, ast.Continue | ast.Break):
        yield "break" if isinstance(node, ast.Continue) else "continue"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "pass"
    elif isinstance(node, ast.AugAssign):
        yield "pass"
        if type(node.op) in _OPERATORS:
            yield ast.unparse(_with(node, op=_OPERATORS[type(node.op)]()))
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        yield "pass"


def _comparison_changes(node: ast.Compare) -> Iterator[str]:
    for index, operator in enumerate(node.ops):
        others = [*node.ops[:index], _COMPARISONS[type(operator)](), *node.ops[index + 1 :]]
        yield f"({ast.unparse(_with(node, ops=others))})"


def _constant_changes(node: ast.Constant) -> Iterator[str]:
    value = node.value
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int):
        yield repr(value + 1)
    elif isinstance(value, str):
        yield repr(f"{value}?")


def _with(node: ast.AST, **changed: object) -> ast.AST:
    copied = deepcopy(node)
    for name, value in changed.items():
        setattr(copied, name, value)
    return copied
