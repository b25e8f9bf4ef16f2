# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: every ticket has a result of its own, and nothing is repeated unread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from connector.base import CredentialsRejected, NewNote, Refused, Throttled, Unavailable
from connector.zendesk import AccessToken, ZendeskAccount, ZendeskHelpdesk, connect
from rules.changes import FieldChange, TicketChange
from tests.connector.scripted import Reply, ScriptedServer, StandingClock
from tests.connector.zendesk_rows import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.changes import FieldKey

BULK = "/api/v2/tickets/update_many"
JOBS = "/api/v2/job_statuses/show_many"
LIST = "/api/v2/job_statuses"
MANY = "/api/v2/tickets/show_many"
SEEN = at("2026-11-20 11:00")


@dataclass
class Bench:
    server: ScriptedServer
    clock: StandingClock = field(default_factory=StandingClock)

    def helpdesk(self) -> ZendeskHelpdesk:
        return connect(
            ZendeskAccount(
                account="default",
                base_url=self.server.url,
                credentials=AccessToken("secret-token"),
                clock=self.clock.now,
                pause=self.clock.pause,
            )
        )

    def bodies(self) -> list[dict[str, object]]:
        return [item.body for item in self.server.asked(BULK, "PUT")]


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ScriptedServer() as server:
        server.on("PUT", BULK, queued("j1"), queued("j2"), queued("j3"), queued("j4"))
        yield Bench(server)


def change(ticket: int = 1, **values: str | None) -> TicketChange:
    fields = tuple(FieldChange(_key(key), None, new, "test") for key, new in values.items())
    return TicketChange(str(ticket), fields, SEEN)


def _key(name: str) -> FieldKey:
    return name


def queued(ident: str) -> Reply:
    return Reply(body={"job_status": {"id": ident, "status": "queued", "results": None}})


def done(*rows: dict[str, object], ident: str = "j1") -> dict[str, object]:
    return {"id": ident, "status": "completed", "total": len(rows), "results": list(rows)}


def ok(ticket: int) -> dict[str, object]:
    return {"id": ticket, "action": "update", "status": "Updated", "success": True}


def failed(ticket: int, error: str, details: object = "prose in any language") -> dict[str, object]:
    return {"id": ticket, "action": "update", "success": False, "error": error, "details": details}


def jobs(*rows: dict[str, object]) -> Reply:
    return Reply(body={"job_statuses": list(rows)})


def held(ticket: int = 1, **changes: object) -> dict[str, object]:
    return {
        "id": ticket,
        "created_at": "2026-11-20T08:30:00Z",
        "updated_at": "2026-11-20T11:00:00Z",
        "status": "open",
        "custom_fields": [],
        **changes,
    }


def with_state(tag: str) -> dict[str, object]:
    return {"custom_fields": [{"id": 2001, "value": tag}]}


def outcomes(bench: Bench, *changes: TicketChange) -> list[str]:
    return [item.outcome for item in bench.helpdesk().write(changes)]


def test_our_own_fields_are_forced_and_carry_prefixed_options(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(1))))
    assert outcomes(
        bench, change(sla_state="at_risk", sla_due_at="2026-11-23T16:00:00Z", sla_tier=None)
    ) == ["written"]
    assert bench.bodies() == [
        {
            "tickets": [
                {
                    "id": 1,
                    "custom_fields": [
                        {"id": 2001, "value": "sla_state_at_risk"},
                        {"id": 2002, "value": "2026-11-23T16:00:00Z"},
                        {"id": 2000, "value": None},
                    ],
                    "metadata": {"stipt": {"v": 1}},
                }
            ]
        }
    ]


def test_a_system_field_is_written_safely_with_the_stamp_as_judged(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(1))))
    outcomes(bench, change(priority="high", due_at="2026-11-23T16:00:00Z", group="support"))
    ((row,),) = [body["tickets"] for body in bench.bodies()]
    assert row["updated_stamp"] == "2026-11-20T11:00:00Z"
    assert row["safe_update"] is True
    assert (row["priority"], row["due_at"], row["group_id"]) == (
        "high",
        "2026-11-23T16:00:00Z",
        700,
    )


