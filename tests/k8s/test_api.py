"""The API: two replicas, replaced without an error."""

from __future__ import annotations

import pytest
from manifests import BUILDS, Container, Object, Workload, build, find, of_kind, workload
from network import selects

SHUTDOWN_SECONDS = 10
# Until every node knows that the pod is gone, new connections still come in.
LEAVING_SECONDS = 5


def api(objects: list[Object]) -> Workload:
    return workload(objects, "Deployment", "edtech-api")


def environment(container: Container) -> dict[str, str | None]:
    return {name: entry.get("value") for name, entry in container.env.items()}


def before(objects: list[Object]) -> dict[str, list[str]]:
    """The command lines of the init containers, in order."""
    return {container.name: container.words for container in api(objects).containers if container.kind == "init"}


@pytest.mark.parametrize("name", [name for name in BUILDS if "autoscaling" not in name and "production" not in name])
def test_two_replicas(name: str) -> None:
    assert api(build(name)).object["spec"]["replicas"] == 2


@pytest.mark.parametrize("name", BUILDS)
def test_a_rolling_update_never_has_fewer(name: str) -> None:
    strategy = api(build(name)).object["spec"]["strategy"]
    assert strategy.get("type", "RollingUpdate") == "RollingUpdate"
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@pytest.mark.parametrize("name", BUILDS)
def test_it_drains_before_it_goes(name: str) -> None:
    main = api(build(name)).main
    # `sleep` as an action of its own came with 1.30; the image has the program.
    command = main.spec["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "/bin/sleep" and int(command[1]) >= LEAVING_SECONDS
    shutdown = int(main.value("EDTECH_SHUTDOWN_SECONDS") or SHUTDOWN_SECONDS)
    assert api(build(name)).pod["terminationGracePeriodSeconds"] > int(command[1]) + shutdown


@pytest.mark.parametrize("name", BUILDS)
def test_probes(name: str) -> None:
    main = api(build(name)).main
    paths = {
        probe: main.spec[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
    assert {main.spec[probe]["httpGet"]["port"] for probe in paths} <= {"http", 8000}


@pytest.mark.parametrize("name", BUILDS)
def test_one_replica_stays_when_a_node_is_emptied(name: str) -> None:
    budgets = [
        budget
        for budget in of_kind(build(name), "PodDisruptionBudget")
        if selects(budget["spec"]["selector"], api(build(name)).labels)
    ]
    assert [budget["spec"].get("minAvailable") for budget in budgets] == [1]


@pytest.mark.parametrize("name", BUILDS)
def test_replicas_spread_over_nodes(name: str) -> None:
    spreads = api(build(name)).pod["topologySpreadConstraints"]
    assert "kubernetes.io/hostname" in {spread["topologyKey"] for spread in spreads}
    for spread in spreads:
        assert selects(spread["labelSelector"], api(build(name)).labels)
        # A laptop is one node.
        assert spread["whenUnsatisfiable"] == "ScheduleAnyway" or name == "overlays/production"


@pytest.mark.parametrize("name", BUILDS)
def test_behind_a_service_and_metrics_not(name: str) -> None:
    service = find(build(name), "Service", "edtech-api")
    assert [port["port"] for port in service["spec"]["ports"]] == [8000]
    assert {"http": 8000, "metrics": 9100}.items() <= api(build(name)).main.ports.items()


@pytest.mark.parametrize("name", BUILDS)
def test_the_schema_comes_first_then_the_clients(name: str) -> None:
    words = before(build(name))
    with_airflow = ["client-airflow"] if has_airflow(name) else []
    assert list(words) == ["migrate", "client-simulator", *with_airflow]
    assert words["migrate"][-1] == "migrate"
    put = " ".join(words["client-simulator"])
    assert "client put" in put and scopes(words["client-simulator"]) == {"ingest", "roster", "read"}
    if with_airflow:
        assert scopes(words["client-airflow"]) == {"read", "report"}


def has_airflow(name: str) -> bool:
    return "airflow" in name or name.startswith("overlays/")


def scopes(words: list[str]) -> set[str]:
    """Of `--scope a,b`, or of `--scope=a,b`."""
    joined = " ".join(words).replace("--scope=", "--scope ")
    return set(joined.split("--scope ")[1].split()[0].split(","))


@pytest.mark.parametrize("name", BUILDS)
def test_it_is_told_where_and_who_it_is(name: str) -> None:
    told = environment(api(build(name)).main)
    assert told["DATABASE_URL"] == "postgres://edtech:$(DB_PASSWORD)@db-service:5432/edtech"
    assert (told["HOST"], told.get("PORT") or "8000") == ("0.0.0.0", "8000")
    assert told["EDTECH_METRICS_LISTEN"] == "0.0.0.0:9100"
    assert told["EDTECH_BENCHMARKS"] == "off"
    assert told["EDTECH_BOOTSTRAP_CLIENT_ID"] == "school"
    assert {"EDTECH_JWT_SIGNING_KEY_FILE", "EDTECH_BOOTSTRAP_CLIENT_SECRET_FILE"} <= set(told)
    key = api(build(name)).main.env["EDTECH_ERASURE_KEY"]["valueFrom"]["secretKeyRef"]
    assert key == {"name": "erasure-credentials", "key": "erasure-key"}
    assert told["EDTECH_DATA_DIR"] == "/var/lib/edtech"


@pytest.mark.parametrize("name", BUILDS)
def test_all_its_commands_mean_the_same_database(name: str) -> None:
    urls = {container.value("DATABASE_URL") for container in api(build(name)).containers}
    assert len(urls) == 1
    passwords = {str(container.env["DB_PASSWORD"]["valueFrom"]) for container in api(build(name)).containers}
    assert len(passwords) == 1


@pytest.mark.parametrize("name", BUILDS)
def test_one_of_airflow_and_the_api_makes_the_daily_report(name: str) -> None:
    if has_airflow(name):
        assert "EDTECH_DAILY_REPORT_AT" not in environment(api(build(name)).main)


@pytest.mark.parametrize("name", ["base+autoscaling", "overlays/production"])
def test_it_is_scaled_by_its_load(name: str) -> None:
    [scaler] = of_kind(build(name), "HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] == "edtech-api"
    assert "replicas" not in api(build(name)).object["spec"]
    assert scaler["spec"]["minReplicas"] == (3 if name == "overlays/production" else 2)
    assert scaler["spec"]["maxReplicas"] == 6
    [metric] = scaler["spec"]["metrics"]
    assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
