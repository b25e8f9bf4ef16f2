# SPDX-License-Identifier: GPL-3.0-or-later
"""A local stand-in for the Zendesk API, spoken to over real HTTP."""

from connector.sandbox.faults import Fault
from connector.sandbox.server import Sandbox
from connector.sandbox.settings import Assumptions, Limits, SandboxSettings

__all__ = ["Assumptions", "Fault", "Limits", "Sandbox", "SandboxSettings"]
