"""The simulator, as the original asked for it, to the digit."""

from __future__ import annotations

import pytest
from manifests import BUILDS, Object, Workload, build, find, of_kind, setting, workload


def simulator(objects: list[Object]) -> Workload:
    return workload(objects, "Deployment", "edtech-simulator")


@pytest.mark.parametrize("name", [name for name in BUILDS if "production" not in name])
def test_two_replicas_of_this_size(name: str) -> None:
    each = simulator(build(name))
    assert each.object["spec"]["replicas"] == 2
    assert each.main.spec["resources"] == {
        "requests": {"memory": "128Mi", "cpu": "100m"},
        "limits": {"memory": "256Mi", "cpu": "200m"},
    }


@pytest.mark.parametrize("name", BUILDS)
def test_it_is_scaled_by_hand(name: str) -> None:
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in of_kind(build(name), "HorizontalPodAutoscaler")}
    assert "edtech-simulator" not in scaled


@pytest.mark.parametrize("name", BUILDS)
def test_behind_its_service(name: str) -> None:
    service = find(build(name), "Service", "simulator-service")
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert [port["port"] for port in service["spec"]["ports"]] == [9200]
    assert simulator(build(name)).labels["app"] == "edtech-simulator"


@pytest.mark.parametrize("name", BUILDS)
def test_it_posts_to_the_api_a_log_each_five_seconds(name: str) -> None:
    objects = build(name)
    main = simulator(objects).main
    assert "run" in main.words
    assert (main.value("EDTECH_URL") or "").rstrip("/") == "http://edtech-api:8000"
    assert main.value("EDTECH_CLIENT_ID") == "simulator" and main.value("EDTECH_CLIENT_SECRET_FILE")
    assert main.value("EDTECH_SIMULATOR_LISTEN") == "0.0.0.0:9200"
    assert setting(objects, main, "EDTECH_SIMULATOR_INTERVAL", "5s") == "5s"
    assert setting(objects, main, "EDTECH_SIMULATOR_REPLICAS", "1") == "1"


@pytest.mark.parametrize("name", BUILDS)
def test_probes(name: str) -> None:
    main = simulator(build(name)).main
    assert main.spec["livenessProbe"]["httpGet"]["path"] == "/livez"
