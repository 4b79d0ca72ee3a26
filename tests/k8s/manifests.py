"""The manifests as a cluster would get them: what kustomize makes of an overlay, or of the base with components."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BINARIES = REPOSITORY / "target" / os.environ.get("EDTECH_TARGET", "debug")
K8S = REPOSITORY / "k8s"

COMPONENTS = ("airflow", "autoscaling", "backup", "grafana", "ingress", "monitoring", "network-policy")
OVERLAYS = ("overlays/minikube", "overlays/production")
ALONE = tuple(f"base+{component}" for component in COMPONENTS)
EVERYTHING = "base+" + "+".join(COMPONENTS)

# What the checks look at: what people apply, and each component without the help of another.
BUILDS = (*OVERLAYS, "base", *ALONE, EVERYTHING)

LONG_RUNNING = ("Deployment", "StatefulSet")
WITH_PODS = (*LONG_RUNNING, "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
# The namespace of what names none: that of the context.
CURRENT_NAMESPACE = "default"

Object = dict[str, Any]


@cache
def build(name: str) -> list[Object]:
    """The objects of `overlays/…` or `base/…`, or of `base+component+…`. They are shared: nobody changes them."""
    if "+" not in name:
        return parsed(kustomize(K8S / name))
    base, *components = name.split("+")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory).resolve()
        # Directories may lie anywhere, but are named from where one is.
        mixture = {
            "resources": [os.path.relpath(K8S / base, place)],
            "components": [os.path.relpath(K8S / "components" / component, place) for component in components],
        }
        (place / "kustomization.yaml").write_text(yaml.safe_dump(mixture))
        return parsed(kustomize(place))


def kustomize(directory: Path) -> str:
    """What `scripts/k8s build` prints. A word of warning is a failure."""
    command = [REPOSITORY / "scripts" / "k8s", "build", directory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"kustomize build {directory}: {done.stderr}"
    assert done.stderr == "", f"kustomize build {directory} warns: {done.stderr}"
    return done.stdout


def parsed(text: str) -> list[Object]:
    objects = [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item is not None]
    assert objects, "nothing is there"
    return objects


def label(item: Object) -> str:
    """How a message names an object."""
    return f"{item['kind']}/{item['metadata']['name']}"


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [item for item in objects if item["kind"] in kinds]


def find(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of this kind and name."""
    found = [item for item in of_kind(objects, kind) if item["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind}/{name} is there {len(found)} times, among {sorted(map(label, objects))}"
    return found[0]


def namespace_of(item: Object) -> str:
    return item["metadata"].get("namespace", CURRENT_NAMESPACE)


@dataclass(frozen=True)
class Container:
    """One container of a pod template."""

    workload: str
    name: str
    spec: Object
    kind: str  # init, sidecar or main

    def __str__(self) -> str:
        return f"{self.workload} {self.name}"

    @property
    def image(self) -> str:
        return self.spec["image"]

    @property
    def env(self) -> dict[str, Object]:
        return {entry["name"]: entry for entry in self.spec.get("env", [])}

    def value(self, name: str) -> str | None:
        """What an environment key is set to, where that stands in the manifest itself."""
        return self.env.get(name, {}).get("value")

    @property
    def words(self) -> list[str]:
        """The whole command line, as far as the manifest gives it."""
        return [*self.spec.get("command", []), *self.spec.get("args", [])]

    @property
    def ports(self) -> dict[str, int]:
        return {
            port.get("name", str(port["containerPort"])): port["containerPort"] for port in self.spec.get("ports", [])
        }


@dataclass(frozen=True)
class Workload:
    """What makes pods."""

    object: Object

    def __str__(self) -> str:
        return label(self.object)

    @property
    def kind(self) -> str:
        return self.object["kind"]

    @property
    def name(self) -> str:
        return self.object["metadata"]["name"]

    @property
    def namespace(self) -> str:
        return namespace_of(self.object)

    @property
    def template(self) -> Object:
        if self.kind == "Pod":
            return self.object
        spec = self.object["spec"]
        return spec["jobTemplate"]["spec"]["template"] if self.kind == "CronJob" else spec["template"]

    @property
    def labels(self) -> dict[str, str]:
        return self.template["metadata"].get("labels", {})

    @property
    def pod(self) -> Object:
        return self.template["spec"]

    @property
    def replicas(self) -> int:
        """How many pods there are at most once all has settled."""
        spec = self.object["spec"]
        return spec.get("parallelism", 1) if self.kind == "Job" else spec.get("replicas", 1)

    @property
    def containers(self) -> list[Container]:
        """All of them: those that come first, those that go along, and the ones that it is about."""
        before = [
            Container(str(self), spec["name"], spec, "sidecar" if spec.get("restartPolicy") == "Always" else "init")
            for spec in self.pod.get("initContainers", [])
        ]
        return before + [Container(str(self), spec["name"], spec, "main") for spec in self.pod["containers"]]

    @property
    def main(self) -> Container:
        """The only container that is not there for another."""
        mains = [container for container in self.containers if container.kind == "main"]
        assert len(mains) == 1, f"{self} has {len(mains)} containers"
        return mains[0]

    @property
    def mounted(self) -> dict[str, Object]:
        return {volume["name"]: volume for volume in self.pod.get("volumes", [])}


def workloads(objects: list[Object]) -> list[Workload]:
    return [Workload(item) for item in of_kind(objects, *WITH_PODS)]


def workload(objects: list[Object], kind: str, name: str) -> Workload:
    return Workload(find(objects, kind, name))


def setting(objects: list[Object], container: Container, name: str, default: str) -> str:
    """What an environment key is set to, also where a ConfigMap says it."""
    entry = container.env.get(name)
    if entry is None:
        return default
    if "value" in entry:
        return entry["value"]
    source = entry["valueFrom"]["configMapKeyRef"]
    return find(objects, "ConfigMap", source["name"])["data"][source["key"]]


def containers(objects: list[Object]) -> list[Container]:
    return [container for each in workloads(objects) for container in each.containers]
