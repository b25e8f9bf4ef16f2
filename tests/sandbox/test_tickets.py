# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets: shapes, changes, refusals, ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox import Assumptions
from connector.sandbox.auth import Grant
from connector.sandbox.wire import as_texts, iso
from tests.sandbox.builders import Client, a_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = as_texts(
    "url id external_id via created_at updated_at type subject raw_subject description priority "
    "status recipient requester_id submitter_id assignee_id organization_id group_id "
    "collaborator_ids follower_ids email_cc_ids forum_topic_id problem_id has_incidents is_public "
    "due_at tags custom_fields satisfaction_rating sharing_agreement_ids custom_status_id fields "
    "followup_ids ticket_form_id brand_id allow_channelback allow_attachments "
    "from_messaging_channel"
)


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox() as client:
        yield client


def field(client: Client, kind: str, **values: object) -> int:
    body = {"ticket_field": {"type": kind, "title": f"My {kind}", **values}}
    answer = client.post("ticket_fields", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["ticket_field"]["id"]


def test_a_ticket_has_the_recorded_keys_in_their_order(client: Client) -> None:
    client.new_ticket()
    assert list(client.get("tickets/1").json()["ticket"]) == KEYS


# zendesk.md 14.3: the cursor list leaves out `fields`
def test_the_cursor_list_leaves_out_fields_and_the_page_list_does_not(client: Client) -> None:
    client.new_ticket()
    by_cursor = client.send("GET", "tickets?page[size]=10").json()["tickets"][0]
    by_number = client.get("tickets").json()["tickets"][0]
    assert [key for key in KEYS if key != "fields"] == list(by_cursor)
    assert list(by_number) == KEYS


def test_links_are_filled_even_on_the_only_page(client: Client) -> None:
    client.new_ticket()
    page = client.send("GET", "tickets?page[size]=10").json()
    assert page["meta"]["has_more"] is False
    assert page["links"]["next"]
    assert page["links"]["prev"]
    assert page["meta"]["after_cursor"] == page["meta"]["before_cursor"]


def test_a_creation_answers_with_its_audit(client: Client) -> None:
    answer = client.post("tickets", {"ticket": {"subject": "a", "comment": {"body": "b"}}}).json()
    kinds = [event["type"] for event in answer["audit"]["events"]]
    assert kinds == ["Comment"] + ["Create"] * 9
    assert answer["ticket"]["generated_timestamp"] == 0


def test_every_custom_field_is_listed_with_null_when_unset(client: Client) -> None:
    mine = field(client, "text")
    values = client.new_ticket()["custom_fields"]
    assert {"id": mine, "value": None} in values


def test_a_change_names_field_and_values_as_text(client: Client) -> None:
    client.new_ticket()
    group = next(iter(client.sandbox.account.rows("groups")))
    events = client.put("tickets/1", {"ticket": {"group_id": group}}).json()["audit"]["events"]
    assert len(events) == 1
    assert events[0]["field_name"] == "group_id"
    assert (events[0]["value"], events[0]["previous_value"]) == (str(group), None)


def test_equal_values_change_nothing(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"priority": "high"}})
    before = client.get("tickets/1").json()["ticket"]
    client.sandbox.advance(timedelta(minutes=1))
    answer = client.put("tickets/1", {"ticket": {"priority": "high"}}).json()
    assert answer["audit"]["events"] == []
    assert client.get("tickets/1").json()["ticket"] == before


def test_the_description_of_an_update_is_ignored(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"description": "other"}})
    assert client.get("tickets/1").json()["ticket"]["description"] == "It does not print"


def test_metadata_comes_back_under_custom(client: Client) -> None:
    client.new_ticket()
    body = {"ticket": {"priority": "low", "metadata": {"by": "stipt", "key": "k1"}}}
    audit = client.put("tickets/1", body).json()["audit"]
    assert audit["metadata"]["custom"] == {"by": "stipt", "key": "k1"}


