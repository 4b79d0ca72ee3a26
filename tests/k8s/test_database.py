"""PostgreSQL: one replica on a volume that outlives it, behind `db-service`."""

from __future__ import annotations

import re
from typing import Any

import pytest
from manifests import BUILDS, REPOSITORY, Container, Object, Workload, build, find, of_kind, workload
from quantities import GIB, quantity
from references import configured, files

# The API has ten connections for reading, ten for writing and six for its own work; others get by with what is left.
API_CONNECTIONS = 2 * 10 + 6
OTHER_CONNECTIONS = 20


def database(objects: list[Object]) -> Workload:
    return workload(objects, "StatefulSet", "db")


def settings(container: Container) -> dict[str, str]:
    """What `-c` and `--` set."""
    text = " ".join(container.words)
    return dict(re.findall(r"(?:-c |--)([a-z_]+)=(\S+)", text))


@pytest.mark.parametrize("name", BUILDS)
def test_one_replica_with_ten_gibibytes(name: str) -> None:
    db = database(build(name))
    assert db.replicas == 1
    [claim] = db.object["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"][0] in ("ReadWriteOnce", "ReadWriteOncePod")
    assert quantity(claim["spec"]["resources"]["requests"]["storage"]) >= 10 * GIB
    if name != "overlays/production":
        assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    # Else scaling to none, or deleting the set by mistake, would delete the data.
    retention = db.object["spec"].get("persistentVolumeClaimRetentionPolicy", {})
    assert set(retention.values()) <= {"Retain"}


def test_data_is_on_the_volume() -> None:
    db = database(build("base"))
    [claim] = db.object["spec"]["volumeClaimTemplates"]
    [mount] = [mount for mount in db.main.spec["volumeMounts"] if mount["name"] == claim["metadata"]["name"]]
    # A fresh volume holds `lost+found`, and initdb wants an empty directory.
    assert (db.main.value("PGDATA") or "").startswith(mount["mountPath"].rstrip("/") + "/")


@pytest.mark.parametrize("name", BUILDS)
def test_it_is_found_by_its_label_and_its_service(name: str) -> None:
    db = database(build(name))
    assert db.labels["app"] == db.object["metadata"]["labels"]["app"] == "db"
    service = find(build(name), "Service", "db-service")
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert service["spec"]["selector"]["app"] == "db"
    assert [port["port"] for port in service["spec"]["ports"]] == [5432]
    assert db.object["spec"]["serviceName"] in {item["metadata"]["name"] for item in of_kind(build(name), "Service")}


def test_it_runs_as_postgres_of_the_image() -> None:
    db = database(build("base"))
    context = db.pod["securityContext"] | db.main.spec["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (999, 999, 999)
    written = {
        mount["mountPath"] for mount in db.main.spec["volumeMounts"] if "emptyDir" in db.mounted.get(mount["name"], {})
    }
    assert {"/var/run/postgresql", "/tmp"} <= written


def test_the_first_start_makes_the_database_and_its_roles() -> None:
    db = database(build("base"))
    assert db.main.value("POSTGRES_DB") == "edtech"
    assert db.main.value("POSTGRES_PASSWORD_FILE")
    roles = (REPOSITORY / "k8s/base/database/roles.sql").read_text()
    found = [path for path, text in files(db, db.main, configured(build("base")), {}).items() if text == roles]
    assert found == ["/docker-entrypoint-initdb.d/roles.sql"]


def test_it_is_asked_whether_it_is_ready() -> None:
    db = database(build("base"))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert "pg_isready" in " ".join(db.main.spec[probe]["exec"]["command"]), probe
    # Recovery after a crash takes its time; killed in the middle of it, it would begin again.
    startup = db.main.spec["startupProbe"]
    assert startup.get("failureThreshold", 3) * startup.get("periodSeconds", 10) >= 60


def test_it_has_time_to_stop() -> None:
    db = database(build("base"))
    assert db.pod["terminationGracePeriodSeconds"] >= 60
    assert "lifecycle" not in db.main.spec, "the image's own signal is a fast shutdown"


@pytest.mark.parametrize("name", BUILDS)
def test_connections_are_enough_for_all_replicas(name: str) -> None:
    objects = build(name)
    most = workload(objects, "Deployment", "edtech-api").replicas
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        most = max(most, scaler["spec"]["maxReplicas"])
    # One more while a new version rolls out.
    needed = (most + 1) * API_CONNECTIONS + OTHER_CONNECTIONS
    assert int(settings(database(objects).main).get("max_connections", "100")) >= needed


def test_it_is_durable() -> None:
    """A 2xx means flushed to disk."""
    given: dict[str, Any] = settings(database(build("overlays/production")).main)
    assert given.get("fsync", "on") == "on" and given.get("synchronous_commit", "on") == "on"
    assert given.get("full_page_writes", "on") == "on"


def test_memory_holds_what_the_settings_promise() -> None:
    for name in ("overlays/minikube", "overlays/production"):
        main = database(build(name)).main
        shared = settings(main).get("shared_buffers", "128MB").replace("MB", "Mi").replace("GB", "Gi")
        assert quantity(shared) <= quantity(main.spec["resources"]["limits"]["memory"]) / 2
