# SPDX-License-Identifier: GPL-3.0-or-later
"""The file format: what may stand where in a rule file.

Models for reading and for the JSON Schema of editors. What the rules mean is
in `rules.policy` and `rules.promises`.
"""
