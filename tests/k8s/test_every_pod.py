"""What holds for every pod and every container, wherever they come from."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from manifests import BUILDS, LONG_RUNNING, Container, Object, Workload, build, containers, label, workloads
from pod_security import violations
from quantities import quantity

RESOURCES = ("cpu", "memory")
PART_OF = ("app.kubernetes.io/part-of", "edtech-stream")
EXPANSION = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
HANDLERS = ("httpGet", "tcpSocket", "grpc")

Check = Callable[[list[Object]], list[str]]


def without_resources(objects: list[Object]) -> list[str]:
    """Requests and limits of both kinds, and no request above its limit."""
    found = []
    for container in containers(objects):
        given = container.spec.get("resources", {})
        requests, limits = given.get("requests", {}), given.get("limits", {})
        for resource in RESOURCES:
            if resource not in requests or resource not in limits:
                found.append(f"{container}: {resource}")
            elif quantity(requests[resource]) > quantity(limits[resource]):
                found.append(f"{container}: asks for more {resource} than it may have")
    return found


def not_restricted(objects: list[Object]) -> list[str]:
    return [f"{each}: {fault}" for each in workloads(objects) for fault in violations(each.template)]


def writable_root(objects: list[Object]) -> list[str]:
    return [
        str(container)
        for container in containers(objects)
        if container.spec.get("securityContext", {}).get("readOnlyRootFilesystem") is not True
    ]


def without_probes(objects: list[Object]) -> list[str]:
    """What runs for long tells whether it lives; what is called tells whether it is ready."""
    found = []
    for each in long_running(objects):
        for container in (container for container in each.containers if container.kind != "init"):
            wanted = ["livenessProbe", *(["readinessProbe"] if container.ports else [])]
            found += [f"{container}: {probe}" for probe in wanted if probe not in container.spec]
    return found


def long_running(objects: list[Object]) -> list[Workload]:
    return [each for each in workloads(objects) if each.kind in LONG_RUNNING]


def probes_nothing(objects: list[Object]) -> list[str]:
    """Probes that knock where the container does not listen."""
    found = []
    for container in containers(objects):
        for name in PROBES:
            for kind in HANDLERS:
                port = container.spec.get(name, {}).get(kind, {}).get("port")
                known = {*container.ports, *container.ports.values()}
                if port is not None and port not in known:
                    found.append(f"{container}: {name} of port {port}")
    return found


def with_token(objects: list[Object]) -> list[str]:
    """Pods that may call the Kubernetes API."""
    return [str(each) for each in workloads(objects) if each.pod.get("automountServiceAccountToken") is not False]


def nameless_ports(objects: list[Object]) -> list[str]:
    return [
        f"{container}: {port['containerPort']}"
        for container in containers(objects)
        for port in container.spec.get("ports", [])
        if "name" not in port
    ]


def expansions_of_nothing(objects: list[Object]) -> list[str]:
    """`$(NAME)` means what stands above it; what does not would stay as it is written."""
    found = []
    for container in containers(objects):
        above: set[str] = set()
        for entry in container.spec.get("env", []):
            found += [f"{container}: {entry['name']} needs {name}" for name in unknown(entry.get("value"), above)]
            above.add(entry["name"])
        for word in container.words:
            found += [f"{container}: {word[:40]} needs {name}" for name in unknown(word, above)]
    return found


def unknown(text: str | None, known: set[str]) -> set[str]:
    return set(EXPANSION.findall((text or "").replace("$$", ""))) - known


def twice_in_the_environment(objects: list[Object]) -> list[str]:
    return [
        str(container) for container in containers(objects) if len(container.env) != len(container.spec.get("env", []))
    ]


def not_part_of_the_platform(objects: list[Object]) -> list[str]:
    """Objects, and pods, without the label that all of them carry."""
    key, value = PART_OF
    found = [label(item) for item in objects if item["metadata"].get("labels", {}).get(key) != value]
    return found + [f"pods of {each}" for each in workloads(objects) if each.labels.get(key) != value]


CHECKS: list[Check] = [
    without_resources,
    not_restricted,
    writable_root,
    without_probes,
    probes_nothing,
    nameless_ports,
    expansions_of_nothing,
    twice_in_the_environment,
    not_part_of_the_platform,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", BUILDS)
def test_no_pod_is(name: str, check: Check) -> None:
    assert check(build(name)) == []


@pytest.mark.parametrize("name", BUILDS)
def test_only_the_bootstrap_job_has_a_token(name: str) -> None:
    [with_one] = with_token(build(name))
    assert with_one.startswith("Job/") and "bootstrap" in with_one


@pytest.mark.parametrize("name", BUILDS)
def test_pods_that_run_once_end(name: str) -> None:
    """A Job gives up some time, and its pods do not pile up."""
    for each in workloads(build(name)):
        if each.kind in ("Job", "CronJob"):
            assert each.pod["restartPolicy"] in ("Never", "OnFailure"), str(each)
            job = each.object["spec"]["jobTemplate"]["spec"] if each.kind == "CronJob" else each.object["spec"]
            assert job.get("backoffLimit", 6) <= 20, str(each)


def command_lines(container: Container) -> str:
    return " ".join(container.words)


@pytest.mark.parametrize("name", BUILDS)
def test_nothing_waits_with_a_shell_for_ever(name: str) -> None:
    """An init container that never ends would hide what is wrong."""
    endless = [
        str(container)
        for container in containers(build(name))
        if re.search(r"sleep\s+(infinity|inf)\b", command_lines(container))
    ]
    assert endless == []
