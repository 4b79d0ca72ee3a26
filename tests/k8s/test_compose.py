"""compose.yaml: the platform on one machine, with one command."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from binaries import misused, program_of
from dockerfile import stages
from images import repository, unpinned
from manifests import BUILDS, REPOSITORY, build, containers
from test_secrets import sounds_secret

PARTS = {"db", "api", "simulator", "grafana"}
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?+=])?([^}]*)\}|\$(\w+)")
LOOPBACK = ("127.0.0.1:", "[::1]:")

Service = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Service]:
    return compose["services"]


def environment(service: Service) -> dict[str, str]:
    given = service.get("environment", {})
    pairs = given.items() if isinstance(given, dict) else (entry.partition("=")[::2] for entry in given)
    return {name: "" if value is None else str(value) for name, value in pairs}


def words(service: Service, key: str) -> list[str]:
    given = service.get(key) or []
    return given.split() if isinstance(given, str) else given


def image(service: Service) -> str:
    return VARIABLE.sub(lambda match: match[3], service["image"])


def test_its_parts(services: dict[str, Service]) -> None:
    together = " ".join(services)
    assert [part for part in PARTS if part not in together] == []
    simulators = [service for service in services.values() if repository(image(service)) == "edtech-simulator"]
    replicas = sum(int(service.get("deploy", {}).get("replicas", service.get("scale", 1))) for service in simulators)
    assert replicas == 2 or "--replicas 2" in " ".join(words(simulators[0], "command"))


def test_images_are_pinned_and_those_of_the_cluster(services: dict[str, Service]) -> None:
    there = {container.image for name in BUILDS for container in containers(build(name))}
    for name, service in services.items():
        assert unpinned(image(service)) is None, name
        assert image(service) in there, name


def test_ours_are_built_here(services: dict[str, Service]) -> None:
    known = stages(REPOSITORY / "Dockerfile")
    targets = {service["build"]["target"] for service in services.values() if "build" in service}
    assert targets == {"api", "simulator"} <= set(known)


def test_ports_are_on_loopback_alone(services: dict[str, Service]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    for port in ports:
        on_loopback = (
            port.get("host_ip") in ("127.0.0.1", "::1") if isinstance(port, dict) else port.startswith(LOOPBACK)
        )
        assert on_loopback, port
    assert {"8000", "3000"} <= {published(port) for port in ports}
    assert not any(service.get("network_mode") == "host" for service in services.values())


def published(port: Any) -> str:
    return (
        str(port["published"]) if isinstance(port, dict) else VARIABLE.sub(lambda match: match[3], port).split(":")[-2]
    )


def test_no_secret_has_a_default(compose: dict[str, Any], services: dict[str, Service]) -> None:
    for name, service in services.items():
        for key, value in environment(service).items():
            if sounds_secret(key):
                assert not literal(value), f"{name}: {key}"
            for password in re.findall(r"://[^/\s:@]*:([^@/\s]+)@", value):
                assert not literal(password), f"{name}: {key}"
    for variable in VARIABLE.finditer(json.dumps(compose)):
        operator, default = variable[2] or "", variable[3] or ""
        if sounds_secret(variable[1] or variable[4]):
            assert "-" not in operator or not default, variable[0]


def literal(value: str) -> str:
    """What is left of a value once its variables are taken out."""
    return VARIABLE.sub("", value)


def test_our_programs_know_what_they_are_told(services: dict[str, Service]) -> None:
    seen = 0
    for name, service in services.items():
        if program_of(image(service), []) is None:
            continue
        entrypoint = words(service, "entrypoint")
        if entrypoint and "edtech" not in entrypoint[0]:
            continue
        seen += 1
        inserted = {
            variable[1] or variable[4]
            for value in environment(service).values()
            for variable in VARIABLE.finditer(value)
        }
        told = set(environment(service)) - inserted
        assert misused(image(service), [*entrypoint, *words(service, "command")], told) == [], name
    assert seen >= 2


def test_containers_may_write_to_volumes_and_do_nothing_else(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert service.get("privileged") is not True, name
        assert "no-new-privileges:true" in service.get("security_opt", []), name
        assert service.get("read_only") is True, name
        assert "ALL" in service.get("cap_drop", []), name


def test_the_api_waits_for_its_database(services: dict[str, Service]) -> None:
    [(_, database)] = [
        (name, service)
        for name, service in services.items()
        if image(service).startswith("postgres:") and "healthcheck" in service
    ]
    assert "pg_isready" in json.dumps(database["healthcheck"])
    serving = [service for service in services.values() if "serve" in words(service, "command")]
    assert serving
    for service in serving:
        conditions = {wanted["condition"] for wanted in service["depends_on"].values()}
        assert conditions & {"service_healthy", "service_completed_successfully"}


def test_what_is_mounted_is_in_the_repository(compose: dict[str, Any], services: dict[str, Service]) -> None:
    for name, service in services.items():
        for mount in service.get("volumes", []):
            source = mount["source"] if isinstance(mount, dict) else mount.split(":")[0]
            if source.startswith("."):
                assert (REPOSITORY / source).exists(), f"{name}: {source}"
            else:
                assert source in compose["volumes"], f"{name}: {source}"


def target(mount: dict[str, Any] | str) -> str:
    return mount["target"] if isinstance(mount, dict) else mount.split(":")[1]


def test_each_sees_its_own_secrets_alone(services: dict[str, Service]) -> None:
    folders = {}
    for name, service in services.items():
        for mount in service.get("volumes", []):
            if isinstance(mount, str):
                assert name == "secrets" or not mount.startswith("secrets:"), name
            elif mount["source"] == "secrets":
                assert mount["read_only"] is True and mount["target"] == f"/run/secrets/{mount['volume']['subpath']}"
                folders[name] = mount["volume"]["subpath"]
    of_the_api = dict.fromkeys(("api", "migrate", "client-simulator"), "edtech")
    others = {"db-service": "edtech-db", "simulator": "simulator", "grafana": "grafana"}
    assert folders == of_the_api | others


def test_files_that_settings_name_are_on_a_volume(services: dict[str, Service]) -> None:
    for name, service in services.items():
        folders = [target(mount) for mount in service.get("volumes", [])]
        for key, value in environment(service).items():
            if key.endswith("_FILE"):
                assert any(value.startswith(f"{folder}/") for folder in folders), f"{name}: {key}"
