# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends each message of the outbox through the channel of its recipient."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from worker.notify.apprise_url import AppriseUrl
from worker.notify.channel import Channel, Letter, NotDelivered
from worker.notify.mail import Mail, mail_hosts
from worker.notify.note import Note
from worker.notify.reach import Reach, networks, system_resolver
from worker.notify.services import known_hosts
from worker.notify.text import compose
from worker.notify.ticket_person import TicketPerson
from worker.outbox import NOTE, OutboxMessage, SendResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from connector.base import Helpdesk
    from rules.policy import Policy, Recipient


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
        proxy = self.environment.get("HTTPS_PROXY") or self.environment.get("https_proxy")
        return Reach(
            hosts=listed or known_hosts() | mail_hosts(self.mail_url),
            networks=networks(self.allow_networks),
            resolve=self.resolve,
            proxied=bool(proxy),
        )


class Messenger:
    """A `Sender` of the outbox over every kind of recipient.

    Args:
        delivery: how messages leave this installation.
        policy_of: the rules by their hash, or the present ones where those are
            no longer known; None where there are none.
        helpdesk_of: the helpdesk of an account.
        link_of: address at which a person finds the message's ticket, or None.
        now: the clock.
    """

    def __init__(
        self,
        delivery: Delivery,
        *,
        policy_of: Callable[[str], Policy | None],
        helpdesk_of: Callable[[str], Helpdesk],
        link_of: Callable[[OutboxMessage], str | None],
        now: Callable[[], datetime],
    ) -> None:
        self._language = delivery.language
        self._policy_of = policy_of
        self._link_of = link_of
        self._now = now
        reach = delivery.reach()
        # A web proxy does not carry mail: a mail server's addresses are always checked.
        self._mail = Mail(url=delivery.mail_url, reach=replace(reach, proxied=False), now=now)
        self._url = AppriseUrl(reach=reach, environment=delivery.environment, mail=self._mail)
        self._note = Note(helpdesk_of)
        self._person = TicketPerson(helpdesk_of, self._mail)

    def send(self, message: OutboxMessage) -> SendResult:
        """Try once to deliver the message."""
        try:
            letter = self._letter(message)
            if (wait := self._until_there(letter)) > 0:
                return SendResult("temporary", "outside the recipient's hours", retry_after=wait)
            self._channel(letter.recipient).deliver(letter)
        except NotDelivered as problem:
            return SendResult(problem.failure, problem.detail)
        return SendResult("sent")

    def send_notes(self, messages: Sequence[OutboxMessage]) -> list[SendResult]:
        """Try once to add internal notes; in the same order."""
        results: dict[int, SendResult] = {}
        letters: list[Letter] = []
        for one in messages:
            try:
                letters.append(self._letter(one))
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

    def _letter(self, message: OutboxMessage) -> Letter:
        policy = self._policy_of(message.policy)
        if policy is None:
            raise NotDelivered("temporary", "no rules are loaded")
        recipient = None
        if message.recipient != NOTE:
            recipient = policy.recipients.get(message.recipient)
            if recipient is None:
                raise NotDelivered("permanent", "the rules no longer know this recipient")
        text = compose(
            message,
            now=self._now(),
            zone=_zone(policy, message),
            link=self._link_of(message) if recipient else None,  # a note stands on its ticket
            language=(recipient.language if recipient else None) or self._language,
        )
        return Letter(message, recipient, text)

    def _until_there(self, letter: Letter) -> float:
        """Seconds until the recipient may be told; 0 where that is now."""
        recipient, now = letter.recipient, self._now()
        if recipient is None or recipient.only_during is None:
            return 0
        policy = self._policy_of(letter.message.policy)
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


def _zone(policy: Policy, message: OutboxMessage) -> ZoneInfo:
    """The zone of the contract's periods, else that of the rule folder."""
    zones = {one.name: one.period_zone for one in policy.contracts}
    return ZoneInfo(zones.get(message.customer or "") or policy.settings.time_zone)
