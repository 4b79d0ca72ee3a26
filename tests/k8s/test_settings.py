"""Each environment key and each argument that a manifest sets is one that the program knows."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest
from binaries import airflow_settings, misused, program_of, usage
from manifests import BUILDS, Container, Object, build, containers

# What the images of others read at their start.
POSTGRES = {
    "PGDATA",
    "POSTGRES_DB",
    "POSTGRES_HOST_AUTH_METHOD",
    "POSTGRES_INITDB_ARGS",
    "POSTGRES_PASSWORD_FILE",
    "POSTGRES_USER",
    "POSTGRES_USER_FILE",
}
# libpq's, for psql, pg_dump and pg_isready; roles.sql reads the two files.
LIBPQ = {
    "PGHOST",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGCONNECT_TIMEOUT",
    "PGOPTIONS",
    "PGAPPNAME",
}
ROLES = {"EDTECH_PASSWORD_FILE", "GRAFANA_PASSWORD_FILE"}
AIRFLOW_OTHER = re.compile(
    r"AIRFLOW_(CONN|VAR)_[A-Z0-9_]+|_AIRFLOW_[A-Z_]+|AIRFLOW_HOME|EDTECH_TIME_ZONE|PYTHON[A-Z]+|HOME|TMPDIR"
)
EXPANDED = re.compile(r"\$\(([A-Za-z0-9_]+)\)")


def ours(objects: list[Object]) -> list[Container]:
    return [container for container in containers(objects) if program_of(container.image, []) is not None]


def told(container: Container) -> set[str]:
    """Less what is there to be put into other values."""
    values = [entry.get("value", "") for entry in container.env.values()]
    inserted = {name for value in [*values, *container.words] for name in EXPANDED.findall(value or "")}
    return set(container.env) - inserted


def unknown_to_us(objects: list[Object]) -> list[str]:
    return [
        f"{container}: {fault}"
        for container in ours(objects)
        for fault in misused(container.image, container.words, told(container))
    ]


def unknown_to_others(objects: list[Object]) -> list[str]:
    found = []
    for container in containers(objects):
        if "/airflow:" in container.image:
            strange = {name for name in told(container) if not known_to_airflow(name)}
        elif container.image.startswith("postgres:"):
            strange = told(container) - POSTGRES - LIBPQ - ROLES
        elif "/grafana:" in container.image:
            strange = {name for name in told(container) if not re.fullmatch(r"GF_[A-Z0-9_]+|GRAFANA_PASSWORD", name)}
        else:
            continue
        found += [f"{container}: {name}" for name in sorted(strange)]
    return found


def known_to_airflow(name: str) -> bool:
    # Each may also come from a command, or from a secrets backend.
    setting = re.sub(r"_(CMD|SECRET)$", "", name)
    return bool({name, setting} & airflow_settings()) or AIRFLOW_OTHER.fullmatch(name) is not None


@pytest.mark.parametrize("name", BUILDS)
def test_our_programs_know_what_they_are_told(name: str) -> None:
    assert ours(build(name))
    assert unknown_to_us(build(name)) == []


@pytest.mark.parametrize("name", BUILDS)
def test_the_programs_of_others_know_what_they_are_told(name: str) -> None:
    assert unknown_to_others(build(name)) == []


def test_help_is_understood() -> None:
    serve = usage("edtech-api", "serve")
    assert {"DATABASE_URL", "EDTECH_JWT_SIGNING_KEY_FILE", "EDTECH_BOOTSTRAP_CLIENT_SECRET_FILE"} <= serve.environment
    assert "--database-url" in serve.options and not serve.commands
    assert "put" in usage("edtech-api", "client").commands
    assert "EDTECH_SIMULATOR_LISTEN" in usage("edtech-simulator", "run").environment


def test_what_airflow_can_be_told_is_that_of_the_image() -> None:
    [image] = {one.image for one in containers(build("base+airflow")) if "/airflow:" in one.image}
    assert re.fullmatch(rf"apache/airflow:{re.escape(version('apache-airflow-core'))}-python3\.\d+", image)
    assert "AIRFLOW__CORE__FERNET_KEY" in airflow_settings()
    assert not known_to_airflow("AIRFLOW__CORE__FERNET_KEYS")


@pytest.mark.parametrize(
    ("words", "environment", "fault"),
    [
        (["serve"], {"EDTECH_TIMEZONE"}, "edtech-api serve reads no EDTECH_TIMEZONE"),
        (["serve", "--listen=:80"], set(), "edtech-api serve has no --listen"),
        (["migrates"], set(), "edtech-api  is given no command that it knows: ['migrates']"),
        (["client"], set(), "edtech-api client is given no command that it knows: []"),
        (["/usr/local/bin/edtech-simulator", "run"], {"HOST"}, "edtech-simulator run reads no HOST"),
        (["client", "put", "--id", "x", "--scopes", "read"], set(), "edtech-api client put has no --scopes"),
    ],
)
def test_what_is_misspelt_is_found(words: list[str], environment: set[str], fault: Any) -> None:
    assert misused("registry.example/edtech-api:0.1.0", words, environment) == [fault]
