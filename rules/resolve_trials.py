# SPDX-License-Identifier: GPL-3.0-or-later
"""From written tests to tickets with histories and expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rules.facts import STATUSES, Happening, Organization, Requester, Ticket
from rules.format.trials import OrganizationForm
from rules.trials import ExpectedCycle, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.facts import Author, Measure, Status
    from rules.folder import Folder
    from rules.format.trials import CycleForm, HappeningForm, TicketForm, TrialForm


def resolve_trials(folder: Folder, time_zone: str) -> tuple[Trial, ...]:
    """All tests of a folder, in the order of their places."""
    return tuple(
        _trial(form, time_zone, number)
        for number, form in enumerate(
            (form for file in folder.trials for form in file.tests), start=1
        )
    )


def _trial(form: TrialForm, time_zone: str, number: int) -> Trial:
    zone = form.ticket.created.zone or time_zone
    expect = form.expect
    cycles = {
        cast("Measure", measure): _cycle(cycle, zone) for measure, cycle in expect.cycles().items()
    }
    return Trial(
        form.name,
        form.where(),
        _ticket(form, zone, number),
        zone,
        until=form.until.instant(zone) if form.until else None,
        tier=expect.tier,
        customer=expect.customer,
        priority=expect.priority,
        cycles=cycles,
        steps=None if expect.steps is None else tuple(expect.steps),
        places=form.places(),
    )


def _cycle(form: CycleForm, zone: str) -> ExpectedCycle:
    return ExpectedCycle(
        form.where(),
        state=form.state,
        due_at=form.due.instant(zone) if form.due else None,
        breached_at=form.breached.instant(zone) if form.breached else None,
        fulfilled_at=form.fulfilled.instant(zone) if form.fulfilled else None,
        calendar=form.calendar,
    )


def _ticket(form: TrialForm, zone: str, number: int) -> Ticket:
    ticket = form.ticket
    status, custom = _status(ticket.status)
    happenings = [each for part in form.happenings for each in _happenings(part, zone)]
    return Ticket(
        ticket.id or str(number),
        ticket.created.instant(zone),
        channel=ticket.channel,
        priority=ticket.priority,
        status=status,
        custom_status=custom,
        type=ticket.type,
        brand=ticket.brand,
        group=ticket.group,
        form=ticket.form,
        assignee=ticket.assignee,
        tags=tuple(ticket.tags),
        fields=_fields(ticket.fields),
        requester=_requester(ticket),
        organization=_organization(ticket.organization) if ticket.organization else None,
        created_by=ticket.created_by,
        created_public=ticket.created_public,
        happenings=tuple(happenings),
    )


def _requester(ticket: TicketForm) -> Requester:
    form = ticket.requester
    if form is None:
        return Requester()
    return Requester(role=form.role, language=form.language, tags=tuple(form.tags))


def _organization(form: OrganizationForm) -> Organization:
    return Organization(form.id, form.name, _fields(form.fields), tuple(form.tags))


def _fields(fields: dict[str, str | list[str]]) -> dict[str, str | tuple[str, ...]]:
    return {key: value if isinstance(value, str) else tuple(value) for key, value in fields.items()}


def _status(word: str) -> tuple[Status, str | None]:
    """The category of a status; a custom one whose category is not known counts as open."""
    for status in STATUSES:
        if word == status:
            return status, None
    return "open", word


def _happenings(form: HappeningForm, zone: str) -> Iterator[Happening]:
    """The happenings behind one short form; `set` may change several fields at once."""
    at = form.at.instant(zone)
    by: Author = form.by or "agent"
    if form.comment:
        yield Happening(at, "comment", form.comment, via=form.via)
    elif form.note:
        yield Happening(at, "comment", form.note, public=False, via=form.via)
    elif form.status:
        to, custom = _status(form.status)
        yield Happening(at, "status", by, to=to, custom=custom)
    elif form.merged:
        yield Happening(at, "merged", by, into=form.merged)
    elif form.deleted:
        yield Happening(at, "deleted", by)
    elif form.restored:
        yield Happening(at, "restored", by)
    elif form.private:
        yield Happening(at, "comment_private", by, of=form.private.instant(zone))
    for path, value in (form.set or {}).items():
        if isinstance(value, OrganizationForm):
            yield Happening(at, "organization", by, organization=_organization(value))
        else:
            # An empty value clears the field, as null does in a history.
            to_value = (value or None) if isinstance(value, str) else tuple(value)
            yield Happening(at, "field", by, field=path, to=to_value)
