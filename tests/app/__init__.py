# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zendesk app: its package, its view of fields, its pages in a browser."""
