# SPDX-License-Identifier: GPL-3.0-or-later
"""The container's files, read closely: no container runtime is needed to find most slips."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from worker.settings import NAMES, load_settings
from worker.web.binding import web_address

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
COMPOSE = YAML(typ="safe", pure=True).load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
OURS = ("clock", "work", "web")


def test_the_image_is_built_in_two_stages_on_a_slim_base() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.1[1-3]-slim-\w+", base) for base in bases)


def test_packages_are_installed_by_their_hashes_and_no_installer_is_left() -> None:
    build, final = DOCKERFILE.split("\nFROM ", 2)[1:]
    assert "--require-hashes --requirement requirements.lock" in build
    assert "pip uninstall --yes pip setuptools" in build
    assert "pip" not in final
    assert "apt-get" not in DOCKERFILE


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert all((ROOT / source).exists() for source in copied)
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_the_container_runs_as_nobody_in_particular_and_tells_whether_it_lives() -> None:
    assert "\nUSER 10001\n" in DOCKERFILE
    assert 'ENTRYPOINT ["stipt"]' in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
    assert "/livez" in DOCKERFILE


def test_no_secret_is_in_the_image_or_in_the_composition() -> None:
    set_here = set(re.findall(r"\b((?:STIPT|ZENDESK|SENTRY)_\w+)=", DOCKERFILE))
    assert not set_here & NAMES.secrets
    for name in OURS:
        given = COMPOSE["services"][name]["environment"]
        # The broker's address holds no password here, and Redis is reached from inside alone.
        assert not (set(given) & NAMES.secrets) - {"STIPT_BROKER_URL"}


@pytest.mark.parametrize("name", OURS)
def test_every_process_is_bounded_and_has_time_to_finish(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    longest = load_settings(environment={}).drain_timeout.total_seconds()
    assert int(service["stop_grace_period"].removesuffix("s")) > longest


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_the_composition_is_known_and_every_secret_there_is(name: str) -> None:
    service = COMPOSE["services"][name]
    given = service["environment"]
    assert {one.removesuffix("_FILE") for one in given} <= NAMES.all
    files = {value.rpartition("/")[2] for key, value in given.items() if key.endswith("_FILE")}
    assert files == set(service["secrets"]) <= set(COMPOSE["secrets"])


def test_only_the_web_port_is_published_and_on_this_machine_alone() -> None:
    published = {
        name: service["ports"]
        for name, service in COMPOSE["services"].items()
        if "ports" in service
    }
    assert published == {"web": ["127.0.0.1:8080:8080"]}
    given = COMPOSE["services"]["web"]["environment"]
    settings = {name: given[name] for name in ("STIPT_HTTP_BIND", "STIPT_AUTH")}
    assert web_address(load_settings(settings, environment={}))[1] == 8080


def test_the_roles_of_the_composition_are_all_there_are() -> None:
    roles = {role for name in OURS for role in COMPOSE["services"][name]["command"][2].split(",")}
    assert roles == {"poll", "tick", "work", "web"}


def test_redis_keeps_what_it_was_given() -> None:
    command = " ".join(COMPOSE["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
