# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers for tests: started here, on loopback, thrown away afterwards."""
