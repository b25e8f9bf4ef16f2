# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to people: one class per kind of recipient."""
