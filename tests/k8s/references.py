"""What pods refer to by name, and which files they find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from manifests import Container, Object, Workload, of_kind, workloads

# In an environment, and in a volume, under which names things are referred to.
ENV_REFERENCES = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
ENV_FROM = {"secretRef": "Secret", "configMapRef": "ConfigMap"}
FILE_OPTION = "-file"

# By name, what each key holds.
Known = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Reference:
    """From a workload to a named thing, and maybe to one key of it."""

    workload: str
    kind: str
    name: str
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.workload} → {self.kind}/{self.name}{f' {self.key}' if self.key else ''}"


def references(objects: list[Object]) -> list[Reference]:
    return [Reference(str(each), *target) for each in workloads(objects) for target in targets(each)]


def targets(workload: Workload) -> Iterator[tuple[str, str, str | None]]:
    account = workload.pod.get("serviceAccountName", "default")
    if account != "default":
        yield "ServiceAccount", account, None
    for container in workload.containers:
        for entry in container.spec.get("env", []):
            for field, kind in ENV_REFERENCES.items():
                source = entry.get("valueFrom", {}).get(field)
                # What need not be there is referred to by whoever puts it there.
                if source is not None and not source.get("optional"):
                    yield kind, source["name"], source["key"]
        for entry in container.spec.get("envFrom", []):
            for field, kind in ENV_FROM.items():
                if field in entry:
                    yield kind, entry[field]["name"], None
    for volume in workload.pod.get("volumes", []):
        yield from in_volume(volume)


def in_volume(volume: Object) -> Iterator[tuple[str, str, str | None]]:
    for source in volume.get("projected", {}).get("sources", [volume]):
        for field, kind, named in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
            if field in source:
                name = source[field].get(named) or source[field]["name"]
                yield kind, name, None
                yield from ((kind, name, item["key"]) for item in source[field].get("items", []))
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], None


def files(workload: Workload, container: Container, configured: Known, secrets: Known) -> dict[str, Any]:
    """Each file that a ConfigMap or a Secret puts into a container, and what is known of what it holds."""
    found = {}
    for mount in container.spec.get("volumeMounts", []):
        inside = content(workload.mounted.get(mount["name"], {}), configured, secrets)
        if "subPath" in mount:
            if mount["subPath"] in inside:
                found[mount["mountPath"]] = inside[mount["subPath"]]
        else:
            found |= {str(PurePosixPath(mount["mountPath"]) / path): held for path, held in inside.items()}
    return found


def content(volume: Object, configured: Known, secrets: Known) -> dict[str, Any]:
    """By path within the volume."""
    found = {}
    for source in volume.get("projected", {}).get("sources", [volume]):
        for field, known, named in (("secret", secrets, "secretName"), ("configMap", configured, "name")):
            if field in source:
                keys = known.get(source[field].get(named) or source[field]["name"], {})
                items = source[field].get("items") or [{"key": key, "path": key} for key in keys]
                found |= {item["path"]: keys.get(item["key"]) for item in items}
    return found


def configured(objects: list[Object]) -> dict[str, dict[str, str]]:
    """What each ConfigMap holds."""
    return {
        item["metadata"]["name"]: {**item.get("data", {}), **item.get("binaryData", {})}
        for item in of_kind(objects, "ConfigMap")
    }


def file_settings(container: Container) -> list[str]:
    """The files that the environment and the command line name: settings that end so, in any of their forms."""
    named = [entry["value"] for name, entry in container.env.items() if name.endswith("_FILE") and entry.get("value")]
    words = container.words
    for word, following in pairwise([*words, ""]):
        option, equals, value = word.partition("=")
        if option.startswith("--") and option.endswith(FILE_OPTION):
            named.append(value if equals else following)
    return named
