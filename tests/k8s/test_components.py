"""The smaller components: ingress, monitoring, backup."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
import yaml
from manifests import BUILDS, K8S, Object, Workload, build, find, of_kind, workloads
from network import selects
from test_every_pod import CHECKS, with_token
from test_images import loose
from test_references import dangling

CRON = re.compile(r"(\S+ ){4}\S+|@(hourly|daily|weekly|monthly)")


def with_component(component: str) -> list[str]:
    return [name for name in BUILDS if component in name or name == "overlays/production"]


def running(objects: list[Object], image: str) -> Workload:
    [found] = [each for each in workloads(objects) if any(image in container.image for container in each.containers)]
    return found


@pytest.mark.parametrize("name", with_component("ingress"))
def test_the_ingress_leads_to_the_api(name: str) -> None:
    ingresses = of_kind(build(name), "Ingress")
    backends = [
        path["backend"]["service"]["name"]
        for one in ingresses
        for rule in one["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    assert "edtech-api" in backends
    assert not {"db-service", "airflow-db", "simulator-service", "edtech-api-metrics"} & set(backends)
    for ingress in ingresses:
        # Passwords and tokens go over it.
        assert ingress["spec"].get("tls"), ingress["metadata"]["name"]


@pytest.mark.parametrize("name", with_component("ingress"))
def test_no_network_of_clients_is_believed(name: str) -> None:
    """Whoever is named may say that it is somebody else, and schools have private networks."""
    [value] = [
        item["data"]["trusted-proxies"]
        for item in of_kind(build(name), "ConfigMap")
        if "trusted-proxies" in item.get("data", {})
    ]
    named = [ip_network(each) for each in value.split(",")]
    assert named
    # What distributions give to pods by default.
    pods = [ip_network("10.244.0.0/16"), ip_network("10.42.0.0/16")]
    assert [each for each in named if not any(each.subnet_of(pod) for pod in pods)] == []


@pytest.mark.parametrize("name", with_component("monitoring"))
def test_prometheus_finds_every_replica(name: str) -> None:
    objects = build(name)
    prometheus = running(objects, "prom/prometheus")
    [text] = [
        text for item in of_kind(objects, "ConfigMap") for key, text in item["data"].items() if key == "prometheus.yml"
    ]
    configuration = yaml.safe_load(text)
    jobs = {job["job_name"]: job for job in configuration["scrape_configs"]}
    targets = yaml.safe_dump(jobs)
    assert "edtech-api-metrics" in targets and "simulator" in targets
    # It has no token to ask the Kubernetes API with.
    assert not any("kubernetes_sd_configs" in job for job in jobs.values())
    assert prometheus.replicas == 1


@pytest.mark.parametrize("name", with_component("monitoring"))
def test_metrics_have_a_service_without_an_address(name: str) -> None:
    """A name that stands for every replica, so that each is asked."""
    service = find(build(name), "Service", "edtech-api-metrics")
    assert service["spec"]["clusterIP"] == "None"
    assert [port["port"] for port in service["spec"]["ports"]] == [9100]
    [behind] = [
        each for each in workloads(build(name)) if selects({"matchLabels": service["spec"]["selector"]}, each.labels)
    ]
    assert behind.name == "edtech-api"


@pytest.mark.parametrize("name", with_component("backup"))
def test_a_backup_is_made_on_its_own(name: str) -> None:
    [job] = of_kind(build(name), "CronJob")
    spec = job["spec"]
    assert CRON.fullmatch(spec["schedule"])
    # Two at a time would write the same file.
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] in ("Never", "OnFailure")


@pytest.mark.parametrize("name", with_component("backup"))
def test_a_backup_is_kept_on_a_volume_of_its_own(name: str) -> None:
    objects = build(name)
    [job] = [each for each in workloads(objects) if each.kind == "CronJob"]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in job.mounted.values()
        if "persistentVolumeClaim" in volume
    }
    assert claims <= {item["metadata"]["name"] for item in of_kind(objects, "PersistentVolumeClaim")} and claims
    assert "pg_dump" in " ".join(word for container in job.containers for word in container.words) or any(
        "pg_dump" in text for item in of_kind(objects, "ConfigMap") for text in item["data"].values()
    )


@pytest.mark.parametrize("name", with_component("backup"))
def test_a_backup_is_of_the_server_s_version(name: str) -> None:
    """An older pg_dump refuses a newer server."""
    objects = build(name)
    [job] = [each for each in workloads(objects) if each.kind == "CronJob"]
    database = next(each for each in workloads(objects) if each.name == "db")
    assert {container.image for container in job.containers} == {database.main.image}


def test_what_restores_is_as_good_a_pod() -> None:
    """It is applied by hand, and so is part of no build."""
    restore = yaml.safe_load((K8S / "components" / "backup" / "restore.yaml").read_text())
    name = restore["metadata"].pop("generateName")
    restore["metadata"]["name"] = f"{name}x"
    together = [*build("base+backup"), restore]
    for check in CHECKS:
        assert check([restore]) == [], check.__name__
    assert loose([restore]) == dangling(together) == []
    assert str(Workload(restore)) not in with_token(together)
    [copies] = [each for each in workloads(together) if each.kind == "CronJob"]
    claims = [set(re.findall("'claimName': '([^']+)'", str(each.pod))) for each in (copies, Workload(restore))]
    assert claims[0] == claims[1]