def test_status_follows_the_assignee_and_the_custom_status(client: Client) -> None:
    client.new_ticket()
    account = client.sandbox.account
    taken = client.put("tickets/1", {"ticket": {"assignee_id": account.owner_id}}).json()
    assert taken["ticket"]["status"] == "open"
    waiting = next(
        ident
        for ident, row in account.rows("custom_statuses").items()
        if row["agent_label"] == "Waiting for supplier"
    )
    held = client.put("tickets/1", {"ticket": {"custom_status_id": waiting}}).json()["ticket"]
    assert (held["status"], held["custom_status_id"]) == ("hold", waiting)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        pytest.param({"priority": "highest"}, "priority", id="unknown priority"),
        pytest.param({"status": "done"}, "status", id="unknown status"),
        pytest.param({"type": "wish"}, "type", id="unknown type"),
        pytest.param({"assignee_id": 7}, "assignee", id="unknown person"),
        pytest.param({"group_id": 7}, "group", id="unknown group"),
        pytest.param({"comment": {"public": True}}, "comment", id="empty comment"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_key(
    client: Client, values: dict[str, object], key: str
) -> None:
    client.new_ticket()
    answer = client.put("tickets/1", {"ticket": values})
    assert answer.status_code == 422
    assert answer.json()["error"] == "RecordInvalid"
    assert list(answer.json()["details"]) == [key]


@pytest.mark.parametrize(
    ("kind", "options", "good", "bad"),
    [
        pytest.param("date", {}, "2026-11-30", "30-11-2026", id="date"),
        pytest.param("integer", {}, 5, "five", id="integer"),
        pytest.param("regexp", {"regexp_for_validation": r"^\d{4}Z$"}, "1234Z", "12Z", id="regexp"),
        pytest.param(
            "tagger",
            {"custom_field_options": [{"name": "A", "value": "my_a"}]},
            "my_a",
            "my_b",
            id="drop-down",
        ),
        pytest.param("checkbox", {}, True, "perhaps", id="checkbox"),
        pytest.param("decimal", {}, "1.5", "1,5", id="decimal"),
    ],
)
def test_custom_fields_take_what_their_type_allows(
    client: Client, kind: str, options: dict[str, object], good: object, bad: object
) -> None:
    mine = field(client, kind, **options)
    client.new_ticket()
    accepted = client.put("tickets/1", {"ticket": {"custom_fields": [{"id": mine, "value": good}]}})
    refused = client.put("tickets/1", {"ticket": {"custom_fields": [{"id": mine, "value": bad}]}})
    assert {"id": mine, "value": good} in accepted.json()["ticket"]["custom_fields"]
    assert refused.status_code == 422
    assert list(refused.json()["details"]) == [f"ticket_field_{mine}"]


def test_a_drop_down_puts_its_tag_on_the_ticket_and_takes_it_away(client: Client) -> None:
    options = [{"name": "A", "value": "my_a"}, {"name": "B", "value": "my_b"}]
    mine = field(client, "tagger", custom_field_options=options)
    client.new_ticket(tags=["vip"])
    seen = []
    for value in ("my_a", "my_b", None):
        body = {"ticket": {"custom_fields": [{"id": mine, "value": value}]}}
        seen.append(client.put("tickets/1", body).json()["ticket"]["tags"])
    assert seen == [["my_a", "vip"], ["my_b", "vip"], ["vip"]]


def test_a_priority_field_of_sub_type_1_knows_normal_and_high_only() -> None:
    with a_sandbox(priority_sub_type=1) as client:
        client.new_ticket()
        answers = [
            client.put("tickets/1", {"ticket": {"priority": word}})
            for word in ("normal", "high", "urgent", "low")
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 422]
    assert list(answers[-1].json()["details"]) == ["priority"]


def test_due_at_stays_null_unless_the_ticket_is_a_task(client: Client) -> None:
    client.new_ticket()
    due = {"due_at": "2026-11-30T12:00:00Z"}
    plain = client.put("tickets/1", {"ticket": due})
    task = client.put("tickets/1", {"ticket": {"type": "task"} | due})
    assert (plain.status_code, plain.json()["ticket"]["due_at"]) == (200, None)
    assert task.json()["ticket"]["due_at"] == "2026-11-30T12:00:00Z"


def test_due_at_on_any_ticket_is_a_switch() -> None:
    with a_sandbox(assumptions=Assumptions(due_at_needs_task=False)) as client:
        client.new_ticket()
        answer = client.put("tickets/1", {"ticket": {"due_at": "2026-11-30T12:00:00Z"}})
    assert answer.json()["ticket"]["due_at"] == "2026-11-30T12:00:00Z"


def test_a_safe_update_needs_the_present_stamp(client: Client) -> None:
    stamp = client.new_ticket()["updated_at"]
    client.sandbox.advance(timedelta(seconds=5))
    safe = {"safe_update": True, "updated_stamp": stamp}
    first = client.put("tickets/1", {"ticket": {"priority": "low"} | safe})
    second = client.put("tickets/1", {"ticket": {"priority": "high"} | safe})
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["error"] == "UpdateConflict"


def test_safe_update_false_means_true(client: Client) -> None:
    client.new_ticket()
    unsafe = {"priority": "low", "safe_update": False, "updated_stamp": "2020-01-01T00:00:00Z"}
    assert client.put("tickets/1", {"ticket": unsafe}).status_code == 409


def test_a_solved_ticket_closes_after_a_while_and_then_never_changes() -> None:
    with a_sandbox(close_after_hours=96, language="nl") as client:
        client.new_ticket()
        client.put("tickets/1", {"ticket": {"status": "solved"}})
        client.sandbox.advance(timedelta(hours=95))
        assert client.get("tickets/1").json()["ticket"]["status"] == "solved"
        client.sandbox.advance(timedelta(hours=2))
        assert client.get("tickets/1").json()["ticket"]["status"] == "closed"
        answer = client.put("tickets/1", {"ticket": {"priority": "low"}})
    assert answer.status_code == 422
    assert list(answer.json()["details"]) == ["status"]
    # texts are translated: nothing may depend on their wording
    assert "gesloten" in answer.text


def test_a_ticket_opened_again_closes_only_after_it_is_solved_again() -> None:
    with a_sandbox(close_after_hours=96) as client:
        client.new_ticket()
        for hours, status in ((0, "solved"), (10, "open"), (10, "solved")):
            client.sandbox.advance(timedelta(hours=hours))
            client.put("tickets/1", {"ticket": {"status": status}})
        client.sandbox.advance(timedelta(hours=90))
        assert client.get("tickets/1").json()["ticket"]["status"] == "solved"
        client.sandbox.advance(timedelta(hours=7))
        assert client.get("tickets/1").json()["ticket"]["status"] == "closed"


def test_a_deleted_ticket_is_gone_but_for_the_export_until_it_is_restored(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"status": "pending"}})
    assert client.delete("tickets/1").status_code == 204
    paths = ("tickets/1", "tickets/1/audits", "tickets/1/comments")
    assert {client.get(path).status_code for path in paths} == {404}
    client.sandbox.advance(timedelta(minutes=2))
    row = client.get("incremental/tickets/cursor", start_time=0).json()["tickets"][0]
    assert (row["status"], row["subject"]) == ("deleted", "Printer")
    restored = client.put("deleted_tickets/1/restore", {})
    assert (restored.status_code, restored.json()) == (200, {})
    assert client.get("tickets/1").json()["ticket"]["status"] == "pending"