def test_assignees_go_by_number_or_by_address(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(1), ok(2))))
    outcomes(bench, change(1, assignee="20"), change(2, assignee="ann@example.com"))
    (first, second) = bench.bodies()[0]["tickets"]
    assert first["assignee_id"] == 20
    assert second["assignee_email"] == "ann@example.com"


def test_batches_hold_a_hundred_and_one_poll_reads_three_jobs(bench: Bench):
    rows = {f"j{n}": [ok(i) for i in range((n - 1) * 100, n * 100)] for n in (1, 2, 3)}
    bench.server.on("GET", JOBS, jobs(*(done(*rows[ident], ident=ident) for ident in rows)))
    helpdesk = bench.helpdesk()
    results = helpdesk.write([change(n, sla_state="met") for n in range(300)])
    assert {item.outcome for item in results} == {"written"}
    assert [item.ticket_id for item in results] == [str(n) for n in range(300)]
    assert [len(body["tickets"]) for body in bench.bodies()] == [100, 100, 100]
    spent = helpdesk.calls_spent()
    assert (spent["PUT /tickets/update_many"], spent["GET /job_statuses/show_many"]) == (3, 1)
    assert "PUT /tickets/{id}" not in spent
    assert bench.server.asked(JOBS)[0].query["ids"] == "j1,j2,j3"
    assert bench.clock.waits == [22.0]


def test_every_row_of_a_completed_job_is_judged(bench: Bench):
    bench.server.on(
        "GET",
        JOBS,
        jobs(
            done(
                ok(1),
                failed(2, "RecordInvalid", {"status": [{}]}),
                failed(3, "RecordInvalid", {"priority": [{}]}),
                failed(4, "RecordNotFound"),
                failed(5, "UpdateConflict"),
                failed(6, "RecordInvalid"),
                failed(7, "TicketUpdateFailed"),
                failed(8, "TicketUpdateFailed"),
                failed(9, "TicketUpdateFailed"),
                failed(10, "TicketUpdateFailed"),
            )
        ),
    )
    bench.server.on(
        "GET",
        MANY,
        Reply(
            body={
                "tickets": [
                    held(6, status="closed"),
                    held(7, priority="high"),
                    held(8, updated_at="2026-11-20T12:00:00Z"),
                    held(9),
                ]
            }
        ),
    )
    changes = [change(n, priority="high") for n in range(1, 11)]
    assert outcomes(bench, *changes) == [
        "written",
        "unwritable",
        "refused",
        "gone",
        "conflict",
        "unwritable",
        "written",
        "conflict",
        "error",
        "gone",
    ]
    assert bench.server.asked(MANY)[0].query["ids"] == "6,7,8,9,10"


def test_a_row_that_the_job_does_not_mention_is_read_back(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(1))))
    tickets = [held(2, **with_state("sla_state_met"))]
    bench.server.on("GET", MANY, Reply(body={"tickets": tickets}))
    changes = (change(1, sla_state="met"), change(2, sla_state="met"))
    assert outcomes(bench, *changes) == ["written", "written"]


def test_a_job_is_polled_with_patience(bench: Bench):
    working = {"id": "j1", "status": "working", "progress": 1}
    bench.server.on("GET", JOBS, jobs(working), jobs(done(ok(1), ok(2))))
    changes = (change(1, sla_state="met"), change(2, sla_state="met"))
    assert outcomes(bench, *changes) == ["written", "written"]
    assert bench.clock.waits == [2.4, 2.0]


def test_a_job_whose_record_is_gone_is_searched_in_the_list(bench: Bench):
    bench.server.on("GET", JOBS, jobs())
    bench.server.on("GET", LIST, jobs(done(ok(1))))
    assert outcomes(bench, change(1, sla_state="met")) == ["written"]


