# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that staffing answers: phone, chat, mail, and what is to be doubted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.arrivals import profile
from rules.phone_history import phone_history
from worker.staffing.first_replies import Arrived
from worker.staffing.mail import answer_mail
from worker.staffing.queues import plan_chat, plan_phone

if TYPE_CHECKING:
    from rules.arrivals import Profile
    from rules.mail_plan import MailPlan
    from rules.workdays import Workday
    from worker.staffing.mail import MailAnswer
    from worker.staffing.past import Past
    from worker.staffing.queues import QueuePlan
    from worker.staffing.setting import Setting


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that was found. What is None has nothing to plan for.

    `arrivals` is the usual week of mail, `days` a week of it as it is worked off.
    """

    setting: Setting
    phone: QueuePlan | None
    chat: QueuePlan | None
    mail: MailPlan | None
    as_rostered: MailPlan | None
    arrivals: Profile
    days: tuple[Workday, ...] = ()
    doubts: tuple[str, ...] = ()


def answer(past: Past, setting: Setting) -> Answer:
    """People needed, from what came in."""
    arrived = Arrived.of(past.tickets, setting.policy, setting.over)
    phone, of_phone = _phone(past, setting)
    mail = answer_mail(past.tickets, setting)
    return Answer(
        setting,
        phone,
        plan_chat(arrived, setting),
        mail.needed if mail else None,
        mail.as_rostered if mail else None,
        profile((one.created_at for one in arrived.mail), setting.over),
        mail.days if mail else (),
        (*past.doubts, *_unpromised(arrived), *of_phone, *_hopeless(mail)),
    )


def _phone(past: Past, setting: Setting) -> tuple[QueuePlan | None, list[str]]:
    """People needed on the phone, and what is to be doubted of them."""
    if past.calls is None:
        return None, ["phone calls are not recorded (STIPT_RECORDS=on reads them)"]
    plan = plan_phone(phone_history(past.calls, setting.over), setting)
    if plan is None:
        return None, ["no call was answered in these weeks"]
    if plan.patience_seconds is None:
        return plan, ["too few callers gave up to tell their patience: as if nobody did"]
    return plan, []


def _unpromised(arrived: Arrived) -> list[str]:
    if not arrived.n_unpromised:
        return []
    told = f"{arrived.n_unpromised:,} tickets are promised no first reply when they come in"
    return [f"{told}: nobody is planned for them"]


def _hopeless(mail: MailAnswer | None) -> list[str]:
    return [
        f"{one.name}: {one.hopeless} of {one.n} have nobody on duty between arrival and due"
        for one in (mail.needed.tiers if mail else ())
        if not one.is_possible
    ]
