# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may look at pages and change things: sign-in, sessions, and forms that are our own."""
