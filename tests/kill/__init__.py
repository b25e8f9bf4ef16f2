# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker dies, freezes and loses its servers at random moments, and promises hold."""
