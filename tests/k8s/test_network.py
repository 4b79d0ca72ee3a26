"""Who may talk to whom: every pair of pods and every port, against the table of the design."""

from __future__ import annotations

from functools import cache

import pytest
from manifests import BUILDS, CURRENT_NAMESPACE, Object, Workload, build, of_kind, workloads
from network import Endpoint, Network, Port, endpoint, selects

GUARDED = [name for name in BUILDS if "network-policy" in name or name.startswith("overlays/")]

# From, to, port. A line holds where both are part of the build.
FLOWS = {
    ("edtech-api", "db", 5432),
    ("grafana", "db", 5432),
    ("backup", "db", 5432),
    ("edtech-simulator", "edtech-api", 8000),
    ("airflow-webserver", "airflow-db", 5432),
    ("airflow-scheduler", "airflow-db", 5432),
    ("airflow-dag-processor", "airflow-db", 5432),
    ("airflow-migrate", "airflow-db", 5432),
    ("airflow-webserver", "edtech-api", 8000),
    ("airflow-scheduler", "edtech-api", 8000),
    ("airflow-dag-processor", "edtech-api", 8000),
    ("airflow-scheduler", "airflow-webserver", 8080),
    ("airflow-dag-processor", "airflow-webserver", 8080),
    ("prometheus", "edtech-api", 9100),
    ("prometheus", "edtech-simulator", 9200),
    # Behind its Service a cluster's API listens on 6443 (kubeadm, Docker Desktop) or on 8443 (minikube).
    ("bootstrap", "kubernetes", 443),
    ("bootstrap", "kubernetes", 6443),
    ("bootstrap", "kubernetes", 8443),
}
# What people open in a browser or post to: for anyone.
OPEN = {("edtech-api", 8000), ("grafana", 3000), ("airflow-webserver", 8080)}

# Nothing is lost where these may or may not: a policy for all of Airflow is simpler than one that leaves one out.
EITHER_WAY = {
    ("airflow-migrate", "edtech-api", 8000),
    ("airflow-migrate", "airflow-webserver", 8080),
    ("airflow-webserver", "airflow-webserver", 8080),
}

# Their names end in what changes.
STEMS = ("airflow-migrate", "bootstrap", "backup", "prometheus")