def test_a_job_that_nobody_knows_is_judged_by_the_tickets(bench: Bench):
    bench.server.on("GET", JOBS, jobs())
    bench.server.on("GET", LIST, jobs())
    tickets = [held(1, **with_state("sla_state_met")), held(2)]
    bench.server.on("GET", MANY, Reply(body={"tickets": tickets}))
    changes = (change(1, sla_state="met"), change(2, sla_state="met"))
    assert outcomes(bench, *changes) == ["written", "error"]
    assert len(bench.bodies()) == 1


@pytest.mark.parametrize(
    "status",
    [pytest.param("working", id="stuck for ever"), pytest.param("failed", id="failed as a whole")],
)
def test_a_job_without_results_is_judged_by_the_tickets(bench: Bench, status: str):
    bench.server.on("GET", JOBS, jobs({"id": "j1", "status": status, "results": None}))
    bench.server.on("GET", MANY, Reply(body={"tickets": [held(1)]}))
    assert outcomes(bench, change(1, sla_state="met")) == ["error"]


def test_a_batch_that_was_done_before_the_line_died_is_not_sent_again(bench: Bench):
    bench.server.on("PUT", BULK, Reply(cut=0))
    tickets = [held(1, **with_state("sla_state_met"))]
    bench.server.on("GET", MANY, Reply(body={"tickets": tickets}))
    assert outcomes(bench, change(1, sla_state="met")) == ["written"]
    assert len(bench.bodies()) == 1


def test_of_a_lost_batch_only_what_was_not_done_is_sent_again(bench: Bench):
    bench.server.on("PUT", BULK, Reply(cut=0), queued("j1"))
    tickets = [held(1, **with_state("sla_state_met")), held(2)]
    bench.server.on("GET", MANY, Reply(body={"tickets": tickets}))
    bench.server.on("GET", JOBS, jobs(done(ok(2))))
    changes = (change(1, sla_state="met"), change(2, sla_state="met"))
    assert outcomes(bench, *changes) == ["written", "written"]
    assert [[row["id"] for row in body["tickets"]] for body in bench.bodies()] == [[1, 2], [2]]


def test_a_batch_that_is_lost_twice_ends_as_an_error(bench: Bench):
    bench.server.on("PUT", BULK, Reply(cut=0))
    bench.server.on("GET", MANY, Reply(body={"tickets": [held(1)]}))
    assert outcomes(bench, change(1, sla_state="met")) == ["error"]
    assert len(bench.bodies()) == 2


def test_a_batch_that_is_refused_as_a_whole_is_halved(bench: Bench):
    refused = Reply(status=413, body={"error": "TooLarge"})
    bench.server.on("PUT", BULK, refused, queued("j1"), refused)
    bench.server.on("GET", JOBS, jobs(done(ok(1))))
    changes = (change(1, sla_state="met"), change(2, sla_state="met"))
    assert outcomes(bench, *changes) == ["written", "refused"]


def test_tags_are_added_for_many_tickets_after_the_rows_are_written(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(1), ok(2))), jobs(done(ok(1), ok(2), ident="j2")))
    changes = [
        change(1, sla_state="breached", tags="sla_breached"),
        change(2, sla_state="breached", tags="sla_breached"),
    ]
    assert outcomes(bench, *changes) == ["written", "written"]
    first, second = bench.server.asked(BULK, "PUT")
    assert [row["id"] for row in first.body["tickets"]] == [1, 2]
    assert second.query["ids"] == "1,2"
    assert second.body["ticket"]["additional_tags"] == ["sla_breached"]
    assert "tags" not in second.body["ticket"]


def test_a_change_that_cannot_be_said_here_is_refused_and_the_rest_is_written(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(2))))
    bench.server.on("GET", "/api/v2/ticket_fields", Reply(body={"ticket_fields": []}))
    results = bench.helpdesk().write(
        [change(1, sla_state="met"), change(2, priority="high"), change(3, group="Nobody")]
    )
    assert [item.outcome for item in results] == ["refused", "written", "refused"]


def test_a_limit_before_anything_was_sent_is_raised(bench: Bench):
    bench.server.on("PUT", BULK, Reply(status=429, headers={"Retry-After": "60"}))
    with pytest.raises(Throttled):
        bench.helpdesk().write([change(1, sla_state="met")])


