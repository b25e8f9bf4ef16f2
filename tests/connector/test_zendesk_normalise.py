# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket row becomes facts."""

from __future__ import annotations

import pytest

from connector.zendesk.names import Names, find_own_fields, option_tag
from connector.zendesk.normalise import ticket_state
from connector.zendesk.wire import TicketFieldRow, UserRow, convert
from tests.connector.zendesk_rows import ACME, REQUESTER, a_ticket, at, some_names


def test_a_ticket_row_becomes_the_facts_of_today():
    state = ticket_state(a_ticket(custom_status_id=902, status="hold"), some_names(), {})
    facts = state.facts
    assert (facts.id, facts.status, facts.custom_status) == ("4711", "hold", "Waiting for supplier")
    assert (facts.priority, facts.type, facts.channel) == ("high", "incident", "email")
    assert (facts.group, facts.brand, facts.form) == ("support", "main", None)
    assert (facts.organization, facts.requester.id) == (ACME, REQUESTER)
    assert facts.requester.language == "nl"
    assert facts.fields == {"product": "router"}
    assert (facts.created_by, facts.created_public) == ("requester", True)
    assert state.order == 1795172403
    assert state.updated_at == at("2026-11-20 11:00")
    assert state.life == "present"


def test_our_own_fields_are_read_apart_from_the_facts():
    state = ticket_state(
        a_ticket(
            tags=["vip", "sla_state_at_risk"],
            custom_fields=[
                {"id": 2001, "value": "sla_state_at_risk"},
                {"id": 2002, "value": "2026-11-23T16:00:00Z"},
            ],
        ),
        some_names(),
        {},
    )
    assert state.facts.fields == {}
    assert state.facts.tags == ("vip",)
    assert state.current.own["sla_state"] == "at_risk"
    assert state.current.own["sla_due_at"] == "2026-11-23T16:00:00Z"
    assert state.current.own["sla_tier"] is None
    assert state.current.tags == ("vip", "sla_state_at_risk")


def test_a_deleted_ticket_is_a_state_without_a_readable_status():
    unknown: dict[str, int] = {}
    state = ticket_state(a_ticket(status="deleted"), some_names(), unknown)
    assert (state.life, state.facts.status, unknown) == ("deleted", "closed", {})


def test_a_row_without_generated_timestamp_is_ordered_by_its_last_update():
    for value in (None, 0):
        state = ticket_state(a_ticket(generated_timestamp=value), some_names(), {})
        assert state.order == int(at("2026-11-20 11:00").timestamp())


@pytest.mark.parametrize(
    ("row", "channel"),
    [
        pytest.param({"via": {"channel": "mail"}}, "email", id="mail"),
        pytest.param({"via": "Web form"}, "web", id="display text"),
        pytest.param({"via": {"channel": "voice"}}, "phone", id="voice"),
        pytest.param({"via": {"channel": "whatsapp"}}, "messaging", id="whatsapp"),
        pytest.param({"via": {"channel": "chat"}}, "chat", id="chat"),
        pytest.param({"via": {"channel": "twitter_dm"}}, "social", id="twitter"),
        pytest.param({"via": {"channel": "rule"}}, "other", id="rule"),
        pytest.param(
            {"via": {"channel": "web"}, "from_messaging_channel": True}, "messaging", id="messaging"
        ),
        pytest.param({"via": None, "via_id": 4}, "email", id="number alone"),
        pytest.param({"via": {"channel": 33}}, "phone", id="number as channel"),
        pytest.param({"via": None}, "other", id="nothing"),
    ],
)
def test_the_channel_becomes_one_of_eight_words(row: dict[str, object], channel: str):
    unknown: dict[str, int] = {}
    assert ticket_state(a_ticket(**row), some_names(), unknown).facts.channel == channel
    assert unknown == {}


