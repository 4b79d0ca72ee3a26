"""Airflow: its three processes, its own PostgreSQL, the Job that makes its tables, and the DAG."""

from __future__ import annotations

import json
from typing import Any

import pytest
from manifests import BUILDS, K8S, Container, Object, Workload, build, find, of_kind, setting, workload, workloads
from network import selects

WITH_AIRFLOW = [name for name in BUILDS if "airflow" in name or name.startswith("overlays/")]
PROCESSES = {
    "airflow-webserver": "api-server",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag-processor",
}
MIGRATION = "airflow-migrate-3-3-2"
DAGS = K8S / "components" / "airflow" / "dags"

# The manifest's own words for what stands in a Secret.
SHARED = (
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__CORE__AUTH_MANAGER",
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__PARALLELISM",
)


def process(objects: list[Object], name: str) -> Workload:
    return workload(objects, "Deployment", name)


def mains(objects: list[Object]) -> list[Container]:
    """What runs Airflow, the Job included."""
    return [process(objects, name).main for name in PROCESSES] + [workload(objects, "Job", MIGRATION).main]


def said(container: Container, name: str) -> Any:
    entry = container.env.get(name)
    return None if entry is None else entry.get("value", entry.get("valueFrom"))


@pytest.mark.parametrize("name", WITH_AIRFLOW)
@pytest.mark.parametrize("which", PROCESSES)
def test_each_process_is_there_once(name: str, which: str) -> None:
    each = process(build(name), which)
    assert each.replicas == 1
    assert each.labels["app"] == which
    assert PROCESSES[which] in " ".join(each.main.words)


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_its_pages_are_behind_a_load_balancer_where_the_network_is_ones_own(name: str) -> None:
    service = find(build(name), "Service", "airflow-webserver")
    assert service["spec"]["type"] == ("ClusterIP" if name == "overlays/production" else "LoadBalancer")
    assert [port["port"] for port in service["spec"]["ports"]] == [8080]


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_a_database_of_its_own(name: str) -> None:
    database = workload(build(name), "StatefulSet", "airflow-db")
    assert (database.replicas, database.labels["app"]) == (1, "airflow-db")
    [claim] = database.object["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    service = find(build(name), "Service", "airflow-db")
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert selects({"matchLabels": service["spec"]["selector"]}, database.labels)
    for container in mains(build(name)):
        assert "@airflow-db:5432/" in said(container, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"), str(container)


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_its_processes_agree(name: str) -> None:
    """One that has another JWT secret than the rest answers 403 to every task."""
    for shared in SHARED:
        values = {json.dumps(said(process(build(name), each).main, shared)) for each in PROCESSES}
        assert len(values) == 1, shared
    assert all(said(container, "AIRFLOW__API_AUTH__JWT_SECRET") for container in mains(build(name))[:3])
    assert all(said(container, "AIRFLOW__CORE__FERNET_KEY") for container in mains(build(name)))


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_tasks_run_beside_the_scheduler(name: str) -> None:
    scheduler = process(build(name), "airflow-scheduler").main
    assert said(scheduler, "AIRFLOW__CORE__EXECUTOR") == "LocalExecutor"
    assert said(scheduler, "AIRFLOW__CORE__PARALLELISM") == "4"
    assert "--skip-serve-logs" in scheduler.words
    url = said(scheduler, "AIRFLOW__CORE__EXECUTION_API_SERVER_URL")
    assert url == "http://airflow-webserver:8080/execution/"


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_people_log_in(name: str) -> None:
    for container in mains(build(name)):
        manager = said(container, "AIRFLOW__CORE__AUTH_MANAGER")
        assert manager == "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager", str(container)
    script = " ".join(
        word for container in workload(build(name), "Job", MIGRATION).containers for word in container.words
    )
    assert "db migrate" in script and "users create" in script and "admin" in script


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_the_platform_is_asked_by_a_client_of_its_own(name: str) -> None:
    for which in PROCESSES:
        connection = json.loads(said(process(build(name), which).main, "AIRFLOW_CONN_EDTECH_API") or "null")
        if connection is None:
            assert which != "airflow-scheduler"
            continue
        assert connection["conn_type"] == "http" and connection["login"] == "airflow"
        assert connection["host"] == "http://edtech-api:8000"
        assert connection["password"].startswith("$(")


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_days_are_those_of_the_platform(name: str) -> None:
    objects = build(name)
    zone = setting(objects, workload(objects, "Deployment", "edtech-api").main, "EDTECH_TIME_ZONE", "UTC")
    for which in ("airflow-scheduler", "airflow-dag-processor"):
        assert setting(objects, process(objects, which).main, "EDTECH_TIME_ZONE", "UTC") == zone


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_the_dag_is_the_one_in_the_repository(name: str) -> None:
    maps = [item for item in of_kind(build(name), "ConfigMap") if "edtech_analytics.py" in item["data"]]
    assert [set(item["data"]) for item in maps] == [{"edtech_analytics.py", ".airflowignore"}]
    assert maps[0]["data"] == {path.name: path.read_text() for path in DAGS.iterdir() if path.is_file()}
    for which in ("airflow-scheduler", "airflow-dag-processor"):
        each = process(build(name), which)
        volumes = {volume for volume, spec in each.mounted.items() if dag_map(spec) == maps[0]["metadata"]["name"]}
        [folder] = [mount["mountPath"] for mount in each.main.spec["volumeMounts"] if mount["name"] in volumes]
        assert folder == (said(each.main, "AIRFLOW__CORE__DAGS_FOLDER") or "/opt/airflow/dags")


def dag_map(volume: Object) -> str | None:
    return volume.get("configMap", {}).get("name")


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_the_api_server_is_first(name: str) -> None:
    """A task that finds none to report to would end before it began."""
    scheduler = process(build(name), "airflow-scheduler")
    waiting = " ".join(
        word for container in scheduler.containers if container.kind == "init" for word in container.words
    )
    assert "airflow-webserver" in waiting or "AIRFLOW__CORE__EXECUTION_API_SERVER_URL" in waiting


@pytest.mark.parametrize("name", WITH_AIRFLOW)
def test_no_sample_dags(name: str) -> None:
    for which in ("airflow-scheduler", "airflow-dag-processor"):
        assert (said(process(build(name), which).main, "AIRFLOW__CORE__LOAD_EXAMPLES") or "").lower() == "false"


def test_nothing_of_airflow_is_in_the_base() -> None:
    assert [str(each) for each in workloads(build("base")) if "airflow" in each.name] == []
