"""Grafana: one replica, provisioned from files."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from manifests import BUILDS, Object, Workload, build, find, workload
from quantities import quantity
from references import configured, files

WITH_GRAFANA = [name for name in BUILDS if "grafana" in name or name.startswith("overlays/")]
DASHBOARDS = {"Live activity", "Classroom performance", "Lesson completion", "Ingestion and system health"}

# What is filled in when a person imports a dashboard, and never when it is provisioned.
IMPORT_ONLY = ("__inputs", "__requires", "__elements")
PROVISIONING = PurePosixPath("/etc/grafana/provisioning")


def grafana(objects: list[Object]) -> Workload:
    return workload(objects, "Deployment", "grafana")


def mounted_texts(objects: list[Object]) -> dict[str, str]:
    """Each file that a ConfigMap puts into Grafana's container."""
    each = grafana(objects)
    return {path: text for path, text in files(each, each.main, configured(objects), {}).items() if text is not None}


def provisioned(objects: list[Object], what: str) -> list[dict[str, Any]]:
    """The documents in one folder of Grafana's provisioning."""
    folder = PROVISIONING / what
    return [
        yaml.safe_load(text)
        for path, text in mounted_texts(objects).items()
        if PurePosixPath(path).parent == folder and path.endswith((".yaml", ".yml"))
    ]


def dashboards(objects: list[Object]) -> dict[str, Any]:
    """By the path of their file."""
    folders = {
        PurePosixPath(provider["options"]["path"])
        for document in provisioned(objects, "dashboards")
        for provider in document["providers"]
    }
    return {
        path: json.loads(text)
        for path, text in mounted_texts(objects).items()
        if path.endswith(".json") and any(folder in PurePosixPath(path).parents for folder in folders)
    }


def uids(value: Any) -> set[str]:
    """Of every data source that something names."""
    if isinstance(value, dict):
        named = value.get("datasource")
        own = {named["uid"] if isinstance(named, dict) else named} if named else set()
        own |= {value["datasourceUid"]} if "datasourceUid" in value else set()
        return own.union(*(uids(inner) for inner in value.values()))
    return set().union(*(uids(inner) for inner in value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_one_replica_of_this_size(name: str) -> None:
    each = grafana(build(name))
    assert each.replicas == 1
    limits = each.main.spec["resources"]["limits"]
    if name != "overlays/production":
        assert limits == {"memory": "512Mi", "cpu": "500m"}
    assert quantity(limits["memory"]) >= quantity("512Mi")


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_behind_a_load_balancer_where_the_network_is_ones_own(name: str) -> None:
    service = find(build(name), "Service", "grafana-service")
    assert service["spec"]["type"] == ("ClusterIP" if name == "overlays/production" else "LoadBalancer")
    assert [port["port"] for port in service["spec"]["ports"]] == [3000]


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_its_data_source_is_the_role_that_reads_views(name: str) -> None:
    sources = [source for document in provisioned(build(name), "datasources") for source in document["datasources"]]
    [source] = [source for source in sources if "postgres" in source["type"]]
    assert source["uid"]
    assert source["url"] == "db-service:5432" and source["user"] == "grafana"
    assert (source.get("database") or source["jsonData"]["database"]) == "edtech"
    assert not source.get("editable", False)


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_its_dashboards_are_provisioned(name: str) -> None:
    found = dashboards(build(name))
    assert {dashboard["title"] for dashboard in found.values()} >= DASHBOARDS
    assert len({dashboard["uid"] for dashboard in found.values()}) == len(found)
    known = {
        source["uid"] for document in provisioned(build(name), "datasources") for source in document["datasources"]
    }
    for path, dashboard in found.items():
        assert dashboard.get("id") is None, path
        assert not set(IMPORT_ONLY) & set(dashboard), path
        assert "${DS_" not in json.dumps(dashboard), path
        assert uids(dashboard) - {"-- Grafana --", "grafana", "-- Dashboard --"} <= known, path


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_its_alert_rules_are_provisioned(name: str) -> None:
    groups = [group for document in provisioned(build(name), "alerting") for group in document.get("groups", [])]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 4
    assert len({rule["uid"] for rule in rules}) == len(rules)
    known = {
        source["uid"] for document in provisioned(build(name), "datasources") for source in document["datasources"]
    }
    for rule in rules:
        assert uids(rule) - {"__expr__"} <= known, rule["title"]


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_nobody_gets_in_without_the_password(name: str) -> None:
    told = grafana(build(name)).main.env
    assert told["GF_SECURITY_ADMIN_PASSWORD__FILE"]["value"]
    assert told.get("GF_AUTH_ANONYMOUS_ENABLED", {}).get("value", "false") == "false"
    assert "GF_SECURITY_ADMIN_PASSWORD" not in told


@pytest.mark.parametrize("name", WITH_GRAFANA)
def test_it_probes_its_health(name: str) -> None:
    assert grafana(build(name)).main.spec["readinessProbe"]["httpGet"]["path"] == "/api/health"
