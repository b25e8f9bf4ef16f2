# SPDX-License-Identifier: GPL-3.0-or-later
"""The web application over real HTTP on a loopback port."""