def test_unknown_words_of_a_ticket_are_mapped_and_counted_never_refused():
    unknown: dict[str, int] = {}
    row = a_ticket(via={"channel": "fax"}, status="napping", priority="asap")
    facts = ticket_state(row, some_names(), unknown).facts
    assert (facts.channel, facts.status, facts.priority) == ("other", "open", None)
    assert unknown == {"channel:fax": 1, "status:napping": 1, "priority:asap": 1}


def test_values_of_fields_are_text_or_several_texts():
    row = a_ticket(
        custom_fields=[
            {"id": 1, "value": True},
            {"id": 2, "value": ["a", "b"]},
            {"id": 3, "value": 5},
            {"id": 4, "value": 2.5},
            {"id": 5, "value": ""},
            {"id": 6, "value": []},
        ]
    )
    assert ticket_state(row, Names(), {}).facts.fields == {
        "1": "true",
        "2": ("a", "b"),
        "3": "5",
        "4": "2.5",
    }


def test_names_that_are_not_known_stay_numbers():
    facts = ticket_state(a_ticket(group_id=7, brand_id=8), some_names(), {}).facts
    assert (facts.group, facts.brand) == ("7", "8")


@pytest.mark.parametrize(
    ("row", "role"),
    [
        pytest.param({"id": 1, "role": "end-user"}, "end_user", id="end user"),
        pytest.param({"id": 1, "role": "agent", "role_type": 0}, "agent", id="custom role"),
        pytest.param({"id": 1, "role": "agent", "role_type": 1}, "light_agent", id="light agent"),
        pytest.param({"id": 1, "role": "agent", "role_type": 3}, "light_agent", id="contributor"),
        pytest.param({"id": 1, "role": "admin", "role_type": 4}, "admin", id="admin"),
    ],
)
def test_the_role_of_a_person_becomes_a_word(row: dict[str, object], role: str):
    names = Names()
    names.learn_people([convert(row, UserRow)])
    assert names.people["1"].role == role


def test_only_those_who_work_there_are_known_by_name():
    names = Names()
    roles = ("end-user", "agent", "admin")
    rows = [{"id": at, "role": role, "name": f"N{at}"} for at, role in enumerate(roles)]
    names.learn_people(convert(one, UserRow) for one in [*rows, {"id": 9, "role": "agent"}])
    assert names.agents == {"1": "N1", "2": "N2"}


def field_row(**changes: object) -> TicketFieldRow:
    return convert({"id": 1, "type": "text", "title": "Product", **changes}, TicketFieldRow)


def test_custom_fields_go_by_key_then_title_then_number():
    names = Names()
    names.learn_fields(
        [
            field_row(id=1, title="Product (hardware)"),
            field_row(id=2, key="serial", title="Serial number"),
            field_row(id=3, title="Product (hardware)"),
        ],
        {},
    )
    assert names.fields == {"1": "product_hardware", "2": "serial", "3": "3"}


def test_our_own_fields_are_found_by_mapping_then_by_title_and_type():
    rows = [
        field_row(id=10, type="tagger", title="SLA state"),
        field_row(id=11, type="text", title="SLA tier"),
        field_row(id=12, type="tagger", title="Klasse"),
    ]
    assert find_own_fields(rows, {"sla_tier": "12"}) == {"10": "sla_state", "12": "sla_tier"}


def test_options_of_our_drop_downs_are_read_back_as_words():
    names = Names()
    options = [
        {"name": "Gold-Plus", "value": "sla_tier_gold_plus"},
        {"name": "Silver", "value": "other_silver"},
    ]
    names.learn_fields(
        [field_row(id=12, type="tagger", title="SLA tier", custom_field_options=options)], {}
    )
    row = a_ticket(custom_fields=[{"id": 12, "value": "sla_tier_gold_plus"}])
    assert option_tag("sla_tier", "Gold-Plus") == "sla_tier_gold_plus"
    assert ticket_state(row, names, {}).current.own["sla_tier"] == "Gold-Plus"
    assert names.is_own_tag("other_silver")