def test_a_limit_in_the_middle_leaves_results_for_what_was_sent(bench: Bench):
    limited = Reply(status=429, headers={"Retry-After": "600"})
    bench.server.on("PUT", BULK, queued("j1"), limited)
    bench.server.on("GET", JOBS, jobs(done(*[ok(n) for n in range(100)])))
    results = bench.helpdesk().write([change(n, sla_state="met") for n in range(150)])
    assert [item.outcome for item in results] == ["written"] * 100 + ["unsent"] * 50


@pytest.mark.parametrize("row", [ok(1), failed(1, "TicketUpdateFailed")])
def test_a_limit_between_a_row_and_its_tag_asks_for_a_look_at_what_is_there(
    bench: Bench, row: dict[str, object]
):
    limited = Reply(status=429, headers={"Retry-After": "600"})
    bench.server.on("PUT", BULK, queued("j1"), limited)
    bench.server.on("GET", JOBS, jobs(done(row)))
    bench.server.on("GET", MANY, Reply(body={"tickets": [held()]}))
    assert outcomes(bench, change(1, sla_state="met", tags="late")) == ["error"]


def test_a_limit_between_two_tags_says_nothing_of_tickets_that_had_neither(bench: Bench):
    limited = Reply(status=429, headers={"Retry-After": "600"})
    bench.server.on("PUT", BULK, queued("j1"), limited)
    bench.server.on("GET", JOBS, jobs(done(ok(1))))
    assert outcomes(bench, change(1, tags="late"), change(2, tags="early")) == ["written", "unsent"]


def test_no_right_to_write_pauses_the_connection(bench: Bench):
    bench.server.on("PUT", BULK, Reply(status=403))
    with pytest.raises(CredentialsRejected):
        bench.helpdesk().write([change(1, sla_state="met")])


def test_nothing_to_write_costs_nothing(bench: Bench):
    helpdesk = bench.helpdesk()
    assert helpdesk.write([]) == []
    assert "PUT /tickets/update_many" not in helpdesk.calls_spent()


ONE = "/api/v2/tickets/1"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        pytest.param(Reply(body={"ticket": held(1)}), "written", id="200"),
        pytest.param(Reply(status=409, body={"error": "UpdateConflict"}), "conflict", id="409"),
        pytest.param(Reply(status=404), "gone", id="404"),
        pytest.param(
            Reply(status=422, body={"error": "RecordInvalid", "details": {"status": []}}),
            "unwritable",
            id="closed",
        ),
        pytest.param(
            Reply(status=422, body={"error": "RecordInvalid", "details": {"priority": []}}),
            "refused",
            id="priority not known here",
        ),
    ],
)
def test_one_urgent_change_has_the_same_results(bench: Bench, reply: Reply, outcome: str):
    bench.server.on("PUT", ONE, reply)
    assert bench.helpdesk().write_one(change(priority="high")).outcome == outcome
    assert len(bench.server.asked(ONE, "PUT")) == 1


def test_one_urgent_change_that_was_done_before_the_line_died_is_not_repeated(bench: Bench):
    bench.server.on("PUT", ONE, Reply(cut=0))
    bench.server.on("GET", MANY, Reply(body={"tickets": [held(1, priority="high")]}))
    assert bench.helpdesk().write_one(change(priority="high")).outcome == "written"
    assert len(bench.server.asked(ONE, "PUT")) == 1


def test_one_urgent_change_that_was_not_done_is_tried_twice(bench: Bench):
    bench.server.on("PUT", ONE, Reply(status=502), Reply(body={"ticket": held(1)}))
    bench.server.on("GET", MANY, Reply(body={"tickets": [held(1)]}))
    assert bench.helpdesk().write_one(change(priority="high")).outcome == "written"
    assert len(bench.server.asked(ONE, "PUT")) == 2


def test_one_urgent_change_adds_its_tag(bench: Bench):
    bench.server.on("PUT", f"{ONE}/tags", Reply(body={"tags": ["vip", "late"]}))
    assert bench.helpdesk().write_one(change(tags="late")).outcome == "written"
    assert bench.server.asked(f"{ONE}/tags", "PUT")[0].body == {"tags": ["late"]}
    assert bench.server.asked(ONE, "PUT") == []


