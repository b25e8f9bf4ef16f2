# SPDX-License-Identifier: GPL-3.0-or-later
"""The ticket sidebar in a browser, inside a fake Zendesk page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.accessibility import violations
from tests.app.golden_cases import read_case
from tests.app.showing import IDS, SETTING, field_path, sidebar_of

if TYPE_CHECKING:
    from tests.app.harness.pages import Harness, Page

pytestmark = pytest.mark.xdist_group("browser")

OPEN_ALL = """() => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  document.querySelector('button.more')?.click();
}"""

LOOKS = [
    pytest.param("on_track", {}, ["On track", "4 h 25 min left", "Due 13:40"], id="on track"),
    pytest.param(
        "at_risk_by_time",
        {"colorScheme": "dark"},
        ["At risk", "41 min left", "closed until 13:00", "sent 11:10"],
        id="at risk by the passing of time, dark",
    ),
    pytest.param(
        "breached_open",
        {},
        ["Breached", "45 min late", "Was due 13:40", "sent 13:40"],
        id="breached and still open",
    ),
    pytest.param(
        "not_confirmed",
        {"colorScheme": "dark"},
        ["Overdue", "6:00 late", "Stipt has not confirmed it yet"],
        id="overdue and not confirmed, dark",
    ),
    pytest.param(
        "paused",
        {},
        ["Paused since 14:00", "Pending, On-hold or Waiting for supplier", "30 h 30 min left"],
        id="paused",
    ),
    pytest.param("met", {"colorScheme": "dark"}, ["All targets met", "Met"], id="met, dark"),
    pytest.param("missed", {}, ["Ended late", "1 h over", "Answered 14:40"], id="missed"),
    pytest.param(
        "several_targets",
        {"width": 500},
        ["Next reply", "Resolution", "1 ended target", "Contract globex"],
        id="several targets, wide",
    ),
    pytest.param(
        "long_story",
        {"width": 280, "colorScheme": "dark"},
        ["45 more targets", "14 d 1 h late", "Next reply 58"],
        id="more targets than fit, narrow and dark",
    ),
    pytest.param(
        "no_organization", {}, ["No SLA: the ticket has no organization"], id="no SLA, with why"
    ),
    pytest.param(
        "detail_not_on_form",
        {},
        ["Not on this ticket's form: SLA detail", "4 h 25 min left"],
        id="a field is not on the form",
    ),
    pytest.param(
        "not_on_form", {}, ["This form has no SLA fields", "SLA tier"], id="no field on the form"
    ),
    pytest.param(
        "not_set_up", {"colorScheme": "dark"}, ["not set up", "stipt setup"], id="not set up"
    ),
    pytest.param("broken_detail", {}, ["cannot be read", "Due 13:40"], id="broken detail"),
    pytest.param("newer_detail", {}, ["This app is older"], id="a newer worker"),
    pytest.param("not_judged_yet", {}, ["Not judged yet", "two or three minutes"], id="new ticket"),
    pytest.param(
        "other_zone",
        {"locale": "en-US"},
        ["Due Tue 3:30 PM", "9:30 AM EST, America/New_York", "office_us, 7 h 55 min of work left"],
        id="a calendar in another zone",
    ),
    pytest.param(
        "over_night",
        {"locale": "nl", "width": 280},
        ["nog 16 u 10 min", "Uiterlijk di 11:10", "gesloten tot di 09:00"],
        id="Dutch, narrow",
    ),
    pytest.param(
        "paused",
        {"locale": "de", "width": 280, "colorScheme": "dark"},
        ["noch 30 Std. 30 Min.", "Wartend, Angehalten oder Waiting for supplier"],
        id="German, narrow and dark",
    ),
    pytest.param(
        "breached_open", {"locale": "fr-CA"}, ["45 min de retard", "Première réponse"], id="French"
    ),
    pytest.param(
        "between_segments",
        {"locale": "ar", "width": 280},
        ["55 min left", "Due 1:40 pm"],
        id="right to left",
    ),
    pytest.param(
        "several_targets",
        {"width": 160, "scale": 2, "locale": "de"},
        ["noch 1 Std. 40 Min."],
        id="200 % zoom, German",
    ),
    pytest.param(
        "at_risk_by_time", {"forcedColors": "active"}, ["41 min left"], id="forced colours"
    ),
]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(("name", "more", "expected"), LOOKS)
def test_what_a_ticket_looks_like(
    harness: Harness, name: str, more: dict[str, Any], expected: list[str]
):
    with harness.open(**sidebar_of(name, **more)) as page:
        read = plain(page.text())
        assert [words for words in expected if words not in read] == []
        page.frame.evaluate(OPEN_ALL)
        page.page.wait_for_timeout(50)
        page.settle()
        audit = page.audit()
        assert (audit["contrast"], audit["overflow"]) == ([], [])
        assert audit["height"]["frame"] == audit["height"]["content"]
        assert violations(page.frame) == []
        assert page.faults() == []


def test_the_page_speaks_the_readers_language_and_direction(harness: Harness):
    with harness.open(**sidebar_of("on_track", locale="he")) as page:
        shown = page.frame.evaluate("(({lang, dir}) => [lang, dir])(document.documentElement)")
        assert shown == ["en", "rtl"]
    with harness.open(**sidebar_of("on_track", locale="nl-BE")) as page:
        shown = page.frame.evaluate("(({lang, dir}) => [lang, dir])(document.documentElement)")
        assert shown == ["nl", "ltr"]


def test_it_says_when_it_was_ready(harness: Harness):
    with harness.open(**sidebar_of("several_targets", now=None)) as page:
        assert page.ready_ms() > 0


def test_passing_the_deadline_is_shown_and_told_once(harness: Harness):
    case = sidebar_of("due_second", now="2026-11-23T12:39:58+00:00")
    with harness.open(**case) as page:
        assert "0:02 left" in plain(page.text())
        assert spoken(page) == ""
        page.advance(2)
        assert "due now" in plain(page.text())
        assert spoken(page) == ""  # the due's own second is still in time, and no second is told
        page.advance(1)
        assert "0:01 late" in plain(page.text())
        page.advance(1)
        assert spoken(page) == "First reply: the deadline has passed"
        assert page.faults() == []


def test_the_countdown_is_no_live_region(harness: Harness):
    with harness.open(**sidebar_of("at_risk_by_time")) as page:
        inside = page.frame.eval_on_selector_all("main [aria-live], main [role=status]", "x => x")
        assert inside == []


def test_a_field_that_changes_is_shown_at_once(harness: Harness):
    later = read_case("breached_open")["fields"]
    with harness.open(**sidebar_of("not_confirmed", now="2026-11-23T13:25:00+00:00")) as page:
        assert "not confirmed it yet" in plain(page.text())
        page.change({field_path(key): value for key, value in later.items()})
        assert "not confirmed it yet" not in plain(page.text())
        assert "45 min late" in plain(page.text())


def test_a_pausing_status_that_is_not_saved_is_told_as_such(harness: Harness):
    with harness.open(**sidebar_of("will_pause")) as page:
        page.change({"ticket.status": "pending"})
        read = plain(page.text())
        assert "Resolution will pause when you save as Pending." in read
        assert "4 d 1 h left" in read  # the countdown tells what is saved
        page.change({"ticket.status": "open"})
        assert "will pause" not in plain(page.text())


def test_after_saving_the_page_says_that_the_judgement_is_older(harness: Harness):
    with harness.open(**sidebar_of("will_pause")) as page:
        page.change({"ticket.status": "pending"})
        page.fire("ticket.submit.done")
        read = plain(page.text())
        assert "will pause" not in read
        assert "The status went from Open to Pending." in read


def test_the_scheme_follows_zendesk_and_not_the_system(harness: Harness):
    with harness.open(**sidebar_of("on_track", osColorScheme="dark")) as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.frame.evaluate(ground) == "rgb(255, 255, 255)"
        page.change({"colorScheme": "dark"})
        assert page.frame.evaluate(ground) == "rgb(21, 26, 30)"


def test_everything_can_be_reached_and_opened_by_keyboard(harness: Harness):
    with harness.open(**sidebar_of("several_targets")) as page:
        page.frame.focus("summary")
        opened = []
        for _ in range(3):
            page.page.keyboard.press("Enter")
            opened.append(page.frame.evaluate("document.activeElement.textContent"))
            page.page.keyboard.press("Tab")
        assert [plain(one).strip() for one in opened] == [
            "Why?Resolution",
            "1 ended target",
            "Why?First reply",
        ]
        assert page.frame.get_attribute("button.more", "aria-expanded") == "false"
        page.frame.focus("button.more")
        page.page.keyboard.press("Space")
        assert page.frame.get_attribute("button.more", "aria-expanded") == "true"
        assert "rules.yaml:49" in page.text()
        assert page.frame.evaluate("document.activeElement.className") == "more"


def test_what_the_reader_opened_stays_open_while_the_clock_runs(harness: Harness):
    with harness.open(**sidebar_of("several_targets")) as page:
        page.frame.click("summary")
        page.frame.focus("summary")
        page.advance(60)
        assert "1 h 39 min left" in plain(page.text())
        assert page.frame.get_attribute("details", "open") is not None
        assert page.frame.evaluate("document.activeElement.localName") == "summary"


def test_a_hidden_app_does_not_draw(harness: Harness):
    with harness.open(**sidebar_of("several_targets")) as page:
        page.fire("app.deactivated")
        page.advance(120)
        assert "1 h 40 min left" in plain(page.text())
        page.fire("app.activated")
        assert "1 h 38 min left" in plain(page.text())


def test_foreign_text_is_only_text(harness: Harness):
    evil = '<img src=x onerror="parent.postMessage(1)">'
    case = read_case("unknown_keys")["fields"]
    detail = case["sla_detail"]
    for word in ("premium", "phone_reply", "office_nl", "tiers.yaml:32", "at half time"):
        detail = detail.replace(word, evil.replace('"', "'") + "x" * 60)
    fields = {IDS[key]: value for key, value in (case | {"sla_detail": detail}).items()}
    with harness.open(**sidebar_of("unknown_keys", fields=fields, width=280)) as page:
        page.frame.evaluate(OPEN_ALL)
        page.settle()
        assert page.frame.query_selector("img") is None
        assert "<img src=x" in page.text()
        assert page.audit()["overflow"] == []
        assert page.faults() == []


def test_without_zendesk_there_is_one_sentence(harness: Harness):
    with harness.open(outside=True) as page:
        assert "Not in Zendesk" in page.text()
        assert violations(page.frame) == []
        assert page.errors == []


@pytest.mark.parametrize("mute", ["handshake", "get"])
def test_a_silent_host_is_told_after_five_seconds_and_can_be_asked_again(
    harness: Harness, mute: str
):
    case = sidebar_of("on_track", mute=[mute], ready="html")
    with harness.open(**case) as page:
        page.page.clock.fast_forward(6000)
        page.frame.wait_for_selector("button")
        assert "Zendesk did not answer." in page.text()
        page.page.evaluate("host.scenario.mute = []")
        if mute == "get":
            page.frame.click("button")
            page.frame.wait_for_selector(".hero")
            assert "4 h 25 min left" in plain(page.text())


def test_fields_may_be_those_that_the_app_brought(harness: Harness):
    case = sidebar_of("on_track", settings={}, requirements=IDS)
    with harness.open(**case) as page:
        assert "4 h 25 min left" in plain(page.text())


def test_the_setting_wins_over_what_the_app_brought(harness: Harness):
    stale = {key: str(int(number) + 800) for key, number in IDS.items()}
    case = sidebar_of("on_track", requirements=stale)
    with harness.open(**case) as page:
        assert "4 h 25 min left" in plain(page.text())
        assert not any("9" in path for path in page.seen()["gets"] if "custom_field" in path)


def test_a_slip_in_the_setting_is_named(harness: Harness):
    setting = SETTING.replace(f"sla_detail={IDS['sla_detail']}", "sla_detail=O1, other=7")
    with harness.open(**sidebar_of("on_track", settings={"field_ids": setting})) as page:
        assert "The app's setting field_ids has no number for SLA detail." in plain(page.text())


def test_agents_are_kept_from_editing_what_stipt_writes(harness: Harness):
    with harness.open(**sidebar_of("on_track")) as page:
        states = page.seen()["fieldStates"]
        assert states.pop(f"custom_field_{IDS['sla_detail']}") == ["hide"]
        assert states == {
            f"custom_field_{number}": ["disable"]
            for key, number in IDS.items()
            if key != "sla_detail"
        }
        assert page.seen()["sets"] == []


def test_all_fields_are_read_in_one_question(harness: Harness):
    with harness.open(**sidebar_of("on_track")) as page:
        gets = page.seen()["gets"]
        assert len(gets) == len(set(gets)) == len(IDS) + 3  # user, scheme, status


def test_motion_is_left_out_for_those_who_ask(harness: Harness):
    case = sidebar_of("several_targets", reducedMotion="reduce")
    with harness.open(**case) as page:
        durations = page.frame.eval_on_selector_all(
            ".icon", "all => [...new Set(all.map(one => getComputedStyle(one).transitionDuration))]"
        )
        assert durations == ["0s"]


def spoken(page: Page) -> str:
    page.page.clock.run_for(400)
    return page.frame.inner_text("#spoken")


def test_the_check_for_accessibility_finds_what_is_wrong(harness: Harness):
    with harness.open(**sidebar_of("on_track")) as page:
        page.frame.evaluate(
            "document.querySelector('main').append(document.createElement('button'))"
        )
        assert any("button-name" in one for one in violations(page.frame))
