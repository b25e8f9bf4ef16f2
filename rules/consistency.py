# SPDX-License-Identifier: GPL-3.0-or-later
"""Contradictions between the parts of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.folder import Folder
    from rules.policy import Policy


def check_consistency(folder: Folder, policy: Policy) -> None:
    """Report everything in which the parts of a folder contradict each other."""
