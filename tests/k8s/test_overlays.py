"""What the two overlays are for: a laptop, and a district."""

from __future__ import annotations

from manifests import build, find, label, of_kind, workload, workloads
from quantities import GIB, pod_request, total_request

CORES = 3.5
MEMORY = 7 * GIB


def test_minikube_fits_a_laptop() -> None:
    pods = workloads(build("overlays/minikube"))
    cores, memory = total_request(pods, "cpu"), total_request(pods, "memory")
    detail = {str(each): (each.replicas, float(pod_request(each, "cpu"))) for each in pods}
    assert cores <= CORES, f"{float(cores)} cores: {detail}"
    assert memory <= MEMORY, f"{float(memory / GIB):.2f} GiB"


def test_minikube_has_what_the_original_had() -> None:
    names = {label(item) for item in build("overlays/minikube")}
    assert {
        "StatefulSet/db",
        "Service/db-service",
        "Deployment/edtech-api",
        "Service/edtech-api",
        "Deployment/edtech-simulator",
        "Service/simulator-service",
        "Deployment/grafana",
        "Service/grafana-service",
        "Deployment/airflow-webserver",
        "Service/airflow-webserver",
        "Deployment/airflow-scheduler",
    } <= names
    assert of_kind(build("overlays/minikube"), "NetworkPolicy")


def test_production_is_a_namespace_that_enforces_restricted() -> None:
    objects = build("overlays/production")
    labels = find(objects, "Namespace", "edtech")["metadata"]["labels"]
    for mode in ("enforce", "warn", "audit"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
    assert {item["metadata"].get("namespace") for item in objects if item["kind"] != "Namespace"} == {"edtech"}


def test_production_is_all_of_it_and_larger() -> None:
    small, large = build("overlays/minikube"), build("overlays/production")
    kinds = {item["kind"] for item in large}
    assert {"HorizontalPodAutoscaler", "Ingress", "CronJob", "NetworkPolicy", "PodDisruptionBudget"} <= kinds
    for kind, name in (("Deployment", "edtech-api"), ("StatefulSet", "db")):
        for resource in ("cpu", "memory"):
            assert pod_request(workload(large, kind, name), resource) > pod_request(
                workload(small, kind, name), resource
            )


def test_production_has_three_replicas_of_the_api() -> None:
    objects = build("overlays/production")
    [scaler] = of_kind(objects, "HorizontalPodAutoscaler")
    assert scaler["spec"]["minReplicas"] == 3


def test_nobody_is_asked_for_a_storage_class() -> None:
    """Each cluster has its own default."""
    for name in ("overlays/minikube", "overlays/production"):
        claims = [
            claim for each in workloads(build(name)) for claim in each.object["spec"].get("volumeClaimTemplates", [])
        ]
        claims += of_kind(build(name), "PersistentVolumeClaim")
        assert claims
        assert [claim["metadata"]["name"] for claim in claims if "storageClassName" in claim["spec"]] == []
