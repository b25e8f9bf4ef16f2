# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules and dashboard: they speak of metrics that exist, and fire when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.services.availability import server_is_missing
from tests.web.test_probes import OPERATIONS, documented

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "stipt.json"
# What Prometheus makes of a histogram.
PARTS = ("_bucket", "_sum", "_count")


def metrics_in(text: str) -> set[str]:
    """The metrics that an expression speaks of."""
    found = set(re.findall(r"\bstipt_\w+", text))
    return {
        next((one.removesuffix(part) for part in PARTS if one.endswith(part)), one) for one in found
    }


def expressions(alerts: Path) -> dict[str, str]:
    rules = YAML(typ="safe", pure=True).load(alerts.read_text("utf-8"))
    return {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}


def test_every_metric_of_the_alert_rules_exists() -> None:
    for name, expression in expressions(ALERTS).items():
        assert metrics_in(expression), name
        assert metrics_in(expression) <= documented(), name


def test_every_alert_is_told_in_the_handbook() -> None:
    told = re.findall(r"^\| `(Stipt\w+)` \|", OPERATIONS.read_text("utf-8"), re.MULTILINE)
    assert told == list(expressions(ALERTS))


def test_every_alert_has_a_test() -> None:
    tested = re.findall(
        r"alertname: (\w+)", (ALERTS.parent / "alerts_test.yaml").read_text("utf-8")
    )
    assert set(tested) == set(expressions(ALERTS))


def test_the_dashboard_shows_every_metric_there_is_and_no_other() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert set().union(*map(metrics_in, shown)) == documented()


def test_no_two_panels_of_the_dashboard_lie_upon_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize(
    "arguments", [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]]
)
def test_promtool_finds_nothing_wrong_with_the_alert_rules(arguments: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        server_is_missing("promtool", "prometheus")
    done = subprocess.run(  # noqa: S603 -- our own files
        [promtool, *arguments], cwd=ALERTS.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing (prometheus)")
def test_promtool_understands_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    rules = [
        {"record": f"dashboard:panel{panel['id']}:{target['refId']}", "expr": target["expr"]}
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]
    text = json.dumps({"groups": [{"name": "dashboard", "rules": rules}]})
    file = tmp_path / "rules.yaml"
    file.write_text(text.replace("$__rate_interval", "5m"))
    done = subprocess.run(  # noqa: S603 -- our own file
        ["promtool", "check", "rules", str(file)],  # noqa: S607 -- where the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
