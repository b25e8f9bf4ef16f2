# SPDX-License-Identifier: GPL-3.0-or-later
"""The `stipt` command: one module per group of commands, heavy imports inside commands."""
