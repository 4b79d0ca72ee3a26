"""The checks bite: manifests that are broken on purpose are found to be."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import test_every_pod as every_pod
from manifests import Object, build, find
from quantities import GIB, pod_request, quantity, total_request
from test_images import loose
from test_network import differences
from test_overlays import CORES
from test_references import dangling
from test_secrets import literal_secrets
from test_settings import unknown_to_others, unknown_to_us

Change = Callable[[list[Object]], None]


def broken(change: Change, name: str = "overlays/minikube") -> list[Object]:
    objects = copy.deepcopy(build(name))
    change(objects)
    return objects


def pod(objects: list[Object], kind: str = "Deployment", name: str = "edtech-api") -> Object:
    return find(objects, kind, name)["spec"]["template"]["spec"]


def main(objects: list[Object], kind: str = "Deployment", name: str = "edtech-api") -> Object:
    return pod(objects, kind, name)["containers"][0]


def first(objects: list[Object]) -> Object:
    return pod(objects)["initContainers"][0]


def set_env(name: str, value: str) -> Change:
    return lambda objects: main(objects)["env"].append({"name": name, "value": value})


def settle(container: Object, **changes: object) -> None:
    container.setdefault("securityContext", {}).update(changes)


PODS: list[tuple[every_pod.Check, str, Change]] = [
    (every_pod.without_resources, "no limit", lambda objects: main(objects)["resources"]["limits"].pop("memory")),
    (every_pod.without_resources, "none at first", lambda objects: first(objects).pop("resources")),
    (
        every_pod.without_resources,
        "asks for too much",
        lambda objects: main(objects)["resources"]["requests"].update(cpu="64"),
    ),
    (every_pod.not_restricted, "privileged", lambda objects: settle(main(objects), privileged=True)),
    (every_pod.not_restricted, "privileged at first", lambda objects: settle(first(objects), privileged=True)),
    (every_pod.not_restricted, "may become more", lambda objects: settle(main(objects), allowPrivilegeEscalation=True)),
    (every_pod.not_restricted, "root", lambda objects: settle(main(objects), runAsUser=0)),
    (every_pod.not_restricted, "maybe root", lambda objects: settle(main(objects), runAsNonRoot=False)),
    (every_pod.not_restricted, "drops little", lambda objects: settle(main(objects), capabilities={"drop": ["CHOWN"]})),
    (
        every_pod.not_restricted,
        "one more capability",
        lambda objects: settle(main(objects), capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    ),
    (
        every_pod.not_restricted,
        "unconfined",
        lambda objects: settle(main(objects), seccompProfile={"type": "Unconfined"}),
    ),
    (every_pod.not_restricted, "the node's network", lambda objects: pod(objects).update(hostNetwork=True)),
    (every_pod.not_restricted, "the node's port", lambda objects: main(objects)["ports"][0].update(hostPort=80)),
    (
        every_pod.not_restricted,
        "the node's files",
        lambda objects: pod(objects).setdefault("volumes", []).append({"name": "x", "hostPath": {"path": "/"}}),
    ),
    (every_pod.not_restricted, "unmasked", lambda objects: settle(main(objects), procMount="Unmasked")),
    (every_pod.writable_root, "writable", lambda objects: settle(main(objects), readOnlyRootFilesystem=False)),
    (every_pod.without_probes, "no probe", lambda objects: main(objects).pop("livenessProbe")),
    (every_pod.without_probes, "never ready", lambda objects: main(objects).pop("readinessProbe")),
    (
        every_pod.probes_nothing,
        "the wrong port",
        lambda objects: main(objects)["livenessProbe"]["httpGet"].update(port=8001),
    ),
    (
        every_pod.nameless_ports,
        "a port without a name",
        lambda objects: main(objects)["ports"].append({"containerPort": 1}),
    ),
    (every_pod.expansions_of_nothing, "of nothing", set_env("RUST_LOG", "$(NOTHING)")),
    (
        every_pod.expansions_of_nothing,
        "of what comes later",
        lambda objects: main(objects)["env"].insert(0, {"name": "EARLY", "value": "$(DB_PASSWORD)"}),
    ),
    (every_pod.twice_in_the_environment, "twice", set_env("HOST", "127.0.0.1")),
    (
        every_pod.not_part_of_the_platform,
        "without its label",
        lambda objects: find(objects, "Service", "edtech-api")["metadata"].pop("labels"),
    ),
    (every_pod.with_token, "with a token", lambda objects: pod(objects).update(automountServiceAccountToken=True)),
]


@pytest.mark.parametrize(("check", "what", "change"), PODS, ids=[f"{check.__name__}-{what}" for check, what, _ in PODS])
def test_a_broken_pod_is_found(check: every_pod.Check, what: str, change: Change) -> None:
    before, after = check(build("overlays/minikube")), check(broken(change))
    assert len(after) > len(before), what


def test_a_key_that_no_program_knows_is_found() -> None:
    assert unknown_to_us(broken(set_env("EDTECH_TIMEZONE", "UTC")))

    def misspell(objects: list[Object]) -> None:
        main(objects, name="airflow-scheduler")["env"].append({"name": "AIRFLOW__CORE__PARALELISM", "value": "4"})

    assert unknown_to_others(broken(misspell))


def test_an_image_that_moves_is_found() -> None:
    for image in ("postgres:latest", "edtech-api", "edtech-api:0.0.1"):
        assert loose(broken(lambda objects, image=image: main(objects).update(image=image)))


def test_a_secret_in_the_open_is_found() -> None:
    objects = broken(set_env("EDTECH_JWT_SIGNING_KEY", "x" * 32))
    assert [fault for each in every_pod.containers(objects) for fault in literal_secrets(each)]


def test_a_reference_to_nothing_is_found() -> None:
    def mistype(objects: list[Object]) -> None:
        password = next(entry for entry in main(objects)["env"] if entry["name"] == "DB_PASSWORD")
        password["valueFrom"]["secretKeyRef"]["key"] = "edtech-pasword"

    assert dangling(broken(mistype)) == ["Deployment/edtech-api → Secret/db-credentials edtech-pasword"]


def policy(name: str, who: str, direction: str, peer: str, port: int) -> Object:
    side = {"ingress": "from", "egress": "to"}[direction]
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": {"app": who}},
            "policyTypes": [direction.capitalize()],
            direction: [{side: [{"podSelector": {"matchLabels": {"app": peer}}}], "ports": [{"port": port}]}],
        },
    }


def test_a_flow_too_many_is_found() -> None:
    """Only where both ends allow it."""
    one_end = policy("one", "grafana", "egress", "airflow-db", 5432)
    other_end = policy("other", "airflow-db", "ingress", "grafana", 5432)
    assert differences(broken(lambda objects: objects.append(one_end))) == differences(build("overlays/minikube"))
    _, extra = differences(broken(lambda objects: objects.extend([one_end, other_end])))
    assert "grafana → airflow-db 5432/TCP" in extra


def test_a_flow_too_few_is_found() -> None:
    def close(objects: list[Object]) -> None:
        for item in objects:
            if item["kind"] == "NetworkPolicy" and "grafana" in str(item["spec"]["podSelector"]):
                item["spec"]["egress"] = []

    missing, _ = differences(broken(close))
    assert "grafana → db 5432/TCP" in missing


def test_a_way_out_is_found() -> None:
    open_end = policy("out", "db", "egress", "x", 443)
    open_end["spec"]["egress"] = [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
    _, extra = differences(broken(lambda objects: objects.append(open_end)))
    assert "db → outside 443/TCP" in extra


def test_what_no_laptop_has_is_found() -> None:
    objects = broken(lambda objects: find(objects, "Deployment", "edtech-api")["spec"].update(replicas=100))
    assert total_request(every_pod.workloads(objects), "cpu") > CORES


def test_quantities_and_what_a_pod_asks_for() -> None:
    assert quantity("250m") == quantity("0.25") and quantity("1Gi") == GIB and quantity("1G") == 10**9
    assert quantity(2) == 2 and quantity("128974848000m") == 128974848

    def sized(name: str, cpu: str, **more: str) -> Object:
        return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}

    spec = {
        "initContainers": [sized("a", "800m"), sized("b", "100m", restartPolicy="Always"), sized("c", "600m")],
        "containers": [sized("d", "300m"), sized("e", "300m")],
    }
    one = every_pod.Workload({"kind": "Pod", "metadata": {"name": "x"}, "spec": spec})
    assert pod_request(one, "cpu") == quantity("800m")
    spec["containers"].append(sized("f", "200m"))
    assert pod_request(one, "cpu") == quantity("900m")
