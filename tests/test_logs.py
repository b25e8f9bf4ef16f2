# SPDX-License-Identifier: GPL-3.0-or-later
"""What logs tell, and what they never tell."""

import ast
import json
import logging
from io import StringIO
from pathlib import Path

import pytest
import structlog
from psycopg.errors import DiskFull
from sqlalchemy.exc import OperationalError

from worker.logs import ALLOWED, configure_logs, get_logger
from worker.store.database import Database

REPOSITORY = Path(__file__).parent.parent
CANARIES = {
    "subject": "Router kaputt CANARY-SUBJECT",
    "email": "canary.person@example.com",
    "token": "CANARY-TOKEN-0123456789",
    "body": "Dear support, CANARY-BODY",
    "url": "https://hooks.example.com/services/CANARY-PATH?token=CANARY-QUERY",
}


def lines(captured: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in captured.getvalue().splitlines()]


def test_a_line_has_time_level_event_and_ids(captured_logs: StringIO):
    get_logger("worker.tick").info("step_fired", ticket_id="4711", attempt=2)
    [line] = lines(captured_logs)
    assert line["event"] == "step_fired"
    assert line["level"] == "info"
    assert line["logger"] == "worker.tick"
    assert (line["ticket_id"], line["attempt"]) == ("4711", 2)
    assert str(line["time"]).endswith("Z")
    assert len(str(line["time"])) == len("2026-11-30T09:00:00.000Z")


def test_what_is_bound_to_the_context_is_in_every_line(captured_logs: StringIO):
    with structlog.contextvars.bound_contextvars(run_id="r1", subject=CANARIES["subject"]):
        get_logger("worker.tick").info("tick_done")
    [line] = lines(captured_logs)
    assert line["run_id"] == "r1"
    assert "CANARY" not in captured_logs.getvalue()


def test_keys_that_are_not_on_the_list_are_dropped(captured_logs: StringIO):
    get_logger("worker.tick").warning("write_refused", **CANARIES)
    assert set(lines(captured_logs)[0]) == {"time", "level", "event", "logger"}


def test_addresses_and_queries_are_cut_out_of_allowed_values(captured_logs: StringIO):
    get_logger("worker.tick").warning(
        "write_refused",
        detail=f"for {CANARIES['email']} at https://a.example.com/x?token=CANARY-QUERY",
        reason=[CANARIES["email"]],
    )
    assert "CANARY" not in captured_logs.getvalue()
    assert "canary" not in captured_logs.getvalue()


def test_an_exception_is_told_by_type_and_place_without_its_text(captured_logs: StringIO):
    def parse() -> None:
        raise ValueError(CANARIES["body"])

    try:
        parse()
    except ValueError:
        get_logger("worker.tick").exception("row_failed", ticket_id="4711")
    [line] = lines(captured_logs)
    assert line["error"] == "ValueError"
    assert "test_logs.py" in str(line["trace"])
    assert "parse" in str(line["trace"])
    assert "CANARY" not in captured_logs.getvalue()


def test_a_library_is_told_by_its_template_without_what_it_put_in(captured_logs: StringIO):
    library = logging.getLogger("dramatiq.worker")
    library.warning("Failed to process message %s", CANARIES["token"])
    library.warning(f"Failed to process message {CANARIES['token']}")
    error = ValueError(CANARIES["body"])
    library.error("Unhandled %s", CANARIES["subject"], exc_info=error)
    template, formatted, failed = lines(captured_logs)
    assert "Failed to process message %s" in str(template["detail"])
    assert str(formatted["detail"]).startswith("test_logs:")
    assert failed["error"] == "ValueError"
    assert "CANARY" not in captured_logs.getvalue()


@pytest.mark.parametrize("name", ["requests", "urllib3.connectionpool", "zenpy.lib.api"])
def test_talkative_libraries_stay_quiet_even_at_debug(captured_logs: StringIO, name: str):
    logging.getLogger(name).debug("Request: %s", CANARIES["body"])
    logging.getLogger(name).info("Request: %s", CANARIES["body"])
    assert captured_logs.getvalue() == ""


def test_below_the_level_nothing_is_written(captured_logs: StringIO):
    configure_logs(level="warning", log_format="json", stream=captured_logs)
    get_logger("worker.tick").info("tick_done")
    assert captured_logs.getvalue() == ""


def test_the_console_has_the_same_words(captured_logs: StringIO):
    configure_logs(level="info", log_format="console", stream=captured_logs)
    get_logger("worker.tick").info("tick_done", tickets=3, **CANARIES)
    text = captured_logs.getvalue()
    assert "tick_done" in text
    assert "tickets=3" in text
    assert "\x1b" not in text
    assert "CANARY" not in text


def test_every_key_that_our_code_logs_is_on_the_list():
    wrong = []
    for path in [*REPOSITORY.glob("worker/**/*.py"), *REPOSITORY.glob("connector/**/*.py")]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not _is_log_call(call):
                continue
            keys = {word.arg for word in call.keywords if word.arg} - {"exc_info", "stack_info"}
            wrong += [
                f"{path.name}:{call.lineno} {key}" for key in sorted(keys - ALLOWED - {"extra"})
            ]
    assert wrong == []


def _is_log_call(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    target = node.func.value
    name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
    levels = ("debug", "info", "warning", "error", "exception", "critical", "bind")
    return node.func.attr in levels and name.lower().strip("_") in ("log", "logger")


def test_a_full_disk_is_told_by_the_databases_own_name_for_it(
    captured_logs: StringIO, tmp_path: Path
):
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        try:
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
        except OperationalError as fault:
            get_logger("worker.run").error("loop_failed", exc_info=fault)
    database.close()
    assert json.loads(captured_logs.getvalue())["error"] == "OperationalError (SQLITE_FULL)"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(OSError(28, "secret"), "OSError (ENOSPC)", id="the system's"),
        pytest.param(FileNotFoundError("secret"), "FileNotFoundError", id="none"),
        pytest.param(
            OperationalError("SELECT 1", {}, DiskFull("secret")),
            "OperationalError (53100)",
            id="PostgreSQL's",
        ),
    ],
)
def test_an_error_is_told_with_the_name_that_others_give_it(
    captured_logs: StringIO, error: Exception, told: str
):
    get_logger("worker.run").error("loop_failed", exc_info=error)
    assert json.loads(captured_logs.getvalue())["error"] == told