def test_a_ticket_deleted_for_good_is_scrubbed_and_cannot_come_back(client: Client) -> None:
    client.new_ticket(priority="high")
    client.delete("tickets/1")
    job = client.delete("deleted_tickets/1").json()
    assert job["job_status"]["total"] is None
    assert client.finish(job)["results"] == {"success": True}
    assert client.put("deleted_tickets/1/restore", {}).status_code == 404
    client.sandbox.advance(timedelta(minutes=2))
    row = client.get("incremental/tickets/cursor", start_time=0).json()["tickets"][0]
    assert (row["subject"], row["raw_subject"], row["description"]) == ("SCRUBBED", "SCRUBBED", "X")
    assert (row["id"], row["priority"]) == (1, "high")


def test_thirty_days_in_the_bin_are_enough(client: Client) -> None:
    client.new_ticket()
    updated = client.sandbox.now()
    client.delete("tickets/1")
    client.sandbox.advance(timedelta(days=31))
    row = client.get("incremental/tickets/cursor", start_time=0).json()["tickets"][0]
    assert row["subject"] == "SCRUBBED"
    # the row moved in the export, its last event did not
    assert row["updated_at"] == iso(int(updated.timestamp()))
    assert row["generated_timestamp"] > updated.timestamp() + 29 * 86400


def test_show_many_answers_in_id_order_and_leaves_out_what_is_missing(client: Client) -> None:
    for _ in range(3):
        client.new_ticket()
    body = client.get("tickets/show_many", ids="3,99,1").json()
    assert [row["id"] for row in body["tickets"]] == [1, 3]
    assert (body["count"], body["next_page"]) == (2, None)


@pytest.mark.parametrize("ident", [99, 9223372036854775807])
def test_a_missing_ticket_is_a_404(client: Client, ident: int) -> None:
    answer = client.get(f"tickets/{ident}")
    assert answer.status_code == 404
    assert answer.json() == {"error": "RecordNotFound", "description": "Not found"}


def test_light_agents_cannot_comment_in_public(client: Client) -> None:
    client.new_ticket()
    site = client.sandbox.site
    light = next(user for user in site.account.staff() if user.only_private_comments)
    site.authority.tokens["light"] = Grant(light.id, frozenset({"read", "write"}))
    client.headers = {"Authorization": "Bearer light"}
    statuses = [
        client.put(
            "tickets/1", {"ticket": {"comment": {"body": "x", "public": public}}}
        ).status_code
        for public in (True, False)
    ]
    assert statuses == [422, 200]


def test_a_comment_can_be_hidden_afterwards(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"comment": {"body": "Secret"}}})
    comment = client.get("tickets/1/comments").json()["comments"][1]
    client.put(f"tickets/1/comments/{comment['id']}/make_private", {})
    assert client.get("tickets/1/comments").json()["comments"][1]["public"] is False
    last = client.get("tickets/1/audits").json()["audits"][-1]["events"]
    assert last == [
        {
            "id": last[0]["id"],
            "type": "CommentPrivacyChange",
            "public": False,
            "comment_id": comment["id"],
        }
    ]


def test_zendesks_own_clocks_can_be_side_loaded(client: Client) -> None:
    account = client.sandbox.account
    premium = next(iter(account.organizations))
    client.new_ticket(organization_id=premium, priority="high")
    row = client.get("tickets/1", include="slas,metric_events").json()["ticket"]
    assert row["slas"]["policy_metrics"][0]["metric"] == "first_reply_time"
    assert "agent_work_time" in row["metric_events"]
    client.new_ticket(organization_id=premium)
    without_priority = client.get("tickets/2", include="slas").json()["ticket"]
    assert without_priority["slas"] == {"policy_metrics": []}
