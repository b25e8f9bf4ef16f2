# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake Zendesk page in a real browser: opens the app, plays scenarios, says what was seen.

`host.html` and `host.js` are the page around the app, `zaf_double.js` is what its pages get where
they ask for Zendesk's SDK, `contract/` is an app that calls every function of it.
"""
