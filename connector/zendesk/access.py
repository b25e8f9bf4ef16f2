# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight: every needed endpoint called once, nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from connector.base import (
    AccessCheck,
    CredentialsRejected,
    HelpdeskError,
    Throttled,
    Unavailable,
)
from connector.zendesk.account import API_TOKENS_END_ON, ApiToken
from connector.zendesk.budget import INCREMENTAL
from connector.zendesk.calls import Call
from connector.zendesk.export import SAFE_AGE_S
from connector.zendesk.fields import titles
from connector.zendesk.names import find_own_fields
from connector.zendesk.rails_zones import iana_zone
from connector.zendesk.wire import RowUnreadable, ScheduleRow, TicketFieldRow, UserRow, decode
from rules.changes import OWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.zendesk.calls import Answer
    from connector.zendesk.session import Session

_WIDER_SCOPES: Final = "read tickets:write"
_SKEW_WARN_S, _SKEW_FAIL_S = 5, 60
_SANDBOX_SKEW_S: Final = 3600
_ALL_PRIORITIES: Final = 4


class _Me(Struct):
    user: UserRow


class _Fields(Struct):
    ticket_fields: list[TicketFieldRow]


class _Form(Struct):
    name: str = ""
    active: bool | None = True
    ticket_field_ids: list[int] = []


class _Forms(Struct):
    ticket_forms: list[_Form]


class _Settings(Struct):
    settings: dict[str, object]


class _Schedules(Struct):
    schedules: list[ScheduleRow]


