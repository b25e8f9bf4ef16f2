# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket histories from files: JSON Lines and CSV."""
