# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of a ticket's deadlines: the same words and numbers as in the Zendesk app.

`tests/app/golden` holds both to it.
"""
