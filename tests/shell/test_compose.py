"""The compose file without an engine: variables, commands, health checks and order; and its init script for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
import yaml
from embedded_postgres import Postgres, serving
from typer.testing import CliRunner

from demo.paths import ROOT
from sandbox.server import Server

COMPOSE = ROOT / "docker-compose.yaml"
LONG_RUNNING = {"postgres", "apiserver", "scheduler", "dag-processor", "triggerer", "redis", "worker", "sandbox"}
ONCE = {"init", "demo-init"}
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
_SECRET = re.compile(r"PASSWORD|SECRET|KEY")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def _example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_the_services_are_these_and_profiles_add_to_them(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == LONG_RUNNING | ONCE
    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    assert {name for name, wanted in profiles.items() if wanted == ["celery"]} == {"redis", "worker"}
    assert {name for name, wanted in profiles.items() if wanted == ["demo"]} == {"sandbox", "demo-init"}


def test_every_variable_is_in_the_example_and_the_other_way_round() -> None:
    used = {match[0] for match in _VARIABLE.findall(COMPOSE.read_text())}
    assert used == set(_example())


def test_secrets_have_no_default_and_say_how_to_set_them() -> None:
    for name, operator, text in _VARIABLE.findall(COMPOSE.read_text()):
        if not _SECRET.search(name) or name == "REDIS_PASSWORD":
            # Redis belongs to a profile; its own command refuses to start without.
            assert operator == "-", name
            assert not (_SECRET.search(name) and text), name
        else:
            assert (operator, text) == ("?", "set it in .env, see .env.example"), name
    assert not [name for name, value in _example().items() if _SECRET.search(name) and value]


def test_defaults_are_those_of_the_example() -> None:
    example = _example()
    for name, operator, text in _VARIABLE.findall(COMPOSE.read_text()):
        if operator == "-":
            assert text == example[name], name


def test_no_secret_stands_in_the_file(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if _SECRET.search(name) or "://" in value:
                bare = _VARIABLE.sub("", value)
                assert not re.search(r":[^/@:]+@", bare), name
                assert not (_SECRET.search(name) and bare), name


def test_whatever_keeps_running_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if "healthcheck" in service} == LONG_RUNNING


def test_ports_are_bound_to_this_machine(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_nothing_waits_for_what_is_not_started_with_it(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            beside = set(services[needed].get("profiles", []))
            assert beside <= set(service.get("profiles", [])), f"{name} needs {needed}"
            wanted = "service_completed_successfully" if needed in ONCE else "service_healthy"
            assert how["condition"] == wanted


def test_airflow_services_wait_for_the_migrations(services: dict[str, dict[str, Any]]) -> None:
    for name in ("apiserver", "scheduler", "dag-processor", "triggerer", "worker", "demo-init"):
        assert {"postgres", "init"} <= set(services[name]["depends_on"]), name


def test_code_is_mounted_for_reading_only_and_every_named_volume_is_declared(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    for service in services.values():
        for mount in service.get("volumes", []):
            source, _, mode = mount.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), mount
                assert mode.endswith(":ro"), mount
            else:
                assert source in compose["volumes"], mount


def _commands(services: dict[str, dict[str, Any]]) -> str:
    """The text of the services' commands and health checks, one line each, `$$` undone."""
    words = (
        found
        for service in services.values()
        for found in (service.get("command", []), service.get("healthcheck", {}).get("test", []))
    )
    return "\n".join(" ".join(found) for found in words).replace("$$", "$").replace("\\\n", " ")


def test_the_airflow_commands_exist(services: dict[str, dict[str, Any]]) -> None:
    from airflow.cli.cli_config import GroupCommand, core_commands

    known = {command.name for command in core_commands if not isinstance(command, GroupCommand)}
    for group in core_commands:
        if isinstance(group, GroupCommand):
            known |= {f"{group.name} {command.name}" for command in group.subcommands}
    # These two come from the image's providers, FAB and Celery, which this environment does not have.
    known |= {"users create", "celery worker"}
    asked = re.findall(
        r"\bairflow,? ((?!users|celery)[a-z-]+(?: [a-z]+)?|users create|celery worker)", _commands(services)
    )
    assert len(asked) > 8
    assert [words for words in asked if words not in known and words.split()[0] not in known] == []


def _asked(services: dict[str, dict[str, Any]], module: str) -> list[list[str]]:
    """The arguments with which the services run `python -m <module>`."""
    found = re.findall(rf"-m {module} ([^>|\n]*)", _commands(services))
    assert found, f"nothing runs {module}"
    return [line.split() for line in found]


def test_the_calsync_commands_exist(services: dict[str, dict[str, Any]]) -> None:
    from calsync.cli.app import app

    for words in _asked(services, "calsync"):
        named = [word for word in words if word not in {"sandbox", "--all"}]
        shown = CliRunner().invoke(app, [*named, "--help"])
        assert shown.exit_code == 0, shown.output
        assert all(flag in shown.output for flag in words if flag.startswith("--"))


def test_the_sandbox_takes_the_flags_it_is_started_with(services: dict[str, dict[str, Any]]) -> None:
    from sandbox.__main__ import main

    app = typer.Typer()
    app.command()(main)
    shown = CliRunner().invoke(app, ["--help"]).output
    (words,) = _asked(services, "sandbox")
    assert all(flag in shown for flag in words if flag.startswith("--"))


def test_the_demo_turns_what_the_sandbox_says_into_connections(
    services: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    from demo.__main__ import app

    ready = tmp_path / "ready.json"
    with Server(tmp_path / "sandbox") as server:
        ready.write_text(json.dumps(server.info))
    (words,) = _asked(services, "demo")
    shown = CliRunner().invoke(app, [str(ready) if word.endswith("ready.json") else word for word in words])
    assert set(json.loads(shown.output)) == {"calsync_crm_sandbox", "calsync_graph_sandbox"}


def test_the_image_is_built_from_what_is_here() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [line.split()[-2] for line in lines if line.startswith("COPY")]
    assert copied == ["requirements-container.lock", "dags", "plugins", "include"]
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} <= set(allowed)
    pinned = re.search(r"^apache-airflow==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert f"FROM apache/airflow:slim-{pinned[1]}-" in lines[1]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    with serving(tmp_path / "pg") as postgres:
        yield postgres


@pytest.mark.postgres
def test_the_init_script_makes_two_databases_that_do_not_see_each_other(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn("postgres", driver=None)) as connection:
        where = connection.info
        host, port, user = where.host, str(where.port), where.user
    passwords = {"airflow": "air-word", "calsync": "cal'word"}
    env = {
        "PATH": os.pathsep.join([str(postgres.tools), os.environ["PATH"]]),
        "PGHOST": host,
        "PGPORT": port,
        "POSTGRES_USER": user,
        **{f"{name.upper()}_DB_PASSWORD": word for name, word in passwords.items()},
    }
    shell = shutil.which("sh") or "/bin/sh"
    subprocess.run([shell, ROOT / "include" / "sql" / "databases.sh"], env=env, check=True)
    for name, word in passwords.items():
        with psycopg.connect(host=host, port=port, user=name, password=word, dbname=name) as connection:
            connection.execute("CREATE TABLE mine (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(host=host, port=port, user="airflow", password="air-word", dbname="calsync")


def test_the_image_runs_what_the_tests_ran() -> None:
    """The container's lock has every package of the runtime lock in the same version."""
    pins = {
        name: dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-container.lock")
    }
    image = pins["requirements-container.lock"]
    assert {
        name: (pin, image.get(name)) for name, pin in pins["requirements.lock"].items() if image.get(name) != pin
    } == {}
