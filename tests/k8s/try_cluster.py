"""`make k8s-test`: the whole platform in the cluster of the current context, tried as an operator would try it.

It installs the two files into a namespace of its own, scales the simulators, rolls the API under load, deletes the
database's pod, and takes all of it down again, whatever happened. The last thing that it prints is a table of what it
measured.

    NAMESPACE=edtech-try     where; it must not be there yet
    REGISTRY=host/path       where the nodes find edtech-api and edtech-simulator, if not on the nodes themselves
    YES=1                    asks nothing
    KEEP=1                   leaves everything there
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster import Clock, Cluster, ClusterError
from trials import Trial

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = ("k8s/db-service.yaml", "k8s/k8s-deployment.yaml")
OLDEST = (1, 28)
TEAR_DOWN_SECONDS = 300

IMAGES = """The nodes need two images, which no public registry has. On minikube:
    minikube image build -t edtech-api:VERSION --build-opt=target=api .
    minikube image build -t edtech-simulator:VERSION --build-opt=target=simulator .
On Docker Desktop `docker build -t edtech-api:VERSION --target api .`, and likewise for the simulator; on a cluster of
several machines push both to a registry that the nodes can pull from, and name it in REGISTRY."""


@dataclass
class Table:
    """What was measured, and whether it is as it must be."""

    rows: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def add(self, what: str, measured: str, wanted: str, holds: bool) -> None:
        self.rows.append((what, measured, wanted, holds))
        say(f"{'ok    ' if holds else 'FAILED'}  {what}: {measured}")

    def text(self) -> str:
        lines = [("what", "measured", "must be", "verdict")]
        lines += [(*row[:3], "ok" if row[3] else "**failed**") for row in self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(4)]
        padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        rule = "|".join("-" * (width + 2) for width in widths)
        return "\n".join([f"| {padded[0]} |", f"|{rule}|", *(f"| {line} |" for line in padded[1:])])

    @property
    def holds(self) -> bool:
        return all(row[3] for row in self.rows)


def say(text: str) -> None:
    print(text, flush=True)


def main(environment: Mapping[str, str], clock: Clock) -> int:
    """0 where all is as it must be, 1 where not, 2 where nothing was begun."""
    cluster = Cluster(environment.get("NAMESPACE", "edtech-try"), clock)
    try:
        if not agreed(cluster, environment):
            say("nothing was done")
            return 2
        cluster.create()
    except ClusterError as failure:
        say(str(failure))
        return 2
    table = Table()
    status = 1
    try:
        tried(cluster, environment.get("REGISTRY", ""), table)
        status = 0
    except ClusterError as failure:
        say(f"\n{explained(str(failure))}")
        table.add("all of it was tried", "no", "yes", False)
    except KeyboardInterrupt:
        say("\ninterrupted")
        status = 130
    finally:
        left = bool(environment.get("KEEP"))
        if left:
            say(f"left there: kubectl delete namespace {cluster.namespace}")
        else:
            tear_down(cluster, table)
    say(f"\n{table.text()}")
    return status or int(not table.holds)


def agreed(cluster: Cluster, environment: Mapping[str, str]) -> bool:
    """Says where all of it will happen, and whether that is all right."""
    context, version = cluster.context(), cluster.version()
    say(f"context    {context}, Kubernetes {version}")
    say(f"namespace  {cluster.namespace}, made for this and removed afterwards")
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if numbers < OLDEST:
        raise ClusterError("it takes Kubernetes 1.28 or newer")
    if cluster.exists():
        raise ClusterError(f"the namespace {cluster.namespace} is there already: choose another with NAMESPACE=…")
    if environment.get("YES"):
        return True
    if not sys.stdin.isatty():
        raise ClusterError("nobody is there to be asked: YES=1 goes ahead")
    return input("go ahead? [y/N] ").strip().lower() in ("y", "yes")


def tried(cluster: Cluster, registry: str, table: Table) -> None:
    """The story, one step after another."""
    trial = Trial(cluster, table.add)
    trial.install([with_registry((REPOSITORY / path).read_text(), registry) for path in FILES])
    trial.commands_of_the_original()
    trial.scale()
    trial.analytics()
    trial.roll_under_load()
    trial.lose_the_database_pod()
    trial.verify()


def with_registry(text: str, registry: str) -> str:
    return re.sub(r"(image: )(edtech-)", rf"\g<1>{registry.rstrip('/')}/\2", text) if registry else text


def explained(failure: str) -> str:
    return f"{failure}\n\n{IMAGES}" if "has no image" in failure and "edtech-" in failure else failure


def tear_down(cluster: Cluster, table: Table) -> None:
    """Nobody interrupts this: half of it would be left."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    say(f"removing the namespace {cluster.namespace}")
    begun = cluster.clock.now()
    try:
        cluster.remove(TEAR_DOWN_SECONDS)
        table.add("the namespace is gone", f"{cluster.clock.now() - begun:.0f} s", f"≤ {TEAR_DOWN_SECONDS} s", True)
    except ClusterError as failure:
        say(f"{failure}\nremove it by hand: kubectl delete namespace {cluster.namespace}")
        table.add("the namespace is gone", "no", f"≤ {TEAR_DOWN_SECONDS} s", False)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # Also where whoever started this in the background ignores Ctrl-C.
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    sys.exit(main(os.environ, Clock()))
