# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell around the engine: settings, store, loops, messages, web and command line."""
