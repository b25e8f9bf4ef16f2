# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure engine: rule files and ticket facts in, verdicts out.

Nothing here reads a clock, a disk, a network, a database or the environment;
the judging instant is always a parameter.
"""

from rules.evaluate import evaluate
from rules.lint import lint
from rules.load import load

__all__ = ["evaluate", "lint", "load"]
