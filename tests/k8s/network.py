"""A small model of NetworkPolicies: may this pod reach that one, on this port?

A pod is isolated in a direction once a policy of its namespace selects it for that direction; then only what some
policy allows gets through. A connection needs the leave of both ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from manifests import Object, Workload, namespace_of, of_kind

Rule = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """A pod, or with no labels something that is none: a machine on the network."""

    name: str
    address: str
    namespace: str | None = None
    labels: dict[str, str] | None = None
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def namespace_labels(self) -> dict[str, str]:
        return {"kubernetes.io/metadata.name": self.namespace or ""}


@dataclass(frozen=True)
class Port:
    """What is knocked at."""

    number: int
    protocol: str = "TCP"

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol}"


def endpoint(name: str, workload: Workload, number: int) -> Endpoint:
    """A pod of this workload."""
    ports = {key: port for container in workload.containers for key, port in container.ports.items()}
    return Endpoint(name, f"10.244.0.{number}", workload.namespace, workload.labels, ports)


class Network:
    """What the policies of a build allow."""

    def __init__(self, objects: list[Object], blocks_match_pods: bool) -> None:
        """Network plugins differ in whether an address block means pods: whoever asks says which kind."""
        self.policies = of_kind(objects, "NetworkPolicy")
        self.blocks_match_pods = blocks_match_pods

    def allows(self, source: Endpoint, destination: Endpoint, port: Port) -> bool:
        leaves = self.passes("egress", source, destination, destination, port)
        return leaves and self.passes("ingress", destination, source, destination, port)

    def passes(self, direction: str, guarded: Endpoint, other: Endpoint, listener: Endpoint, port: Port) -> bool:
        """Whether the guarded end lets it through. Ports are those of the end that listens, both ways."""
        if guarded.labels is None:
            return True
        mine = [policy for policy in self.policies if applies(policy, direction, guarded)]
        if not mine:
            return True
        rules = [(policy, rule) for policy in mine for rule in policy["spec"].get(direction) or []]
        side = "to" if direction == "egress" else "from"
        return any(
            self.names_peer(rule.get(side), namespace_of(policy), other)
            and names_port(rule.get("ports"), listener, port)
            for policy, rule in rules
        )

    def names_peer(self, peers: list[Rule] | None, namespace: str, other: Endpoint) -> bool:
        return not peers or any(self.is_peer(peer, namespace, other) for peer in peers)

    def is_peer(self, peer: Rule, namespace: str, other: Endpoint) -> bool:
        if "ipBlock" in peer:
            return (other.labels is None or self.blocks_match_pods) and in_block(peer["ipBlock"], other.address)
        if other.labels is None:
            return False
        if "namespaceSelector" in peer:
            if not selects(peer["namespaceSelector"], other.namespace_labels):
                return False
        elif other.namespace != namespace:
            return False
        return selects(peer.get("podSelector", {}), other.labels)


def applies(policy: Object, direction: str, pod: Endpoint) -> bool:
    spec = policy["spec"]
    # Left out, ingress is always meant, and egress where there are rules for it.
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    here = namespace_of(policy) == pod.namespace and pod.labels is not None
    return here and direction.capitalize() in types and selects(spec.get("podSelector", {}), pod.labels or {})


def selects(selector: Rule, labels: dict[str, str]) -> bool:
    """A label selector; an empty one selects everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def holds(expression: Rule, labels: dict[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise AssertionError(f"no such operator: {expression}")


def in_block(block: Rule, address: str) -> bool:
    at = ip_address(address)
    inside = at in ip_network(block["cidr"])
    return inside and not any(at in ip_network(hole) for hole in block.get("except") or [])


def names_port(ports: list[Rule] | None, listener: Endpoint, port: Port) -> bool:
    return not ports or any(is_port(rule, listener, port) for rule in ports)


def is_port(rule: Rule, listener: Endpoint, port: Port) -> bool:
    if rule.get("protocol", "TCP") != port.protocol:
        return False
    wanted = rule.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return listener.ports.get(wanted) == port.number
    return wanted <= port.number <= rule.get("endPort", wanted)
