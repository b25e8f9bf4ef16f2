# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake Zendesk page in a real browser: opens the app, plays scenarios, says what was seen.

`host.html` and `host.js` are the page around the app, `zaf_double.js` stands in for Zendesk's SDK
under its own address, `contract/` is an app that calls every function of it.
"""