DNS_PORTS = (Port(53, "UDP"), Port(53, "TCP"))
CLUSTER_DNS = Endpoint(
    "DNS", "10.244.1.10", "kube-system", {"k8s-app": "kube-dns"}, {"dns": 53, "dns-tcp": 53, "metrics": 9153}
)
KUBERNETES = Endpoint("kubernetes", "192.168.49.2")
OUTSIDE = Endpoint("outside", "203.0.113.7")
# Both are on every node: a cache that some clusters have beside their DNS, and what clouds tell a machine of itself.
DNS_CACHE = Endpoint("DNS cache", "169.254.20.10")
METADATA = Endpoint("metadata", "169.254.169.254")
OTHERS = (
    OUTSIDE,
    Endpoint("a neighbour's pod", "10.244.2.1", "another-team", {"app": "edtech-api"}),
    Endpoint("an ingress controller", "10.244.2.2", "ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
)


def role(workload: Workload) -> str:
    app = workload.labels["app"]
    return next((stem for stem in STEMS if stem in app), app)


def pods(objects: list[Object]) -> list[Endpoint]:
    """One pod of each workload, and one that somebody else put into the namespace."""
    ours = [endpoint(role(each), each, number) for number, each in enumerate(workloads(objects), 2)]
    namespace = ours[0].namespace or CURRENT_NAMESPACE
    assert {pod.namespace for pod in ours} == {namespace}
    return [*ours, Endpoint("stranger", "10.244.0.200", namespace, {"app": "stranger"})]


def interesting(objects: list[Object], ours: list[Endpoint]) -> list[Port]:
    """Every port that something listens on or a policy names, and one that is nobody's."""
    numbers = {9, 22, 80, *(number for pod in ours for number in pod.ports.values()), *(flow[2] for flow in FLOWS)}
    for policy in of_kind(objects, "NetworkPolicy"):
        for rule in (*(policy["spec"].get("ingress") or []), *(policy["spec"].get("egress") or [])):
            numbers |= {port["port"] for port in rule.get("ports") or [] if isinstance(port.get("port"), int)}
    return [*(Port(number) for number in sorted(numbers - {53})), Port(9, "UDP"), *DNS_PORTS]


def expected(source: Endpoint, destination: Endpoint, port: Port) -> bool:
    if destination.name == "DNS":
        return port in DNS_PORTS
    if port.protocol != "TCP":
        return False
    if source in OTHERS:
        return (destination.name, port.number) in OPEN
    return (source.name, destination.name, port.number) in FLOWS


def differences(objects: list[Object]) -> tuple[list[str], list[str]]:
    """Which flows are missing, and which are there too many."""
    ours = pods(objects)
    real = ours[:-1]
    ports = interesting(objects, ours)
    strict, lenient = Network(objects, blocks_match_pods=False), Network(objects, blocks_match_pods=True)
    missing, extra = [], []
    for source in (*ours, *OTHERS):
        for destination in (*ours, CLUSTER_DNS, DNS_CACHE, KUBERNETES, METADATA, OUTSIDE):
            if source.labels is None and destination.labels is None:
                continue
            # Who is somebody else's is not ours to guard, nor is what they do among themselves.
            if source not in real and destination not in real:
                continue
            for port in ports:
                flow = f"{source.name} → {destination.name} {port}"
                if tolerated(source, destination, port):
                    continue
                if expected(source, destination, port):
                    missing += [] if strict.allows(source, destination, port) else [flow]
                else:
                    extra += [flow] if lenient.allows(source, destination, port) else []
    return missing, extra


def tolerated(source: Endpoint, destination: Endpoint, port: Port) -> bool:
    """What may be or not."""
    if (source.name, destination.name, port.number) in EITHER_WAY:
        return True
    # What is open to anyone is so for a stranger. No label selects the Kubernetes API: its ports may be open anywhere.
    if source.name == "stranger":
        return (destination.name, port.number) in OPEN
    # Who calls nobody needs no names, and may ask for them all the same; few clusters have the cache.
    if port in DNS_PORTS and destination in (CLUSTER_DNS, DNS_CACHE):
        return destination is DNS_CACHE or not any(caller == source.name for caller, _, _ in FLOWS)
    at_kubernetes = (source.name, "kubernetes", port.number) in FLOWS
    return at_kubernetes and destination.name in ("outside", "metadata", "DNS cache", "DNS", "stranger")


@cache
def differences_in(name: str) -> tuple[list[str], list[str]]:
    return differences(build(name))


@pytest.mark.parametrize("name", GUARDED)
def test_what_must_talk_can(name: str) -> None:
    missing, _ = differences_in(name)
    assert missing == []


@pytest.mark.parametrize("name", GUARDED)
def test_nothing_else_can(name: str) -> None:
    _, extra = differences_in(name)
    assert extra == []


@pytest.mark.parametrize("name", GUARDED)
def test_by_default_nothing_comes_in_or_goes_out(name: str) -> None:
    """A policy that selects every pod of ours and allows nothing; where the namespace is ours, every pod at all."""
    closed = [
        policy["spec"]
        for policy in of_kind(build(name), "NetworkPolicy")
        if not policy["spec"].get("ingress") and not policy["spec"].get("egress")
    ]
    [default] = [spec for spec in closed if set(spec["policyTypes"]) == {"Ingress", "Egress"}]
    assert [str(each) for each in workloads(build(name)) if not selects(default["podSelector"], each.labels)] == []
    assert name != "overlays/production" or default["podSelector"] == {}


def test_without_policies_everything_can() -> None:
    """The model bites: what allows all is found to allow too much."""
    unguarded = [item for item in build("overlays/minikube") if item["kind"] != "NetworkPolicy"]
    missing, extra = differences(unguarded)
    assert missing == []
    assert "grafana → airflow-db 5432/TCP" in extra and "outside → db 5432/TCP" in extra
