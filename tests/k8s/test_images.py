"""Images are named by version or digest; ours by the version of the workspace."""

from __future__ import annotations

import pytest
from images import OURS, repository, unpinned, workspace_version
from manifests import BUILDS, Object, build, containers

KNOWN = {
    "edtech-api": "0.1.0",
    "edtech-simulator": "0.1.0",
    "postgres": "17.6-bookworm",
    "grafana/grafana": "12.2.0",
    "apache/airflow": "3.3.2-python3.12",
    "curlimages/curl": "8.16.0",
    "prom/prometheus": "v3.6.0",
}


def loose(objects: list[Object]) -> list[str]:
    return [fault for container in containers(objects) if (fault := unpinned(container.image)) is not None]


@pytest.mark.parametrize("name", BUILDS)
def test_every_image_is_pinned(name: str) -> None:
    assert loose(build(name)) == []


@pytest.mark.parametrize("name", BUILDS)
def test_only_known_images_are_used(name: str) -> None:
    known = {f"{image}:{version}" for image, version in KNOWN.items()}
    assert {without_registry(container.image) for container in containers(build(name))} <= known


def without_registry(image: str) -> str:
    """Ours come from wherever an overlay says."""
    name = image.rpartition("/")[2]
    return name if name.startswith(OURS) else image


@pytest.mark.parametrize("name", BUILDS)
def test_ours_may_be_built_on_the_node(name: str) -> None:
    """`Always` would ask a registry for what `minikube image build` made."""
    for container in containers(build(name)):
        if repository(container.image).rpartition("/")[2] in OURS:
            assert container.spec.get("imagePullPolicy") == "IfNotPresent", str(container)


def test_the_version_is_that_of_the_workspace() -> None:
    assert {KNOWN[image] for image in OURS} == {workspace_version()}


@pytest.mark.parametrize(
    "image",
    [
        "postgres",
        "postgres:latest",
        "registry.example:5000/edtech-api",
        "edtech-api:0.0.9",
        "grafana/grafana:main",
        "postgres:17",
        "postgres@sha256:abc",
    ],
)
def test_a_loose_image_is_found(image: str) -> None:
    assert unpinned(image) is not None


@pytest.mark.parametrize(
    "image",
    [
        f"registry.example:5000/district/edtech-api:{workspace_version()}",
        "postgres:17.6-bookworm",
        "prom/prometheus:v3.6.0",
        f"postgres@sha256:{'a' * 64}",
    ],
)
def test_a_pinned_image_passes(image: str) -> None:
    assert unpinned(image) is None
