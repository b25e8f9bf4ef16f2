# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to people: one class per kind of recipient.

`Messenger` is what the outbox sends through. A new kind of recipient needs a
class with `deliver`, a line in `messenger.py`, and a row in the shared test
tables of `tests/notify/`.
"""
