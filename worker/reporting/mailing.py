# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends the reports that are due by e-mail: each once, in the recipient's language.

Any number of workers may do this. Each report is a row with a unique key; it
is claimed, handed to the mail server, and only then marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.statements import StatementAltered, unseal
from rules.tallies import NotConcrete
from worker.crash import crash_point
from worker.logs import get_logger
from worker.notify.channel import NotDelivered
from worker.report.customer_pictures import pictures
from worker.reporting.customers import Kept, NothingPromised, account_of, agreement_named, period_of
from worker.reporting.evidence import EvidenceMissing, OutageFiles
from worker.reporting.language import language_for
from worker.reporting.report_mail import Circumstances, Sheet, mail_of
from worker.reporting.schedule import occasions, subscriptions
from worker.reporting.stored import StoredSource
from worker.store.report_mails import (
    add_mails,
    begin_mail,
    claim_mail,
    finish_mail,
    put_back_mail,
    stand,
)
from worker.store.statements import closed_statement, statement_bytes, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from rules.policy import Policy, Recipient
    from worker.clock import Clock
    from worker.notify.mail import Document, Mail
    from worker.reporting.language import Language
    from worker.store.database import Database
    from worker.store.report_mails import ReportMail

LEASE = 300
"""Seconds: several times what a large report with its sheets takes."""

_FACTS_WAIT = timedelta(minutes=5)
_PATIENCE = timedelta(hours=6)
"""So long a report waits for tickets that are still to be judged."""

_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=4)
_SETTING_WAIT = timedelta(minutes=15)

_log = get_logger(__name__)


class NotYet(Exception):
    """What the report is to show is not known yet."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one account's customers, from its store.

    Args:
        database: where verdicts and closed statements are.
        account: whose.
        folder: of the rule files, beside which outage files are.
        policy_of: rules by their hash, for closed statements.
    """

    database: Database
    account: str
    folder: Path
    policy_of: Callable[[str], Policy | None]

    def known_until(self, policy: Policy) -> tuple[datetime, bool]:
        """Up to when everything is known, and whether all of it is judged.

        Raises:
            EvidenceMissing: nothing was read to its end yet.
        """
        source = self._source(policy)
        return source.cut_off, not source.doubts

    def sheet(self, customer: str, label: str, policy: Policy, language: Language) -> Sheet:
        """A customer's report: the closed statement where there is one, else as is known now.

        Raises:
            NothingPromised: there is no such customer or period.
            EvidenceMissing, NotConcrete: it cannot be counted.
        """
        agreement = agreement_named(customer, policy)
        period = period_of(agreement, label)
        with self.database.read(self.account) as books:
            sha256 = closed_statement(books, f"{customer}-{period.label}")
            if sha256 is not None:
                return Sheet(unseal(statement_bytes(books, sha256)[0]).statement, (), sha256)
            closed = [one.statement for one in statements_of(books, customer)]
        kept = Kept(closed, self.policy_of)
        found = account_of(agreement, period, self._source(policy), kept)
        return Sheet(found.statement, pictures(found, language))

    def _source(self, policy: Policy) -> StoredSource:
        return StoredSource.of(self.database, self.account, policy, OutageFiles(self.folder))


