# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends each message of the outbox through the channel of its recipient."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from rules.calendar_zones import time_zone
from worker.notify.apprise_url import AppriseUrl
from worker.notify.channel import Channel, Letter, NotDelivered
from worker.notify.digest import compose_digest
from worker.notify.mail import Mail, mail_hosts
from worker.notify.note import Note
from worker.notify.reach import Reach, networks, system_resolver
from worker.notify.services import MAIL, known_hosts
from worker.notify.signed_webhook import SignedWebhook
from worker.notify.text import Setting, compose, trial
from worker.notify.ticket_person import TicketPerson
from worker.outbox import NOTE, Manner, OutboxMessage, SendResult, digest_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from connector.base import Helpdesk
    from rules.policy import Policy, Recipient
    from worker.notify.services import Service

ALWAYS = "always"
"""The calendar that is open round the clock."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages leave this installation.

    Args:
        environment: where `env:NAME` is looked up, at each send.
        mail_url: the mail server, an Apprise `mailto(s)://` URL; a secret.
        allow_hosts: hosts that may be reached; empty: those of the known
            services and the mail server's.
        allow_networks: private networks that may be reached, as CIDR.
        language: of recipients that name none.
        resolve: gives all addresses of a name.
    """

    environment: Mapping[str, str] = field(repr=False)
    mail_url: str | None = field(default=None, repr=False)
    allow_hosts: Iterable[str] = ()
    allow_networks: Iterable[str] = ()
    language: str = "en"
    resolve: Callable[[str], Sequence[str]] = system_resolver

    def reach(self) -> Reach:
        """The hosts and networks that this installation may send to.

        Raises:
            ValueError: a network that is none.
        """
        listed = frozenset(host.lower() for host in self.allow_hosts)
        return Reach(
            hosts=listed or known_hosts() | mail_hosts(self.mail_url),
            networks=networks(self.allow_networks),
            resolve=self.resolve,
            proxied=bool(self.proxy),
        )

    @property
    def proxy(self) -> str | None:
        """The web proxy's address, where there is one."""
        return self.environment.get("HTTPS_PROXY") or self.environment.get("https_proxy")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a message leads to.

    Args:
        ticket: where a person finds the message's ticket, or None.
        acknowledge: where a person stops the repetitions of its step, or None.
    """

    ticket: Callable[[OutboxMessage], str | None]
    acknowledge: Callable[[OutboxMessage], str | None] = lambda _message: None


class Messenger:
    """A `Sender` of the outbox over every kind of recipient.

    Args:
        delivery: how messages leave this installation.
        policy_of: the rules by their hash, or the present ones where those are
            no longer known; None where there are none.
        helpdesk_of: the helpdesk of an account.
        links: what messages lead to.
        now: the clock.
    """

    def __init__(
        self,
        delivery: Delivery,
        *,
        policy_of: Callable[[str], Policy | None],
        helpdesk_of: Callable[[str], Helpdesk],
        links: Links,
        now: Callable[[], datetime],
    ) -> None:
        self._language = delivery.language
        self._policy_of = policy_of
        self._links = links
        self._now = now
        reach = delivery.reach()
        # A web proxy does not carry mail: a mail server's addresses are always checked.
        self._mail = Mail(url=delivery.mail_url, reach=replace(reach, proxied=False), now=now)
        self._url = AppriseUrl(
            reach=reach,
            environment=delivery.environment,
            mail=self._mail,
            signed=SignedWebhook(reach=reach, now=now, proxy=delivery.proxy),
        )
        self._note = Note(helpdesk_of)
        self._person = TicketPerson(helpdesk_of, self._mail)

    def manner(self, message: OutboxMessage) -> Manner:
        """How the message's recipient is told; nothing is sent."""
        policy = self._policy_of(message.policy)
        recipient = policy.recipients.get(message.recipient) if policy else None
        if recipient is None:
            return Manner(per_minute=MAIL.per_minute)
        service = self._service(recipient)
        person: Literal["assignee", "group"] | None = None
        if recipient.ticket is not None:
            person = "group" if recipient.ticket == "group" else "assignee"
        return Manner(
            per_minute=service.per_minute,
            gathers=service.is_read,
            person=person,
            holds_doubtful=recipient.on_ambiguous == "hold",
        )

    def send(self, message: OutboxMessage) -> SendResult:
        """Try once to deliver the message."""
        return self._deliver([message], lambda: self.letter(message))

    def send_digest(self, messages: Sequence[OutboxMessage]) -> SendResult:
        """Try once to deliver one message that stands for all of these."""
        return self._deliver(messages, lambda: self.digest(messages))

    def _deliver(
        self, messages: Sequence[OutboxMessage], write: Callable[[], Letter]
    ) -> SendResult:
        try:
            if (wait := self._until_there(messages[0])) > 0:
                return SendResult("temporary", "outside the recipient's hours", retry_after=wait)
            letter = write()
            self._channel(letter.recipient).deliver(letter)
        except NotDelivered as problem:
            return SendResult(problem.failure, problem.detail)
        return SendResult("sent")

    def send_trial(self, message: OutboxMessage) -> SendResult:
        """Send a message that says it is a test to the recipient of `message`."""
        try:
            recipient = self._recipient(message)
            text = trial(message, self._setting(message, recipient))
            self._channel(recipient).deliver(Letter(message, recipient, text))
        except NotDelivered as problem:
            return SendResult(problem.failure, problem.detail)
        return SendResult("sent")

    def send_notes(self, messages: Sequence[OutboxMessage]) -> list[SendResult]:
        """Try once to add internal notes; in the same order."""
        results: dict[int, SendResult] = {}
        letters: list[Letter] = []
        for one in messages:
            try:
                letters.append(self.letter(one))
            except NotDelivered as problem:
                results[one.id] = SendResult(problem.failure, problem.detail)
        sent = self._note.deliver_all(letters)
        for letter, result in zip(letters, sent, strict=True):
            results[letter.message.id] = result
        return [results[one.id] for one in messages]

    def was_sent(self, message: OutboxMessage) -> bool | None:
        """Whether an earlier try arrived; None where the channel cannot be read back."""
        if message.recipient == NOTE:
            return self._note.was_delivered(message)
        return None

    def faults(self, policy: Policy) -> dict[str, str]:
        """What keeps recipients from being reached, by name; nothing is sent.

        Addresses are resolved, so this may take the time of a name look-up each.
        """
        found = {}
        for name, recipient in policy.recipients.items():
            try:
                if recipient.url_name is not None:
                    self._url.check(recipient.url_name)
                else:
                    self._mail.server()
            except NotDelivered as problem:
                found[name] = problem.detail
        return found

    def letter(self, message: OutboxMessage) -> Letter:
        """The message as it would be carried now.

        Raises:
            NotDelivered: there are no rules, or they do not know the recipient.
        """
        recipient = self._recipient(message)
        setting = self._setting(message, recipient)
        return Letter(message, recipient, compose(message, setting), link=setting.link)

    def digest(self, messages: Sequence[OutboxMessage]) -> Letter:
        """The one message that stands for all of these.

        Raises:
            NotDelivered: as `letter`.
        """
        first = messages[0]
        recipient = self._recipient(first)
        members = [(one, self._setting(one, recipient)) for one in messages]
        text = compose_digest(members, repeat=first.may_be_repeat)
        return Letter(first, recipient, text, digest=first.digest or digest_key(first))

    def _recipient(self, message: OutboxMessage) -> Recipient | None:
        policy = self._policy_of(message.policy)
        if policy is None:
            raise NotDelivered("temporary", "no rules are loaded")
        if message.recipient == NOTE:
            return None
        recipient = policy.recipients.get(message.recipient)
        if recipient is None:
            raise NotDelivered("permanent", "the rules no longer know this recipient")
        return recipient

    def _setting(self, message: OutboxMessage, recipient: Recipient | None) -> Setting:
        policy = self._policy_of(message.policy)
        calendar = policy.calendars.get(message.calendar or "") if policy else None
        is_round_the_clock = calendar is None or calendar.name == ALWAYS
        links = self._links
        return Setting(
            now=self._now(),
            zone=_zone(policy, message),
            # A note stands on its ticket, where an agent's reply acknowledges too.
            link=links.ticket(message) if recipient and message.ticket_id else None,
            acknowledge=links.acknowledge(message) if recipient and message.ticket_id else None,
            language=(recipient.language if recipient else None) or self._language,
            business=None if is_round_the_clock or calendar is None else calendar.business,
            room=self._service(recipient).room,
        )

    def _service(self, recipient: Recipient | None) -> Service:
        """What carries a recipient's messages; mail's bounds where that cannot be told."""
        if recipient is None or recipient.url_name is None:
            return MAIL
        return self._url.service(recipient.url_name) or MAIL

    def _until_there(self, message: OutboxMessage) -> float:
        """Seconds until the recipient may be told; 0 where that is now."""
        recipient, now = self._recipient(message), self._now()
        if recipient is None or recipient.only_during is None:
            return 0
        policy = self._policy_of(message.policy)
        calendar = policy.calendars.get(recipient.only_during) if policy else None
        if calendar is None or calendar.business.is_open(now):
            return 0
        return (calendar.business.next_opening(now) - now).total_seconds()

    def _channel(self, recipient: Recipient | None) -> Channel:
        if recipient is None:
            return self._note
        if recipient.ticket is not None:
            return self._person
        return self._mail if recipient.email is not None else self._url


def _zone(policy: Policy | None, message: OutboxMessage) -> ZoneInfo:
    """The zone of the contract's periods, else that of the rule folder."""
    if policy is None:
        return time_zone("UTC")
    zones = {one.name: one.period_zone for one in policy.contracts}
    return time_zone(zones.get(message.customer or "") or policy.settings.time_zone)
