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
    over = setting.over
    doubts = list(past.doubts)
    arrived = Arrived.of(past.tickets, setting.policy, over)
    if arrived.n_unpromised:
        doubts.append(
            f"{arrived.n_unpromised:,} tickets are promised no first reply when they come in: "
            "nobody is planned for them"
        )
    phone = None
    if past.calls is None:
        doubts.append("phone calls are not recorded (STIPT_RECORDS=on reads them)")
    else:
        history = phone_history(past.calls, over)
        phone = plan_phone(history, setting)
        if phone is None:
            doubts.append("no call was answered in these weeks")
        elif phone.patience_seconds is None:
            doubts.append("too few callers gave up to tell their patience: as if nobody did")
    chat = plan_chat(arrived, setting)
    mail = answer_mail(past.tickets, setting)
    if mail is not None:
        doubts += [
            f"{one.name}: {one.hopeless} of {one.n} have nobody on duty between arrival and due"
            for one in mail.needed.tiers
            if not one.is_possible
        ]
    return Answer(
        setting,
        phone,
        chat,
        mail.needed if mail else None,
        mail.as_rostered if mail else None,
        profile((one.created_at for one in arrived.mail), over),
        mail.days if mail else (),
        tuple(doubts),
    )