class ReportMailer:
    """Finds the reports that are due, and sends them.

    Args:
        reports: what they show.
        policy: the rules in force.
        mail: carries them.
        clock: tells what is due.
        is_stopping: asked between two reports.
    """

    def __init__(
        self,
        reports: Reports,
        policy: Callable[[], Policy],
        mail: Mail,
        clock: Clock,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._reports = reports
        self._policy = policy
        self._mail = mail
        self._clock = clock
        self._is_stopping = is_stopping
        self._is_idle = False

    def send_due(self) -> int:
        """Send what is due now; returns how many reports went out."""
        policy = self._policy()
        if not subscriptions(policy) and self._is_idle:
            return 0
        self._find_due(policy)
        self._is_idle = not subscriptions(policy)
        n_sent = 0
        while not self._is_stopping():
            with self._reports.database.write(self._reports.account) as books:
                mail = claim_mail(books, self._clock.now(), LEASE)
            if mail is None:
                break
            crash_point("report-claimed")
            n_sent += self._send(mail, policy)
        return n_sent

    def _find_due(self, policy: Policy) -> None:
        """Make a row of every report that has come due since its order stands."""
        orders, now = subscriptions(policy), self._clock.now()
        with self._reports.database.write(self._reports.account) as books:
            for one, since in stand(books, orders, now).items():
                add_mails(books, occasions(one, policy, since, now))

    def _send(self, mail: ReportMail, policy: Policy) -> bool:
        """One report; True when it went out. Whatever fails is another time's matter."""
        recipient = policy.recipients.get(mail.occasion.subscription.recipient)
        try:
            address = _address(mail, recipient)
            self._require_facts(mail, policy)
            document = self._document(mail, policy, recipient)
            if not self._begun(mail):
                return False
            self._mail.deliver_document(address, document)
            crash_point("report-sent-not-marked")
        except NotDelivered as fault:
            self._failed(mail, fault)
        except (NotYet, EvidenceMissing) as fault:
            self._put_back(mail, _FACTS_WAIT, str(fault))
        except (NothingPromised, NotConcrete, StatementAltered) as fault:
            self._finish(mail, "dead", str(fault))
        else:
            self._finish(mail, "sent", None)
            return True
        return False

    def _begun(self, mail: ReportMail) -> bool:
        """Whether it is still ours; from here on it may have arrived if this process dies."""
        with self._reports.database.write(self._reports.account) as books:
            return begin_mail(books, mail)

    def _document(self, mail: ReportMail, policy: Policy, recipient: Recipient | None) -> Document:
        one = mail.occasion
        subscription = one.subscription
        language = language_for(recipient.language if recipient else None)
        sheet = self._reports.sheet(subscription.customer, one.label, policy, language)
        key = (
            f"report:{self._reports.account}:{subscription.customer}:{subscription.every}:{one.of}"
        )
        circumstances = Circumstances(
            f"{key}:{one.label}:{subscription.recipient}",
            self._clock.now() - one.due_at,
            mail.may_be_repeat,
        )
        return mail_of(sheet, language, circumstances)

    def _require_facts(self, mail: ReportMail, policy: Policy) -> None:
        cut_off, is_judged = self._reports.known_until(policy)
        if cut_off < mail.occasion.ended_at:
            raise NotYet("the helpdesk has not been read up to the end of the period")
        if not is_judged and self._clock.now() < mail.occasion.due_at + _PATIENCE:
            raise NotYet("tickets wait to be judged")

    def _failed(self, mail: ReportMail, fault: NotDelivered) -> None:
        if fault.failure in ("permanent", "nobody"):
            self._finish(mail, "dead", fault.detail)
            return
        wait = min(_FIRST_RETRY * 2 ** min(mail.attempt - 1, 10), _LONGEST_RETRY)
        wait = _SETTING_WAIT if fault.failure == "setting" else wait
        self._put_back(mail, wait, fault.detail, is_doubtful=fault.failure == "ambiguous")

    def _put_back(
        self, mail: ReportMail, wait: timedelta, detail: str, *, is_doubtful: bool = False
    ) -> None:
        try_at = self._clock.now() + wait
        with self._reports.database.write(self._reports.account) as books:
            put_back_mail(books, mail, try_at, detail, is_doubtful=is_doubtful)
        if mail.attempt == 1 or is_doubtful:
            _log.warning("report_waits", **self._named(mail), reason=detail)

    def _finish(self, mail: ReportMail, state: str, detail: str | None) -> None:
        with self._reports.database.write(self._reports.account) as books:
            finish_mail(books, mail, state, detail, self._clock.now())
        if state == "sent":
            _log.info("report_sent", **self._named(mail))
        else:
            _log.warning("report_dead", **self._named(mail), reason=detail)

    def _named(self, mail: ReportMail) -> dict[str, str]:
        """Which report it is, for the log."""
        one = mail.occasion
        return {
            "account": self._reports.account,
            "statement": f"{one.subscription.customer}-{one.label}",
            "recipient": one.subscription.recipient,
            "attempt": f"{mail.attempt}",
        }


def _address(mail: ReportMail, recipient: Recipient | None) -> str:
    """Where it goes.

    Raises:
        NotDelivered: the rules know no address any more, or say not to repeat.
    """
    if recipient is None or recipient.email is None:
        raise NotDelivered("permanent", "the rules no longer know this recipient")
    if mail.may_be_repeat and recipient.on_ambiguous == "hold":
        raise NotDelivered("permanent", "it may have arrived, and the rules say to hold it then")
    return recipient.email
