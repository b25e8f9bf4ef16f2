# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zendesk connector: exports in, bulk writes out."""

from connector.zendesk.account import (
    NAMES_SCOPES,
    RATINGS_SCOPES,
    RUNNING_SCOPES,
    AccessToken,
    ApiToken,
    ClientCredentials,
    ZendeskAccount,
)
from connector.zendesk.helpdesk import ZendeskHelpdesk, connect

__all__ = [
    "NAMES_SCOPES",
    "RATINGS_SCOPES",
    "RUNNING_SCOPES",
    "AccessToken",
    "ApiToken",
    "ClientCredentials",
    "ZendeskAccount",
    "ZendeskHelpdesk",
    "connect",
]