def test_a_note_is_private_and_can_be_found_by_its_key(bench: Bench):
    bench.server.on("PUT", ONE, Reply(body={"ticket": held(1)}))
    helpdesk = bench.helpdesk()
    helpdesk.note("1", "Due in an hour.", key="default/1/first_reply/1/75%/group")
    (sent,) = [item.body["ticket"] for item in bench.server.asked(ONE, "PUT")]
    assert sent["comment"]["public"] is False
    assert sent["comment"]["body"].startswith("Due in an hour.\n\n[stipt ")
    audit = {
        "id": 3,
        "created_at": "2026-11-20T10:00:00Z",
        "author_id": 99,
        "events": [{"id": 5, "type": "Comment", "public": False, **sent["comment"]}],
    }
    by_metadata = audit | {"events": [], "metadata": {"custom": sent["metadata"]}}
    bench.server.on(
        "GET",
        "/api/v2/tickets/1/audits",
        Reply(body={"audits": [audit]}),
        Reply(body={"audits": [by_metadata]}),
        Reply(body={"audits": [audit]}),
        Reply(status=404),
    )
    key = "default/1/first_reply/1/75%/group"
    assert helpdesk.has_note("1", key=key)
    assert helpdesk.has_note("1", key=key)
    assert not helpdesk.has_note("1", key="another")
    assert not helpdesk.has_note("1", key=key)


def test_a_note_with_an_unclear_end_is_never_sent_twice(bench: Bench):
    bench.server.on("PUT", ONE, Reply(cut=0))
    with pytest.raises(Unavailable):
        bench.helpdesk().note("1", "x", key="k")
    assert len(bench.server.asked(ONE, "PUT")) == 1


def notes(*numbers: int) -> list[NewNote]:
    return [NewNote(f"{number}", "Due soon.", f"k{place}") for place, number in enumerate(numbers)]


def test_notes_of_many_tickets_are_one_job_and_always_private(bench: Bench):
    bench.server.on("GET", JOBS, jobs(done(ok(1), ok(2))))
    results = bench.helpdesk().notes(notes(1, 2))
    assert [(item.ticket_id, item.outcome) for item in results] == [
        ("1", "written"),
        ("2", "written"),
    ]
    (job,) = bench.server.asked(BULK, "PUT")
    rows = job.body["tickets"]
    assert [row["id"] for row in rows] == [1, 2]
    assert all(row["comment"]["public"] is False for row in rows)
    assert len({row["metadata"]["stipt"]["note"] for row in rows}) == 2
    assert not any({"safe_update", "updated_stamp"} & set(row) for row in rows)


def test_a_ticket_with_two_notes_stands_in_two_jobs(bench: Bench):
    bench.server.on("PUT", BULK, queued("j1"), queued("j2"))
    both = [
        {"id": "j1", "status": "completed", "results": [ok(1), ok(2)]},
        {"id": "j2", "status": "completed", "results": [ok(1)]},
    ]
    bench.server.on("GET", JOBS, Reply(body={"job_statuses": both}))
    results = bench.helpdesk().notes(notes(1, 1, 2))
    assert [item.outcome for item in results] == ["written"] * 3
    sent = [[row["id"] for row in job.body["tickets"]] for job in bench.server.asked(BULK, "PUT")]
    assert sent == [[1, 2], [1]]


def test_every_note_has_a_result_of_its_own(bench: Bench):
    closed = failed(2, "RecordInvalid", {"status": []})
    bench.server.on(
        "GET", JOBS, jobs(done(ok(1), closed, failed(3, "RecordNotFound"), failed(4, "Odd")))
    )
    outcomes = [item.outcome for item in bench.helpdesk().notes(notes(1, 2, 3, 4, 5))]
    assert outcomes == ["written", "unwritable", "gone", "error", "error"]


def test_notes_without_an_answer_are_not_sent_again(bench: Bench):
    bench.server.on("PUT", BULK, Reply(cut=0))
    assert [item.outcome for item in bench.helpdesk().notes(notes(1, 2))] == ["error"] * 2
    assert len(bench.server.asked(BULK, "PUT")) == 1


