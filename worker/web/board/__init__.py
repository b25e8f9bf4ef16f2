# SPDX-License-Identifier: GPL-3.0-or-later
"""The board: open tickets by deadline, a ticket's timeline, the policy, messages and health."""
