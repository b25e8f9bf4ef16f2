# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the stand-in for the Zendesk API."""
