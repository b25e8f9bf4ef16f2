# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to people, sent to real receivers on loopback."""
