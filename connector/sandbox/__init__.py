# SPDX-License-Identifier: GPL-3.0-or-later
"""A local stand-in for the Zendesk API, spoken to over real HTTP."""