class Preflight:
    """Calls each endpoint that Stipt needs, or could use, once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fields: list[TicketFieldRow] = []

    def run(self) -> list[AccessCheck]:
        """The checks in order; those after a refused sign-in are left out."""
        checks = [*self._credentials(), self._try("sign-in", self._me)]
        if checks[-1].outcome == "fail":
            return checks
        checks.append(self._skew())
        steps: tuple[tuple[str, Callable[[], AccessCheck]], ...] = (
            ("ticket export", self._ticket_export),
            ("ticket events", self._ticket_events),
            ("metric events", self._metric_events),
            ("account settings", self._account_settings),
            ("ticket fields", self._ticket_fields),
            ("ticket forms", self._ticket_forms),
            ("custom statuses", self._custom_statuses),
            ("SLA policies", self._policies),
            ("schedules", self._schedules),
            ("Talk", self._talk),
        )
        checks.extend(self._try(name, step) for name, step in steps)
        return checks

    def _try(self, name: str, step: Callable[[], AccessCheck]) -> AccessCheck:
        try:
            return step()
        except Throttled as error:
            return AccessCheck(name, "warn", str(error), "run the check again in a minute")
        except Unavailable as error:
            return AccessCheck(name, "fail", str(error), "check the address and the network")
        except CredentialsRejected as error:
            remedy = "check the OAuth client, its secret and its scopes"
            return AccessCheck(name, "fail", str(error), remedy)
        except HelpdeskError as error:
            return AccessCheck(name, "fail", str(error))
        except (RowUnreadable, msgspec.DecodeError):
            return AccessCheck(name, "fail", "an answer that is not Zendesk's", "check the address")

    def _probe(self, path: str, params: dict[str, str] | None = None, *buckets: str) -> Answer:
        call = Call("GET", f"/api/v2{path}", path, params=params or {}, buckets=buckets)
        return self._session.probe(call)

    def _credentials(self) -> list[AccessCheck]:
        if not isinstance(self._session.account.credentials, ApiToken):
            return []
        remedy = "make an OAuth client (client credentials) in the Admin Center"
        seen = f"API token: none can be made any more, all end on {API_TOKENS_END_ON}"
        return [AccessCheck("credentials", "warn", seen, remedy)]

    def _me(self) -> AccessCheck:
        answer = self._probe("/users/me")
        if answer.status != 200:
            return _refused("sign-in", answer, "fail")
        user = decode(answer.body, _Me).user
        if user.id is None:
            return AccessCheck("sign-in", "fail", "nobody: wrong credentials", "check them")
        if user.suspended or user.active is False:
            return AccessCheck("sign-in", "fail", "the user is suspended", "use an active admin")
        if user.role != "admin":
            return AccessCheck("sign-in", "fail", f"role {user.role}", "exports need an admin")
        missing = [
            scope
            for scope in self._session.account.scopes
            if self._session.tokens.granted and scope not in self._session.tokens.granted
        ]
        if missing:
            seen = f"admin; not granted: {' '.join(missing)}"
            return AccessCheck("sign-in", "warn", seen, "allow these scopes for the client")
        return AccessCheck("sign-in", "ok", f"user {user.id}, admin")

    def _skew(self) -> AccessCheck:
        skew = self._session.skew
        seconds = abs(skew.total_seconds()) if skew is not None else 0.0
        remedy = "" if seconds <= _SKEW_WARN_S else "set the machine's clock by NTP"
        if self._session.account.is_loopback and seconds > _SANDBOX_SKEW_S:
            # Nobody's machine is wrong: a sandbox has a clock of its own, perhaps a fast one.
            remedy = f"set STIPT_CLOCK_URL={self._session.account.base_url}/_sandbox/clock"
            seen = f"the sandbox's clock is {seconds / 3600:.1f} h apart from ours"
            return AccessCheck("clock", "warn", seen, remedy)
        if self._session.account.is_loopback:
            return AccessCheck("clock", "ok", "the sandbox's own")
        if seconds > _SKEW_FAIL_S:
            return AccessCheck("clock", "fail", f"{seconds:.0f} s apart", remedy)
        return AccessCheck(
            "clock", "ok" if not remedy else "warn", f"{seconds:.0f} s apart", remedy
        )

    def _start(self) -> str:
        return str(int(self._session.now().timestamp()) - SAFE_AGE_S - 60)

    def _ticket_export(self) -> AccessCheck:
        params = {"start_time": self._start(), "per_page": "1"}
        answer = self._probe("/incremental/tickets/cursor", params, INCREMENTAL)
        return _needed("ticket export", answer)

    def _ticket_events(self) -> AccessCheck:
        params = {"start_time": self._start(), "include": "comment_events", "per_page": "1"}
        answer = self._probe("/incremental/ticket_events", params, INCREMENTAL)
        remedy = "set STIPT_ZENDESK_HISTORY=audits (one call per changed ticket: slow)"
        return _optional("ticket events", answer, remedy)

    def _metric_events(self) -> AccessCheck:
        params = {"start_time": self._start()}
        answer = self._probe("/incremental/ticket_metric_events", params, INCREMENTAL)
        return _optional("metric events", answer, "no cross-check with Zendesk's own clocks")

    def _account_settings(self) -> AccessCheck:
        answer = self._probe("/account/settings")
        if answer.status != 200:
            return _refused("account settings", answer, "warn")
        active = decode(answer.body, _Settings).settings.get("active_features")
        names = sorted(key for key, on in active.items() if on) if isinstance(active, dict) else []
        return AccessCheck("account settings", "ok", ", ".join(str(name) for name in names))

    def _ticket_fields(self) -> AccessCheck:
        answer = self._probe("/ticket_fields")
        if answer.status != 200:
            return _refused("ticket fields", answer, "fail")
        self._fields = decode(answer.body, _Fields).ticket_fields
        found = find_own_fields(self._fields, dict(self._session.account.field_ids))
        missing = [own for own in OWN_FIELDS if own not in found.values()]
        if missing:
            return AccessCheck(
                "ticket fields", "fail", f"missing: {titles(missing)}", "stipt setup"
            )
        few = [
            row
            for row in self._fields
            if row.type == "priority"
            and (
                row.sub_type_id == 1 or len(row.system_field_options or range(4)) < _ALL_PRIORITIES
            )
        ]
        if few:
            seen = "all there; this account knows only some of the four priorities"
            return AccessCheck("ticket fields", "warn", seen, "write only those it knows")
        return AccessCheck("ticket fields", "ok", "all there")

    def _ticket_forms(self) -> AccessCheck:
        answer = self._probe("/ticket_forms")
        if answer.status != 200:
            return AccessCheck("ticket forms", "ok", "this plan has none")
        found = find_own_fields(self._fields, dict(self._session.account.field_ids))
        if len(found) < len(OWN_FIELDS):
            seen = "not looked at: our fields are not all there"
            return AccessCheck("ticket forms", "warn", seen, "stipt setup")
        ours = {int(number) for number in found if number.isdigit()}
        without = [
            form.name
            for form in decode(answer.body, _Forms).ticket_forms
            if form.active and not ours <= set(form.ticket_field_ids)
        ]
        if without:
            seen = f"our fields are not on: {', '.join(without)}"
            return AccessCheck("ticket forms", "warn", seen, "add them to the forms")
        return AccessCheck("ticket forms", "ok", "our fields are on every active form")

    def _custom_statuses(self) -> AccessCheck:
        answer = self._probe("/custom_statuses")
        return _by_plan("custom statuses", answer, "status categories only")

    def _policies(self) -> AccessCheck:
        answer = self._probe("/slas/policies")
        return _by_plan("SLA policies", answer, "no comparison with Zendesk's own policies")

    def _schedules(self) -> AccessCheck:
        answer = self._probe("/business_hours/schedules")
        if answer.status != 200:
            return _by_plan("schedules", answer, "calendars come from the rule files alone")
        rows = decode(answer.body, _Schedules).schedules
        strange = sorted({row.time_zone for row in rows if iana_zone(row.time_zone) is None})
        if strange:
            seen = f"unknown time zones: {', '.join(strange)}"
            return AccessCheck("schedules", "fail", seen, "correct the schedule's time zone")
        return AccessCheck("schedules", "ok", f"{len(rows)} schedules")

    def _talk(self) -> AccessCheck:
        answer = self._probe("/channels/voice/stats/account_overview")
        return _by_plan("Talk", answer, "no telephone figures")


def _needed(name: str, answer: Answer) -> AccessCheck:
    if answer.status == 200:
        return AccessCheck(name, "ok", "readable")
    return _refused(name, answer, "fail")


def _optional(name: str, answer: Answer, remedy: str) -> AccessCheck:
    if answer.status == 200:
        return AccessCheck(name, "ok", "readable")
    if answer.status in {403, 404}:
        return AccessCheck(name, "warn", f"status {answer.status}", remedy)
    return _refused(name, answer, "warn")


def _by_plan(name: str, answer: Answer, without: str) -> AccessCheck:
    """A feature of some plans: its absence is nothing to mend, a missing right may be."""
    if answer.status == 200:
        return AccessCheck(name, "ok", "readable")
    if answer.status == 404:
        return AccessCheck(name, "ok", f"not in this plan: {without}")
    if answer.status == 403:
        remedy = f"if the plan has it, grant the scopes: {_WIDER_SCOPES}"
        return AccessCheck(name, "warn", f"status 403: {without}", remedy)
    return _refused(name, answer, "warn")


def _refused(name: str, answer: Answer, outcome: str) -> AccessCheck:
    remedy = ""
    if answer.status == 403:
        remedy = f"the user must be an admin; if it is, grant the scopes: {_WIDER_SCOPES}"
    seen = f"status {answer.status}"
    return AccessCheck(name, "fail" if outcome == "fail" else "warn", seen, remedy)
