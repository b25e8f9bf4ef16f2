# SPDX-License-Identifier: GPL-3.0-or-later
"""Zendesk's words and Stipt's: channels, statuses, priorities, values of fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from connector.zendesk.wire import Via
from rules.facts import PRIORITIES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.zendesk.wire import Scalar
    from rules.facts import Channel, Priority, Status, Value

Unknown = dict[str, int]
"""Words without a place in the vocabulary: `channel:fax` and how often it was met."""

_CHANNELS: Final[Mapping[str, Channel]] = {
    "email": "email",
    "mail": "email",
    "web": "web",
    "web_form": "web",
    "help_center": "web",
    "web_widget": "web",
    "mobile": "web",
    "mobile_sdk": "web",
    "chat": "chat",
    "chat_transcript": "chat",
    "messaging": "messaging",
    "native_messaging": "messaging",
    "whatsapp": "messaging",
    "line": "messaging",
    "wechat": "messaging",
    "telegram": "messaging",
    "sms": "messaging",
    "text": "messaging",
    "voice": "phone",
    "voicemail": "phone",
    "phone_call_inbound": "phone",
    "phone_call_outbound": "phone",
    "api": "api",
    "web_service": "api",
    "facebook": "social",
    "twitter": "social",
    "twitter_dm": "social",
    "instagram_dm": "social",
    "any_channel": "social",
    "rule": "other",
    "system": "other",
    "trigger": "other",
    "automation": "other",
    "sample_ticket": "other",
    "side_conversation": "other",
    "closed_ticket": "other",
    "merge": "other",
}
# Display texts of the events stream, where they are more than the word itself.
_DISPLAYED: Final[Mapping[str, str]] = {
    "web_service_(api)": "web_service",
    "phone_call_(inbound)": "phone_call_inbound",
    "phone_call_(outbound)": "phone_call_outbound",
    "chat_transcript": "chat_transcript",
    "ticket_merge": "merge",
    "linked_problem": "rule",
    "business_rule": "rule",
}
_CHANNEL_NUMBERS: Final[Mapping[int, Channel]] = {
    0: "web",
    4: "email",
    5: "api",
    8: "other",
    27: "other",
    29: "chat",
    33: "phone",
    34: "phone",
    35: "phone",
    44: "phone",
    45: "phone",
    46: "phone",
    48: "web",
    49: "web",
    57: "messaging",
}
RULE_WORDS: Final = frozenset({"rule", "trigger", "automation", "system", "business_rule"})
SIDE_CONVERSATION: Final = "side_conversation"


def via_word(via: Via | str | None) -> str | None:
    """The channel's word in small letters, from the object form or the display text."""
    said = via.channel if isinstance(via, Via) else via
    if said is None or isinstance(said, int):
        return None
    word = said.strip().lower().replace(" ", "_").replace("-", "_")
    return _DISPLAYED.get(word, word) or None


def via_number(via: Via | str | None, via_id: int | None) -> int | None:
    """The channel's number, where there is one."""
    if isinstance(via, Via) and isinstance(via.channel, int):
        return via.channel
    return via_id


def channel_of(
    via: Via | str | None, via_id: int | None, unknown: Unknown, *, messaging: bool = False
) -> Channel:
    """The channel's word in rule files; what nobody knows becomes `other` and is counted."""
    if messaging:
        return "messaging"
    word = via_word(via)
    if word is not None:
        known = _CHANNELS.get(word)
        if known is None:
            count(unknown, "channel", word)
        return known or "other"
    number = via_number(via, via_id)
    if number is None:
        return "other"
    if number not in _CHANNEL_NUMBERS:
        count(unknown, "channel", str(number))
    return _CHANNEL_NUMBERS.get(number, "other")


def comment_via(via: Via | str | None, unknown: Unknown) -> str | None:
    """As `channel_of`, with side conversations kept as they are; None when nothing is said."""
    word = via_word(via)
    if word == SIDE_CONVERSATION:
        return SIDE_CONVERSATION
    if word is None and via_number(via, None) is None:
        return None
    return channel_of(via, None, unknown)


def status_of(word: str | None, unknown: Unknown) -> Status:
    """A status category; an unknown word is `open`, so that clocks run, and is counted."""
    if word in STATUSES:
        return word
    if word is not None:
        count(unknown, "status", word)
    return "open"


def priority_of(word: object, unknown: Unknown) -> Priority | None:
    """A priority; `-` and nothing are none, an unknown word is none and is counted."""
    if word in PRIORITIES:
        return word
    if isinstance(word, str) and word not in {"", "-"}:
        count(unknown, "priority", word)
    return None


def count(unknown: Unknown, kind: str, word: str) -> None:
    """Count a word without a place; long ones are cut, they may be somebody's text."""
    key = f"{kind}:{word[:40]}"
    unknown[key] = unknown.get(key, 0) + 1


def field_value(raw: Scalar | object) -> Value:
    """A field as facts hold it: text, several texts, or nothing."""
    if raw is None or raw in ("", []):
        return None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, (list, tuple)):
        return tuple(str(item) for item in raw)
    if isinstance(raw, dict):
        return field_value(raw.get("value", raw.get("id")))
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)


def tags_of(raw: object) -> tuple[str, ...]:
    """Tags as facts hold them, from a list or from text with blanks."""
    if isinstance(raw, str):
        return tuple(raw.split())
    if isinstance(raw, (list, tuple)):
        return tuple(str(item) for item in raw)
    return ()


def language_of(locale: str | None) -> str | None:
    """The language of a locale: `nl` for `nl-BE`."""
    return locale.replace("_", "-").split("-", 1)[0].lower() if locale else None


def slug(text: str) -> str:
    """Small letters, digits and underscores: a field's key, or the tag of an option."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
