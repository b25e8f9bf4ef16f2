# SPDX-License-Identifier: GPL-3.0-or-later
"""The board says of a ticket what the Zendesk app says: the app's golden cases hold for it."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.app.golden_cases import Case, case_names, read_case, seconds
from worker.view.shapes import Saved, View
from worker.view.speech import Speaker
from worker.view.texts import TEXTS
from worker.view.tickets import ticket_view
from worker.view.words import words

ENGLISH = Path(__file__).parents[2] / "assets" / "i18n" / "en.js"
EVERY = pytest.mark.parametrize("name", case_names())


class AsWritten:
    """Leaves instants as they are: how a language writes them is not the point here."""

    def at(self, instant: str) -> str:
        return instant


def view_of(case: Case) -> View:
    return ticket_view(case["fields"], Saved(**case["saved"]), seconds(case["now"]))


@EVERY
def test_the_view_of_a_ticket_is_that_of_the_app(name: str):
    case = read_case(name)
    assert json.loads(msgspec.json.encode(view_of(case))) == case["view"]


@EVERY
def test_the_words_for_a_ticket_are_those_of_the_app(name: str):
    case = read_case(name)
    said = msgspec.json.encode(words(view_of(case), AsWritten())).decode()
    assert json.loads(said.replace("\N{NO-BREAK SPACE}", " ")) == case["words"]


def test_the_texts_are_those_of_the_app():
    lines = [line.strip().rstrip(",") for line in ENGLISH.read_text("utf-8").splitlines()]
    texts = json.loads("{" + ",".join(line for line in lines if line.startswith('"')) + "}")
    assert texts.items() >= TEXTS.items()


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        pytest.param("2026-11-23T14:00:00Z", "15:00", id="today"),
        pytest.param("2026-11-24T00:30:00Z", "Tue 01:30", id="tomorrow"),
        pytest.param("2026-12-08T00:30:00Z", "8 Dec, 01:30", id="in two weeks"),
        pytest.param("2027-01-08T00:30:00Z", "8 Jan 2027, 01:30", id="in another year"),
    ],
)
def test_an_instant_is_said_with_no_more_than_is_needed(instant: str, said: str):
    now = seconds("2026-11-23T12:20:00Z")
    assert Speaker(ZoneInfo("Europe/Amsterdam"), now).at(instant) == said
