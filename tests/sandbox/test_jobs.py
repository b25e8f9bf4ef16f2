# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk jobs: their pace, their results, and how they go wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox import Assumptions, Limits
from tests.sandbox.builders import Client, a_sandbox, tickets_at

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox() as client:
        yield client


def rows_for(idents: list[int], **values: object) -> dict[str, object]:
    return {"tickets": [{"id": ident, **values} for ident in idents]}


def test_a_job_is_queued_then_works_then_completes(client: Client) -> None:
    idents = tickets_at(client, *range(1000, 900, -1))
    queued = client.put("tickets/update_many", rows_for(idents, priority="low")).json()
    path = f"job_statuses/{queued['job_status']['id']}"
    client.sandbox.advance(timedelta(seconds=5))
    working = client.get(path).json()["job_status"]
    done = client.finish(queued)
    assert queued["job_status"]["status"] == "queued"
    assert queued["job_status"]["total"] == 100
    assert queued["job_status"]["results"] is None
    assert working["status"] == "working"
    assert working["message"] == f"Updating ticket #{working['progress']}"
    assert (done["status"], done["progress"]) == ("completed", 100)
    assert done["message"].startswith("Completed at 2026-11-24 15:00:")


def test_update_results_come_in_the_order_of_the_request(client: Client) -> None:
    idents = list(reversed(tickets_at(client, 30, 20, 10)))
    job = client.put("tickets/update_many", rows_for(idents, priority="low")).json()
    assert client.finish(job)["results"] == [
        {"action": "update", "status": "Updated", "success": True, "id": ident} for ident in idents
    ]


# zendesk.md 14.4: ids of created tickets do not follow the index
def test_create_results_are_in_index_order_but_their_ids_are_not(client: Client) -> None:
    rows = [{"subject": str(number), "description": "d"} for number in range(30)]
    results = client.finish(client.post("tickets/create_many", {"tickets": rows}).json())["results"]
    assert [row["index"] for row in results] == list(range(30))
    idents = [row["id"] for row in results]
    assert sorted(idents) == list(range(1, 31)) != idents
    for row in results:
        ticket = client.get(f"tickets/{row['id']}").json()["ticket"]
        assert ticket["subject"] == str(row["index"])


# zendesk.md 6.2: completed does not mean that all succeeded
def test_failed_rows_stand_beside_good_ones_in_a_completed_job(client: Client) -> None:
    good, closed = tickets_at(client, 20, 10)
    with client.sandbox.site.lock:
        client.sandbox.account.tickets[closed].status = "closed"
    done = client.finish(
        client.put("tickets/update_many", rows_for([closed, good, 99], priority="low")).json()
    )
    assert done["status"] == "completed"
    assert [row["success"] for row in done["results"]] == [False, True, False]
    assert [row.get("error") for row in done["results"]] == [
        "RecordInvalid",
        None,
        "RecordNotFound",
    ]


def test_the_bulk_form_changes_all_ids_alike(client: Client) -> None:
    tickets_at(client, 30, 20, 10)
    job = client.put("tickets/update_many?ids=1,3", {"ticket": {"additional_tags": ["vip"]}})
    client.finish(job.json())
    tags = [client.get(f"tickets/{ident}").json()["ticket"]["tags"] for ident in (1, 2, 3)]
    assert tags == [["vip"], [], ["vip"]]


def test_the_bulk_form_is_safe_against_changes_after_queueing(client: Client) -> None:
    tickets_at(client, 30)
    job = client.put("tickets/update_many?ids=1", {"ticket": {"priority": "low"}}).json()
    with client.sandbox.site.lock:
        client.sandbox.account.tickets[1].updated += 31
    assert client.finish(job)["results"][0]["error"] == "UpdateConflict"


def test_a_row_with_only_half_of_the_safe_keys_is_an_error(client: Client) -> None:
    tickets_at(client, 30)
    answer = client.put("tickets/update_many", rows_for([1], safe_update=True))
    assert answer.status_code == 400


def test_a_stale_stamp_in_a_batch_fails_that_row_alone(client: Client) -> None:
    idents = tickets_at(client, 30, 20)
    body = rows_for(idents, priority="low")
    body["tickets"][0] |= {"safe_update": True, "updated_stamp": "2020-01-01T00:00:00Z"}
    results = client.finish(client.put("tickets/update_many", body).json())["results"]
    assert [row["success"] for row in results] == [False, True]
    assert results[0]["error"] == "UpdateConflict"


