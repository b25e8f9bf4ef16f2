# SPDX-License-Identifier: GPL-3.0-or-later
"""Languages of reports: every one says everything, and writes numbers its own way."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from rules.credits import Because, StepName
from rules.evidence import Ended
from rules.facts import MEASURES, PRIORITIES
from rules.obligations import Edge, Result
from rules.policy import Commitment
from rules.promises import INDICATORS, REASONS
from rules.statements import StatementState
from rules.tallies import CountedAs
from worker.cli.main import run
from worker.reporting.language import CODES, ENGLISH, UnknownLanguage, language, language_for

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "contract"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FAMILIES = {
    "measures": {*MEASURES, *INDICATORS},
    "priorities": {*PRIORITIES, "none"},
    "commitments": {*get_args(Commitment)},
    "edges": {*get_args(Edge), "none"},
    "results": {*get_args(Result), "none"},
    "because": {*get_args(Because)},
    "steps": {*get_args(StepName)},
    "reasons": {*REASONS},
    "states": {*get_args(StatementState)},
    "units": {"cycle", "ticket"},
}


def names(words: str) -> set[str]:
    """The names in braces."""
    return set(re.findall(r"\{(\w+)\}", words))


@pytest.mark.parametrize("code", CODES)
def test_every_language_says_everything_with_the_same_names(code: str):
    found = language(code).words

    assert found.keys() == ENGLISH.words.keys()
    assert {key for key, said in found.items() if names(said) != names(ENGLISH.words[key])} == set()
    assert all(said.strip() for key, said in found.items() if key != "format.thousands")
    assert len(found["format.months"].split()) == 12
    assert len(language(code).weekdays) == 7


@pytest.mark.parametrize(("section", "expected"), FAMILIES.items())
def test_whatever_has_a_name_in_the_rules_has_one_in_reports(section: str, expected: set[str]):
    found = {key.split(".")[1] for key in ENGLISH.words if key.startswith(f"{section}.")}

    assert found == expected


def test_all_that_is_counted_has_a_name():
    assert all(f"counts.{kind}" in ENGLISH.words for kind in get_args(CountedAs))
    told = {one for one in get_args(Ended) if one != "answered"}
    assert told - {key.split(".")[1] for key in ENGLISH.words if key.startswith("parts.")} == set()


def test_no_words_are_left_that_nothing_says():
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "worker").rglob("*.py"))
    )
    said = set(re.findall(r"""["']([a-z]+\.[a-z_]+)["']""", sources))
    said |= {f"team.{key}" for key in re.findall(r"""text\(\s*["']([a-z_]+)["']""", sources)}
    families = {*FAMILIES, *re.findall(r'\.name\(\s*"([a-z]+)"', sources)}
    begun = tuple(re.findall(r'f"([a-z]+\.[a-z_]*)\{', sources))
    ended = tuple(re.findall(r'f"page\.\{key\}(_head)"', sources))
    left = {
        key
        for key in ENGLISH.words.keys() - said
        if key.split(".")[0] not in families
        and not key.startswith(tuple(one for one in begun if not one.endswith(".")))
        and not (key.startswith("page.") and key.endswith(ended))
    }
    assert left == set()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ("2,563,200", "-1,234.50 EUR", "93.4 %", "1 November 2026 09:00 +01:00")),
        ("nl", ("2.563.200", "EUR -1.234,50", "93,4%", "1 november 2026 09:00 +01:00")),
        ("de", ("2.563.200", "-1.234,50 EUR", "93,4 %", "1. November 2026 09:00 +01:00")),
        (
            "fr",
            (
                "2\u202f563\u202f200",
                "-1\u202f234,50 EUR",
                "93,4\u202f%",
                "1er novembre 2026 09:00 +01:00",
            ),
        ),
    ],
)
def test_numbers_money_shares_and_instants_are_written_the_languages_own_way(
    code: str, expected: tuple[str, ...]
):
    one = language(code)
    at = datetime(2026, 11, 1, 8, tzinfo=UTC)

    money = one.money(Decimal("-1234.50"), "EUR")
    assert (one.number(2_563_200), money, one.percent("93.4"), one.instant(at, AMSTERDAM)) == (
        expected
    )


def test_a_day_of_the_month_is_written_as_such():
    assert language("fr").day(date(2026, 8, 14)) == "14 août 2026"
    assert language("de").day(date(2026, 3, 2)) == "2. März 2026"


@pytest.mark.parametrize(
    ("tag", "code"), [("nl-BE", "nl"), ("DE", "de"), ("pt-BR", "en"), (None, "en")]
)
def test_a_recipients_language_is_used_where_it_is_known(tag: str | None, code: str):
    assert language_for(tag).code == code


def test_an_unknown_language_is_refused():
    with pytest.raises(UnknownLanguage, match="known are: en, nl, de, fr"):
        language("pt")


def test_what_stands_in_values_is_never_filled_in():
    assert ENGLISH.say("page.title", ident="{known}") == "Statement {known}"


def test_a_name_that_no_catalogue_knows_is_written_as_it_is():
    assert language("nl").name("measures", "time_to_callback") == "time to callback"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("en", ("93.4 % (128 of 137)", "first reply", "300.00 EUR")),
        ("nl", ("93,4% (128 van 137)", "eerste antwoord", "EUR 300,00")),
        ("de", ("93,4 % (128 von 137)", "erste Antwort", "300,00 EUR")),
        ("fr", ("93,4\u202f% (128 sur 137)", "première réponse", "300,00 EUR")),
    ],
)
def test_a_report_is_in_the_language_that_was_asked_for(
    code: str,
    told: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))
    page = tmp_path / "acme.html"
    words = ["report", "acme", "--period", "2026-11", "--rules", str(EXAMPLE / "rules")]
    words += ["--history", str(EXAMPLE / "history.jsonl"), "--now", "2026-12-03T08:00:00Z"]
    words += ["--outages", str(EXAMPLE / "outages.csv"), "--language", code, "--html", str(page)]
    assert run([*words, "--quiet"]) == 0

    text = capsys.readouterr().out
    shown = page.read_text(encoding="utf-8").replace("&nbsp;", " ")
    assert f'<html lang="{code}">' in shown
    for one in told:
        assert one in text
        assert one in shown


def test_a_language_without_words_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert run(["report", "acme", "--period", "2026-11", "--language", "pt"]) == 64

    assert "known are: en, nl, de, fr" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("nl", ("Teamrapport 2026-11", "eerste antwoord op tijd", "Per niveau", "93,0%")),
        ("de", ("Teambericht 2026-11", "erste Antwort rechtzeitig", "Nach Stufe", "93,0 %")),
        ("fr", ("Rapport de l&#x27;équipe 2026-11", "première réponse à temps", "93,0\u202f%")),
    ],
)
def test_a_teams_report_is_in_the_language_that_was_asked_for(
    code: str, told: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))
    page = tmp_path / "team.html"
    words = ["report", "team", "--period", "2026-11", "--rules", str(EXAMPLE / "rules")]
    words += ["--history", str(EXAMPLE / "history.jsonl"), "--now", "2026-12-03T08:00:00Z"]
    assert run([*words, "--language", code, "--html", str(page), "--quiet"]) == 0

    shown = page.read_text(encoding="utf-8").replace("&nbsp;", " ")
    assert f'<html lang="{code}">' in shown
    for one in told:
        assert one in shown
