# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of what was promised to customers: evidence, statements, and how they read."""