def test_notes_that_a_limit_keeps_back_are_certainly_not_sent(bench: Bench):
    bench.server.on("PUT", BULK, queued("j1"), Reply(status=429, headers={"Retry-After": "600"}))
    bench.server.on("GET", JOBS, jobs(done(*[ok(n) for n in range(100)])))
    outcomes = [item.outcome for item in bench.helpdesk().notes(notes(*range(150)))]
    assert outcomes == ["written"] * 100 + ["unsent"] * 50


def test_one_note_that_spoils_a_job_does_not_keep_back_the_others(bench: Bench):
    refused = Reply(status=422, body={"error": "RecordInvalid", "details": {"comment": []}})
    bench.server.on("PUT", BULK, refused, queued("j1"), refused)
    bench.server.on("GET", JOBS, jobs(done(ok(1))))
    outcomes = [item.outcome for item in bench.helpdesk().notes(notes(1, 2))]
    assert outcomes == ["written", "refused"]


def test_addresses_are_asked_for_once_in_ten_minutes(bench: Bench):
    agents = [{"id": 20, "email": "ann@example.com"}, {"id": 21, "email": "bob@example.com"}]
    members = [{"user_id": 20}, {"user_id": 21}]
    bench.server.on("GET", "/api/v2/users/show_many", Reply(body={"users": agents}))
    bench.server.on(
        "GET", "/api/v2/groups/700/memberships", Reply(body={"group_memberships": members})
    )
    helpdesk = bench.helpdesk()
    for _ in range(3):
        assert helpdesk.address_of("group", "700") == ("ann@example.com", "bob@example.com")
        assert helpdesk.address_of("assignee", "21") == ("bob@example.com",)
    assert helpdesk.calls_spent()["GET /users/show_many"] == 1
    assert helpdesk.calls_spent()["GET /groups/{id}/memberships"] == 1
    bench.clock.pause(601)
    helpdesk.address_of("assignee", "20")
    assert helpdesk.calls_spent()["GET /users/show_many"] == 2


def test_addresses_that_may_not_be_read_are_refused_and_nothing_pauses(bench: Bench):
    bench.server.on("GET", "/api/v2/groups/700/memberships", Reply(status=403))
    bench.server.on("GET", "/api/v2/tickets/1/audits", Reply(status=403))
    helpdesk = bench.helpdesk()
    with pytest.raises(Refused, match="addresses of people may not be read"):
        helpdesk.address_of("group", "700")
    with pytest.raises(Refused, match="audits may not be read"):
        helpdesk.has_note("1", key="k")


def test_a_note_on_a_closed_ticket_is_refused_for_good(bench: Bench):
    closed = {"error": "RecordInvalid", "details": {"status": []}}
    bench.server.on("PUT", ONE, Reply(status=422, body=closed))
    with pytest.raises(Refused) as caught:
        bench.helpdesk().note("1", "x", key="k")
    assert caught.value.keys == ("status",)


def test_addresses_of_an_agent_and_of_a_groups_members(bench: Bench):
    users = [
        {"id": 20, "email": "ann@example.com"},
        {"id": 21, "email": "bob@example.com", "suspended": True},
        {"id": 22, "email": None},
    ]
    bench.server.on("GET", "/api/v2/users/show_many", Reply(body={"users": users[:1]}))
    helpdesk = bench.helpdesk()
    assert helpdesk.address_of("assignee", "20") == ("ann@example.com",)
    assert helpdesk.address_of("assignee", "nobody") == ()
    members = [{"user_id": 20}, {"user_id": 21}, {"user_id": 22}]
    bench.server.on(
        "GET", "/api/v2/groups/700/memberships", Reply(body={"group_memberships": members})
    )
    bench.server.on("GET", "/api/v2/users/show_many", Reply(body={"users": users}))
    assert helpdesk.address_of("group", "support") == ("ann@example.com",)
    assert helpdesk.address_of("group", "Nobody") == ()
