# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors: helpdesks and history files, each turned into ticket facts."""
