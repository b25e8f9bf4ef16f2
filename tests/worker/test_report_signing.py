# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report verify`: what was closed, what was altered, and whose signature it is."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from rules.statements import unseal
from worker.cli.main import run
from worker.store.database import Database
from worker.store.report_tables import statements
from worker.store.schema import prepare

EXAMPLE = Path(__file__).parents[2] / "examples" / "contract"
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("STIPT_RULES_PATH", str(EXAMPLE / "rules"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    with closing(Database(f"sqlite:///{tmp_path / 'stipt.db'}")) as database:
        prepare(database)
    return tmp_path


def close_october() -> None:
    words = ["--history", str(EXAMPLE / "history.jsonl"), "--now", "2026-11-03T08:00:00Z"]
    words += ["--outages", str(EXAMPLE / "outages.csv"), "--yes", "--quiet"]
    assert run(["report", "close", "acme", "--period", "2026-10", *words]) == 0


def kept(site: Path) -> str:
    with (
        closing(Database(f"sqlite:///{site / 'stipt.db'}")) as database,
        database.engine.begin() as connection,
    ):
        return str(connection.execute(sa.select(statements.c.body)).scalar_one())


def verified(capsys: pytest.CaptureFixture[str], *files: Path) -> tuple[int, str]:
    capsys.readouterr()
    code = run(["report", "verify", *map(str, files)])
    return code, capsys.readouterr().out


def test_a_statement_of_the_store_is_valid(capsys: pytest.CaptureFixture[str], site: Path):
    close_october()
    sha256 = unseal(kept(site).encode()).sha256

    assert verified(capsys) == (0, f"acme-2026-10: valid, {sha256[:12]}; not signed\n")


def test_a_file_that_a_customer_was_given_is_valid(capsys: pytest.CaptureFixture[str]):
    file = EXAMPLE / "statements" / "acme-2026-10.json"
    code, said = verified(capsys, file)

    assert code == 0
    assert "valid" in said


@pytest.mark.parametrize("old", ['"total":"', '"numerator":', "acme"])
def test_a_file_that_was_altered_is_told(
    old: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    text = (EXAMPLE / "statements" / "acme-2026-10.json").read_text(encoding="utf-8")
    file = tmp_path / "altered.json"
    file.write_text(text.replace(old, f"{old}1", 1), encoding="utf-8")
    code, said = verified(capsys, file)

    assert code == 1
    assert f"{file}: altered" in said


@pytest.mark.parametrize("text", ["", "Dear customer", "{}", "[1]", "\x00"])
def test_a_file_that_is_no_statement_is_not_called_altered(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    file = tmp_path / "letter.txt"
    file.write_text(text, encoding="utf-8")

    told = f"{file}: no closed statement, as stipt report show --json prints it\n"
    assert verified(capsys, file) == (1, told)


def test_a_statement_is_signed_with_the_key_of_the_settings(
    capsys: pytest.CaptureFixture[str], site: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STIPT_SIGNING_KEY", KEY)
    close_october()
    assert unseal(kept(site).encode(), KEY.encode()).signature

    code, said = verified(capsys)
    assert (code, said.strip().rpartition("; ")[2]) == (0, "signed with our key")

    monkeypatch.setenv("STIPT_SIGNING_KEY", KEY.upper() + "x")
    code, said = verified(capsys)
    assert code == 1
    assert "not signed with the key" in said

    monkeypatch.delenv("STIPT_SIGNING_KEY")
    code, said = verified(capsys)
    assert code == 0
    assert "without STIPT_SIGNING_KEY nobody can tell" in said


def test_a_signature_of_another_statement_is_told(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("STIPT_SIGNING_KEY", KEY)
    close_october()
    document = json.loads(kept(site))
    document["signature"] = "0" * 64
    file = site / "forged.json"
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    file.write_text(text, encoding="utf-8")

    assert verified(capsys, file)[0] == 1


def test_show_says_whether_it_is_signed(
    capsys: pytest.CaptureFixture[str], site: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STIPT_SIGNING_KEY", KEY)
    close_october()
    sha256 = unseal(kept(site).encode()).sha256
    capsys.readouterr()
    assert run(["report", "show", sha256[:12]]) == 0

    assert "signed with our key" in capsys.readouterr().err


def test_a_short_key_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STIPT_SIGNING_KEY", "canary-too-short")
    assert run(["report", "verify"]) == 1

    told = capsys.readouterr().err
    assert "STIPT_SIGNING_KEY" in told
    assert "at least 32 characters" in told
    assert "canary" not in told
