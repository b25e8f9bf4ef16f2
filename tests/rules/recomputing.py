# SPDX-License-Identifier: GPL-3.0-or-later
"""Recomputes the formulas that credits show, knowing nothing but arithmetic."""

from __future__ import annotations

import ast
from fractions import Fraction

_OPERATIONS = {
    ast.Mult: lambda one, other: one * other,
    ast.Div: lambda one, other: one / other,
    ast.Add: lambda one, other: one + other,
    ast.Sub: lambda one, other: one - other,
}


def recomputed(formula: str) -> Fraction:
    """The exact value of a formula of numbers, `+ - * /`, `min` and `round` (half up)."""
    return _value(ast.parse(formula, mode="eval").body, formula)


def _value(node: ast.expr, formula: str) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(formula, node) or "")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, formula)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, formula), _value(node.right, formula)
        return _OPERATIONS[type(node.op)](left, right)
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    arguments = [_value(each, formula) for each in node.args]
    if node.func.id == "min":
        return min(arguments)
    assert node.func.id == "round"
    scale = 10 ** int(arguments[1])
    return Fraction((arguments[0] * scale + Fraction(1, 2)) // 1, scale)
