"""What refers to another thing refers to one that is there: labels, ports, ConfigMaps, Secrets, claims, files."""

from __future__ import annotations

import pytest
from manifests import BUILDS, LONG_RUNNING, Object, build, find, label, namespace_of, of_kind, workloads
from network import selects
from references import Reference, configured, file_settings, files, references
from secrets_made import SECRETS

SCALED = ("Deployment", "StatefulSet")


@pytest.mark.parametrize("name", BUILDS)
def test_selectors_match_their_templates(name: str) -> None:
    for each in workloads(build(name)):
        if each.kind in LONG_RUNNING:
            selector = each.object["spec"]["selector"]
            assert selector and selects(selector, each.labels), str(each)


@pytest.mark.parametrize("name", BUILDS)
def test_no_selector_takes_the_pods_of_another(name: str) -> None:
    for each in workloads(build(name)):
        if each.kind in LONG_RUNNING:
            taken = [str(one) for one in workloads(build(name)) if selects(each.object["spec"]["selector"], one.labels)]
            assert taken == [str(each)]


@pytest.mark.parametrize("name", BUILDS)
def test_services_lead_to_ports_of_pods(name: str) -> None:
    objects = build(name)
    for service in of_kind(objects, "Service"):
        behind = [
            each for each in workloads(objects) if selects({"matchLabels": service["spec"]["selector"]}, each.labels)
        ]
        assert len(behind) == 1, f"{label(service)} leads to {list(map(str, behind))}"
        listening = {key: port for one in behind[0].containers for key, port in one.ports.items()}
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            assert target in {*listening, *listening.values()}, f"{label(service)}: {target}"


@pytest.mark.parametrize("name", BUILDS)
def test_what_guards_or_scales_pods_finds_them(name: str) -> None:
    objects = build(name)
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert [each for each in workloads(objects) if selects(budget["spec"]["selector"], each.labels)], label(budget)
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert target["kind"] in SCALED
        scaled = find(objects, target["kind"], target["name"])
        # Else each `kubectl apply` would undo what the autoscaler did.
        assert "replicas" not in scaled["spec"], f"{label(scaled)} says how many, and {label(scaler)} too"


@pytest.mark.parametrize("name", BUILDS)
def test_ingresses_lead_to_ports_of_services(name: str) -> None:
    objects = build(name)
    for ingress in of_kind(objects, "Ingress"):
        backends = [path["backend"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
        assert backends
        for backend in backends:
            service = find(objects, "Service", backend["service"]["name"])
            wanted = backend["service"]["port"]
            ports = service["spec"]["ports"]
            known = {port.get("name") for port in ports} | {port["port"] for port in ports}
            assert (wanted.get("name") or wanted["number"]) in known, label(ingress)


def dangling(objects: list[Object]) -> list[str]:
    """References to a ConfigMap, a Secret, a claim or an account that nothing makes, or to a key that it has not."""
    known: dict[str, dict[str, set[str]]] = {
        "ConfigMap": {name: set(data) for name, data in configured(objects).items()},
        "Secret": {name: set(keys) for name, keys in SECRETS.items()},
        "PersistentVolumeClaim": {
            item["metadata"]["name"]: set() for item in of_kind(objects, "PersistentVolumeClaim")
        },
        "ServiceAccount": {item["metadata"]["name"]: set() for item in of_kind(objects, "ServiceAccount")},
    }
    return [str(each) for each in references(objects) if not resolves(each, known)]


def resolves(reference: Reference, known: dict[str, dict[str, set[str]]]) -> bool:
    named = known[reference.kind].get(reference.name)
    return named is not None and (reference.key is None or reference.key in named)


@pytest.mark.parametrize("name", BUILDS)
def test_nothing_refers_to_what_is_not_there(name: str) -> None:
    assert dangling(build(name)) == []


@pytest.mark.parametrize("name", BUILDS)
def test_configuration_is_used(name: str) -> None:
    """A ConfigMap that no pod reads is a name that was mistyped somewhere."""
    objects = build(name)
    used = {each.name for each in references(objects) if each.kind == "ConfigMap"}
    assert set(configured(objects)) - used == set()


@pytest.mark.parametrize("name", BUILDS)
def test_mounts_are_of_volumes_and_volumes_are_mounted(name: str) -> None:
    for each in workloads(build(name)):
        claimed = {item["metadata"]["name"] for item in each.object["spec"].get("volumeClaimTemplates", [])}
        mounted = {mount["name"] for one in each.containers for mount in one.spec.get("volumeMounts", [])}
        assert mounted == {*each.mounted, *claimed}, str(each)


@pytest.mark.parametrize("name", BUILDS)
def test_files_that_settings_name_are_mounted(name: str) -> None:
    """`*_FILE`, and `--secret-file`."""
    objects = build(name)
    missing = []
    for each in workloads(objects):
        for container in each.containers:
            there = files(each, container, configured(objects), SECRETS)
            missing += [f"{container}: {path}" for path in file_settings(container) if path not in there]
    assert missing == []


@pytest.mark.parametrize("name", BUILDS)
def test_everything_is_in_one_namespace(name: str) -> None:
    scattered = {namespace_of(item) for item in build(name) if item["kind"] != "Namespace"}
    assert len(scattered) == 1
