# SPDX-License-Identifier: GPL-3.0-or-later
"""How many people keep the promises: from what came in, by the rules in force."""
