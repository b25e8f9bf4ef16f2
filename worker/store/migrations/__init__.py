# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations of the store, forward only; each is safe while the version before still runs."""
