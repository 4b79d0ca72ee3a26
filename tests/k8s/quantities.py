"""How much: Kubernetes' quantities, and what a pod asks a node for."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from manifests import Container, Workload

SUFFIXES = {"m": Fraction(1, 1000), "": Fraction(1)}
SUFFIXES |= {suffix: Fraction(1000) ** power for power, suffix in enumerate("kMGTPE", 1)}
SUFFIXES |= {f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)}

MIB = 1024**2
GIB = 1024**3


def quantity(text: Any) -> Fraction:
    """Cores or bytes."""
    text = str(text)
    number = text.rstrip("kKMGTPEim")
    return Fraction(number) * SUFFIXES[text[len(number) :]]


def request(container: Container, resource: str) -> Fraction:
    return quantity(container.spec.get("resources", {}).get("requests", {}).get(resource, 0))


def pod_request(workload: Workload, resource: str) -> Fraction:
    """What the scheduler counts for one pod: the most that is asked for at a time.

    Init containers run one after another, before the others and beside the sidecars that were started by then.
    """
    sidecars = Fraction(0)
    most = Fraction(0)
    for container in workload.containers:
        if container.kind == "sidecar":
            sidecars += request(container, resource)
            most = max(most, sidecars)
        elif container.kind == "init":
            most = max(most, sidecars + request(container, resource))
    together = sum(request(container, resource) for container in workload.containers if container.kind == "main")
    overhead = quantity(workload.pod.get("overhead", {}).get(resource, 0))
    return max(most, sidecars + together) + overhead


def total_request(workloads: list[Workload], resource: str) -> Fraction:
    """What all pods ask for, one-off Jobs included: they run while the rest starts."""
    return sum((pod_request(each, resource) * each.replicas for each in workloads), Fraction(0))
