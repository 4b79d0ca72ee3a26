"""Everything builds: each overlay, each component alone, two by two, and all of them, in any order."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from itertools import combinations

import pytest
import render
from manifests import ALONE, BUILDS, COMPONENTS, EVERYTHING, K8S, OVERLAYS, REPOSITORY, Object, build, label, parsed

# `kubectl apply` keeps the whole object in an annotation, and annotations end here.
ANNOTATIONS_BYTES = 256 * 1024


def test_every_component_and_overlay_is_known_here() -> None:
    assert {folder.name for folder in (K8S / "components").iterdir() if folder.is_dir()} == set(COMPONENTS)
    assert {f"overlays/{folder.name}" for folder in (K8S / "overlays").iterdir()} == set(OVERLAYS)


@pytest.mark.parametrize("name", BUILDS)
def test_it_builds(name: str) -> None:
    seen = Counter((item["kind"], item["metadata"]["name"]) for item in build(name))
    assert [key for key, times in seen.items() if times > 1] == []


@pytest.mark.parametrize("pair", list(combinations(COMPONENTS, 2)), ids="+".join)
def test_two_components_are_what_each_of_them_is(pair: tuple[str, str]) -> None:
    """Both bring what they bring alone, and nothing more."""
    names = {name: names_of(build(f"base+{name}")) for name in pair}
    assert names_of(build("base+" + "+".join(pair))) == names[pair[0]] | names[pair[1]]


def test_all_components_in_the_other_order() -> None:
    backwards = build("base+" + "+".join(reversed(COMPONENTS)))
    assert names_of(backwards) == names_of(build(EVERYTHING))


def names_of(objects: list[Object]) -> set[str]:
    """Without the hashes, which change with what others add."""
    return {without_hash(label(item)) if item["kind"] == "ConfigMap" else label(item) for item in objects}


def without_hash(name: str) -> str:
    stem, dash, tail = name.rpartition("-")
    return stem if dash and len(tail) == 10 and tail.isalnum() else name


@pytest.mark.parametrize("name", BUILDS)
def test_kubectl_apply_can_remember_each_object(name: str) -> None:
    sizes = {label(item): len(json.dumps(item)) for item in build(name)}
    assert {item: size for item, size in sizes.items() if size >= ANNOTATIONS_BYTES} == {}


@pytest.mark.parametrize("component", ALONE)
def test_a_component_changes_something(component: str) -> None:
    assert build(component) != build("base")


def test_the_two_files_are_current() -> None:
    done = subprocess.run(
        ["python3", REPOSITORY / "tests" / "k8s" / "render.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_two_files_are_the_overlay() -> None:
    """In the order of the two commands, and nothing twice."""
    files = [parsed((K8S / path).read_text()) for path in ("db-service.yaml", "k8s-deployment.yaml")]
    together = {label(item): item for file in files for item in file}
    assert len(together) == len(files[0]) + len(files[1])
    assert together == {label(item): item for item in build("overlays/minikube")}
    assert {label(item) for item in files[0]} == {label(item) for item in build("base/database")}


def test_the_two_files_say_what_made_them() -> None:
    for path, source in render.FILES.items():
        first = (REPOSITORY / path).read_text().splitlines()[0]
        assert first.startswith("#") and source in first and "scripts/k8s render" in first


def test_the_two_files_land_in_the_current_namespace() -> None:
    assert [label(item) for item in build("overlays/minikube") if "namespace" in item["metadata"]] == []
    assert [label(item) for item in build("overlays/minikube") if item["kind"] == "Namespace"] == []