# zendesk.md 14.3: the description has a double blank
def test_more_than_a_hundred_rows_are_refused(client: Client) -> None:
    answers = [
        client.post("tickets/create_many", {"tickets": [{}] * 101}),
        client.put("tickets/update_many", rows_for(list(range(1, 102)))),
        client.delete("tickets/destroy_many?ids=" + ",".join(map(str, range(1, 102)))),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "TooManyValues",
            "description": "Parameter  cannot specify more than 100 values",
            "max_count": 100,
        }


def test_rows_can_be_counted_against_the_limit_per_ticket() -> None:
    counted = Assumptions(bulk_rows_count_per_ticket=True)
    with a_sandbox(assumptions=counted, limits=Limits(per_ticket=2)) as client:
        tickets_at(client, 10)
        words = ("low", "normal", "high")
        jobs = [
            client.put("tickets/update_many", rows_for([1], priority=word)).json() for word in words
        ]
        results = [client.finish(job)["results"][0] for job in jobs]
    assert [row["success"] for row in results] == [True, True, False]


def test_destroy_many_is_a_job(client: Client) -> None:
    tickets_at(client, 30, 20)
    answer = client.delete("tickets/destroy_many?ids=1,2")
    assert answer.status_code == 200
    assert client.finish(answer.json())["results"][0] == {
        "action": "delete",
        "status": "Deleted",
        "success": True,
        "id": 1,
    }
    assert client.get("tickets/2").status_code == 404


def test_too_many_open_jobs_are_refused() -> None:
    with a_sandbox(limits=Limits(open_jobs=3)) as client:
        tickets_at(client, 10)
        statuses = []
        for _ in range(4):
            answer = client.put("tickets/update_many", rows_for([1], priority="low"))
            statuses.append(answer.status_code)
        client.sandbox.advance(timedelta(seconds=30))
        after = client.put("tickets/update_many", rows_for([1], priority="low"))
    assert statuses == [200, 200, 200, 429]
    assert answer.json()["error"] == "TooManyJobs"
    assert after.status_code == 200


def test_a_job_can_be_read_for_a_day(client: Client) -> None:
    tickets_at(client, 10)
    job = client.put("tickets/update_many", rows_for([1], priority="low")).json()["job_status"]
    client.sandbox.advance(timedelta(hours=23))
    assert client.get(f"job_statuses/{job['id']}").status_code == 200
    many = client.get("job_statuses/show_many", ids=f"{job['id']},V3-{'0' * 32}").json()
    assert [row["id"] for row in many["job_statuses"]] == [job["id"]]
    client.sandbox.advance(timedelta(hours=2))
    assert client.get(f"job_statuses/{job['id']}").status_code == 404


@pytest.mark.parametrize(
    ("fault", "status"),
    [("job_stuck", "working"), ("job_failed", "failed")],
)
def test_a_job_can_be_made_to_go_wrong_as_a_whole(fault: str, status: str) -> None:
    with a_sandbox(faults=(fault,)) as client:
        tickets_at(client, 10)
        job = client.put("tickets/update_many", rows_for([1], priority="low")).json()
        done = client.finish(job)
        assert (done["status"], done["results"]) == (status, None)
        assert client.get("tickets/1").json()["ticket"]["priority"] is None


def test_a_jobs_record_can_be_made_to_vanish_though_the_work_is_done() -> None:
    with a_sandbox(faults=("job_gone",)) as client:
        tickets_at(client, 10)
        job = client.put("tickets/update_many", rows_for([1], priority="low")).json()
        client.sandbox.advance(timedelta(minutes=1))
        assert client.get(f"job_statuses/{job['job_status']['id']}").status_code == 404
        assert client.get("tickets/1").json()["ticket"]["priority"] == "low"


def test_some_rows_can_be_made_to_fail() -> None:
    with a_sandbox(faults=("job_failed_items",)) as client:
        idents = tickets_at(client, *range(90, 40, -1))
        job = client.put("tickets/update_many", rows_for(idents, priority="low")).json()
        results = client.finish(job)["results"]
        failed = [row["id"] for row in results if not row["success"]]
        assert 0 < len(failed) < 50
        unchanged = [t.id for t in client.sandbox.account.tickets.values() if t.priority is None]
    assert failed == unchanged
