# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zendesk connector: exports in, bulk writes out."""

from connector.zendesk.account import (
    AccessToken,
    ApiToken,
    ClientCredentials,
    ZendeskAccount,
)
from connector.zendesk.helpdesk import ZendeskHelpdesk, connect

__all__ = [
    "AccessToken",
    "ApiToken",
    "ClientCredentials",
    "ZendeskAccount",
    "ZendeskHelpdesk",
    "connect",
]
