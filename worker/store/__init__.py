# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: tables, queries and migrations on SQLAlchemy Core."""
