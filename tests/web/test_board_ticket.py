# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of one ticket: targets in words, clocks as pictures, the explanation as JSON."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rules.facts import Happening, Organization
from tests.web.people import pages_of
from worker.explaining import explain_stored
from worker.outbox import SendResult

if TYPE_CHECKING:
    from tests.web.caller import Caller
    from tests.worker.conftest import Site

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def paused(served: Caller) -> Caller:
    """Ticket 7, answered after an hour, solved half an hour later and opened again after that."""
    site = served.site
    site.helpdesk.add("7")
    site.wait(hours=1)
    say = {"by": "agent", "at": site.clock.now()}
    site.helpdesk.happen("7", Happening(kind="comment", public=True, **say))
    site.wait(minutes=30)
    site.helpdesk.happen("7", Happening(at=site.clock.now(), kind="status", to="solved"))
    site.wait(minutes=30)
    site.helpdesk.happen("7", Happening(at=site.clock.now(), kind="status", to="open"))
    site.wait(hours=1)
    site.once()
    return served


def text_of(page: str) -> str:
    """What a person reads of a page."""
    words = re.sub(r"<[^>]+>", " ", page).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", words)


def pictures(page: str) -> list[ET.Element]:
    """The clocks of a page, as they are drawn for wide windows."""
    found = re.findall(r'<svg xmlns[^>]* id="clock-\d-760".*?</svg>', page, re.DOTALL)
    return [ET.fromstring(one) for one in found]  # noqa: S314 -- our own page


def kinds(picture: ET.Element) -> list[str]:
    """The stretches of a clock, in their order."""
    return [
        str(one.get("class")).removeprefix("span ")
        for one in picture.iter(f"{SVG}rect")
        if str(one.get("class")).startswith("span ")
    ]


def test_every_target_says_where_it_stands(paused: Caller) -> None:
    words = text_of(paused.get("/tickets/7").text)
    for part in ("Resolution: on track", "21 h 30 min left", "First reply", "Answered 11:00"):
        assert part in words


def test_the_page_says_why_and_what_happened(paused: Caller) -> None:
    words = text_of(paused.get("/tickets/7").text)
    assert "Tier premium" in words
    assert "organization.fields.sla_tier = premium" in words
    assert "status solved by system" in words


def test_a_clock_is_drawn_with_its_pauses_and_what_is_still_to_run(paused: Caller) -> None:
    resolution, first_reply = pictures(paused.get("/tickets/7").text)
    assert kinds(resolution) == ["counted", "paused", "counted", "ahead"]
    assert kinds(first_reply) == ["counted"]


def test_a_picture_says_in_words_what_it_shows(paused: Caller) -> None:
    resolution = pictures(paused.get("/tickets/7").text)[0]
    assert resolution.findtext(f"{SVG}title") == "Clock of Resolution"
    told = str(resolution.findtext(f"{SVG}desc")).replace("\N{NO-BREAK SPACE}", " ")
    assert told == "Counted 2 h 30 min of 24 h, paused for 30 min, started 10:00, due Wed 10:30."


def test_comments_and_steps_stand_at_their_time(paused: Caller) -> None:
    _, first_reply = pictures(paused.get("/tickets/7").text)
    tips = [one.text for one in first_reply.iter(f"{SVG}title")][1:]
    assert "11:00 public comment by agent" in tips
    assert not [one for one in tips if one and "step" in one]  # answered before the first of them


def test_the_explanation_is_that_of_the_command_line(paused: Caller) -> None:
    installation = paused.installation
    work, now = installation.accounts[0], installation.clock.now()
    with installation.database.read(work.name) as books:
        found = explain_stored(books, "7", work.policies.policy, now)
    assert found is not None
    assert paused.get("/tickets/7/explanation.json").json() == found.explanation.to_json()


@pytest.mark.parametrize("path", ["/tickets/8", "/tickets/8/explanation.json", "/tickets/%3Cb%3E"])
def test_a_ticket_that_is_not_there_is_not_found(paused: Caller, path: str) -> None:
    answer = paused.get(path)
    assert (answer.status_code, answer.text) == (404, "Not Found\n")


def test_a_step_says_when_it_was_really_sent_and_to_whom(served: Caller) -> None:
    site = served.site
    site.helpdesk.add("7")
    site.once()
    site.wait(hours=2, minutes=25)
    site.once()
    words = text_of(served.get("/tickets/7").text)
    assert "50% used sent 12:25 to team_lead, 25 min late" in words
    assert "1 h before due tells team_lead to come, 13:00" in words
    first_reply = pictures(served.get("/tickets/7").text)[0]
    tips = [one.text for one in first_reply.iter(f"{SVG}title")]
    assert "12:25 step 50%, sent" in tips


def test_a_message_that_was_given_up_says_why(served: Caller) -> None:
    site = served.site
    site.helpdesk.add("7")
    site.once()
    site.mailbox.answers = [SendResult("permanent", "no such channel")]
    site.wait(hours=2)
    site.once()
    words = text_of(served.get("/tickets/7").text)
    assert "50% used given up (no such channel) for team_lead" in words


CHOOSING = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:00]}}
  by_market:
    choose_by: organization.fields.market
    cases: {nl: office}
    default: always
tiers:
  all:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: resolution, within: 24h, counted: by_market}
      - {measure: first_reply, when: {channel: phone}, within: 8h, counted: office}
"""


def test_the_page_says_what_chose_the_calendar_and_what_is_not_promised(site: Site) -> None:
    (site.rules / "sla.yaml").write_text(CHOOSING)
    with pages_of(site) as pages:
        organization = Organization(id="5", name="Globex", fields={"market": "nl"})
        site.helpdesk.add("7", organization=organization, channel="email", group="Support")
        site.once()
        words = text_of(pages.browser().get("/tickets/7").text)
    assert "office chosen by by_market: organization.fields.market is nl" in words
    assert "Not promised First reply: no target applies:" in words
    assert "Promise within 24h" in words


def test_agents_are_called_by_name(served: Caller) -> None:
    site = served.site
    site.helpdesk.add("7")
    changed = Happening(at=site.clock.now(), kind="field", field="assignee", to="77", by="agent")
    site.helpdesk.happen("7", changed)
    held = site.helpdesk.held["7"]
    current = replace(held.state.current, assignee="77", group="Support")
    held.state = replace(
        held.state, current=current, assignee_id="77", assignee_name="Grace <b>Hopper</b>"
    )
    site.once()
    page = served.get("/tickets/7").text
    assert "<b>Hopper" not in page
    words = text_of(page)
    assert "Group Support Assignee Grace &lt;b&gt;Hopper" in words
    assert "assignee Grace &lt;b&gt;Hopper&lt;/b&gt; by agent" in words
