# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor sees of the store: its faults, and what the worker went on in spite of."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from worker.cli.main import run
from worker.doctor import examine
from worker.doctor_finding import Finding
from worker.settings import load_settings
from worker.store.database import Database
from worker.store.schema import prepare
from worker.store.tables import outbox, set_aside, unknown_words

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def of_storage(url: str, tmp_path: Path) -> dict[str, Finding]:
    """The doctor's lines on the database of that URL; nothing else is set."""
    variables = {
        "STIPT_DATABASE_URL": url,
        "STIPT_STATE_DIR": str(tmp_path),
        "STIPT_RULES_PATH": str(tmp_path / "none"),
    }
    settings = load_settings(environment=variables)
    findings = examine(settings, settings.account(), lambda: NOW)
    return {one.name: one for one in findings if one.group == "storage"}


def message(step: str, state: str) -> dict[str, object]:
    """A row of the outbox with what the schema asks for."""
    zeros = {
        one.name: 0
        for one in outbox.columns
        if not one.nullable
        and not one.primary_key
        and one.default is None
        and one.server_default is None
    }
    texts = {one.name: "" for one in outbox.columns if isinstance(one.type, sa.Text)}
    own = {"account": "default", "ticket_id": "7", "step": step, "state": state}
    return {**zeros, **texts, **own, "detail": "no mail server is set"}


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("sqlite:///{folder}/garbage.db", "not a database"),
        ("sqlite:////proc/nowhere/stipt.db", "No such file"),
        ("postgresql+psycopg://stipt:secret@127.0.0.1:1/stipt", "refused"),
    ],
    ids=["garbage", "no folder", "nobody listens"],
)
def test_a_database_that_cannot_be_used_is_a_line_and_not_the_end(
    tmp_path: Path, url: str, seen: str
) -> None:
    (tmp_path / "garbage.db").write_bytes(bytes(range(256)) * 16)
    found = of_storage(url.format(folder=tmp_path), tmp_path)["database"]
    assert (found.outcome, found.remedy != "") == ("fail", True)
    assert seen in found.seen
    assert "secret" not in found.seen


def test_what_the_worker_went_on_in_spite_of_is_shown(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'stipt.db'}"
    database = Database(url)
    prepare(database)
    row = {"account": "default", "seen_at": 0}
    unread = {**row, "stream": "events", "reason": "no author", "due": 0, "tries": 1}
    with database.write("default") as books:
        books.tx.execute(sa.insert(set_aside), [{**unread, "ticket_id": "4711"}])
        words = [{**row, "word": f"channel:fax{n}", "seen": n} for n in range(1, 8)]
        books.tx.execute(sa.insert(unknown_words), words)
        messages = [message("75%", "dead"), message("due", "dead"), message("1h before", "sent")]
        books.tx.execute(sa.insert(outbox), messages)
    database.close()

    found = of_storage(url, tmp_path)

    assert found["tickets set aside"].seen == "1 could not be read: #4711 no author"
    assert found["unknown words"].seen.startswith("7 taken for a fallback: channel:fax7 (7); ")
    assert found["unknown words"].seen.endswith("; ...")
    assert found["messages"].seen == "2 will never arrive: no mail server is set (2)"
    assert {one.outcome for name, one in found.items() if name not in ("database", "space")} == {
        "warn"
    }


def test_files_of_the_rule_folder_that_are_not_read_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "sla"
    assert run(["init", str(folder)]) == 0
    (folder / "customers.yaml.txt").write_text("version: 1\n")
    variables = {"STIPT_STATE_DIR": str(tmp_path), "STIPT_RULES_PATH": str(folder)}
    settings = load_settings(environment=variables)
    found = {one.name: one for one in examine(settings, settings.account(), lambda: NOW)}
    assert (found["not read"].outcome, found["not read"].seen) == ("warn", "customers.yaml.txt")
