"""No secret is in Git; the bootstrap Job makes them, and may do nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from manifests import BUILDS, Container, Object, build, containers, label, of_kind, workloads
from references import references
from secrets_made import SECRETS

# A name is of a secret where one of its words is.
SECRET_WORDS = {"PASSWORD", "PASSWD", "PASS", "PWD", "SECRET", "SECRETS", "KEY", "TOKEN", "CREDENTIALS", "PASSPHRASE"}
EXPANSION = re.compile(r"\$\([A-Za-z0-9_]+\)")
URL_PASSWORD = re.compile(r"://[^/\s:@]*:([^@/\s]+)@")
PLAIN_TEXT = (".yaml", ".yml", ".ini", ".cfg", ".json", ".env", ".toml")
ASSIGNED = re.compile(r"""["']?[A-Za-z_-]*(?:password|secret|token)["']?\s*[:=]\s*["']?([^"'\s,}]+)""", re.IGNORECASE)


def sounds_secret(name: str) -> bool:
    # A file's name is none, and all who read files say so with this word.
    return not name.endswith("_FILE") and bool(set(re.split(r"[_\W]+", name.upper())) & SECRET_WORDS)


def literal_secrets(container: Container) -> list[str]:
    """Environment that holds a secret as it is, by its own name or inside something else."""
    found = []
    for name, entry in container.env.items():
        value = entry.get("value") or ""
        if sounds_secret(name) and EXPANSION.sub("", value):
            found.append(f"{container}: {name}")
        found += [f"{container}: {name}" for password in URL_PASSWORD.findall(value) if EXPANSION.sub("", password)]
        found += [f"{container}: {name} {key}" for key in literals_in_json(value)]
    for word in container.words:
        found += [f"{container}: {word[:20]}" for password in URL_PASSWORD.findall(word) if password[0] not in "$%"]
    return found


def literals_in_json(value: str) -> list[str]:
    try:
        known = json.loads(value)
    except ValueError:
        return []
    if not isinstance(known, dict):
        return []
    return [key for key, inner in known.items() if sounds_secret(key) and EXPANSION.sub("", str(inner))]


def secrets_in_configuration(objects: list[Object]) -> list[str]:
    """A password beside its name, in a file that a ConfigMap brings. What begins with `$` is put in later."""
    found = []
    for item in of_kind(objects, "ConfigMap"):
        for key, text in item.get("data", {}).items():
            if key.endswith(PLAIN_TEXT):
                plain = [
                    value
                    for value in ASSIGNED.findall(text)
                    if value[0] not in "${<|>" and value not in ("true", "false", "null")
                ]
                found += [f"{label(item)} {key}: {value}" for value in plain]
    return found


@pytest.mark.parametrize("name", BUILDS)
def test_no_secret_is_in_git(name: str) -> None:
    objects = build(name)
    assert [label(item) for item in of_kind(objects, "Secret")] == []
    assert [fault for container in containers(objects) for fault in literal_secrets(container)] == []
    assert secrets_in_configuration(objects) == []


def test_nothing_is_made_that_nobody_uses() -> None:
    used = {each.name for each in references(build("overlays/production")) if each.kind == "Secret"}
    assert used == set(SECRETS)


@pytest.mark.parametrize("name", BUILDS)
def test_the_bootstrap_job_may_create_secrets_and_nothing_else(name: str) -> None:
    objects = build(name)
    assert of_kind(objects, "ClusterRole", "ClusterRoleBinding") == []
    [role] = of_kind(objects, "Role")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}]
    [binding] = of_kind(objects, "RoleBinding")
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": role["metadata"]["name"],
    }
    job = bootstrap(objects)
    [subject] = binding["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", job.pod["serviceAccountName"])
    # Without one it is the account of the binding's own namespace, whichever that is.
    assert subject.get("namespace") == role["metadata"].get("namespace")
    others = [each for each in workloads(objects) if each.pod.get("serviceAccountName") == subject["name"]]
    assert list(map(str, others)) == [str(job)]


def bootstrap(objects: list[Object]) -> Any:
    [job] = [each for each in workloads(objects) if each.kind == "Job" and "bootstrap" in each.name]
    return job


@pytest.mark.parametrize(
    "environment",
    [
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"name": "AIRFLOW__CORE__FERNET_KEY", "value": "abc="},
        {"name": "DATABASE_URL", "value": "postgres://edtech:hunter2@db/edtech"},
        {"name": "DATABASE_URL", "value": "postgres://edtech:x$(DB_PASSWORD)@db/edtech"},
        {"name": "AIRFLOW_CONN_EDTECH_API", "value": '{"login": "airflow", "password": "hunter2"}'},
    ],
)
def test_a_secret_is_found(environment: Object) -> None:
    assert literal_secrets(Container("Pod/x", "x", {"env": [environment]}, "main"))


@pytest.mark.parametrize(
    "environment",
    [
        {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db-credentials", "key": "edtech-password"}}},
        {"name": "DATABASE_URL", "value": "postgres://edtech:$(DB_PASSWORD)@db-service:5432/edtech"},
        {"name": "EDTECH_JWT_SIGNING_KEY_FILE", "value": "/run/secrets/signing-key"},
        {"name": "GF_SECURITY_ADMIN_PASSWORD__FILE", "value": "/run/secrets/admin-password"},
        {"name": "AIRFLOW_CONN_EDTECH_API", "value": '{"login": "airflow", "password": "$(CLIENT_SECRET)"}'},
        {"name": "HOST", "value": "0.0.0.0"},
    ],
)
def test_what_is_none_is_left_alone(environment: Object) -> None:
    assert literal_secrets(Container("Pod/x", "x", {"env": [environment]}, "main")) == []


def test_a_secret_in_a_file_is_found() -> None:
    text = yaml.safe_dump({"datasources": [{"secureJsonData": {"password": "hunter2"}}]})
    item = {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"datasource.yaml": text}}
    assert secrets_in_configuration([item]) == ["ConfigMap/x datasource.yaml: hunter2"]
    item["data"]["datasource.yaml"] = text.replace("hunter2", "$__file{/run/secrets/grafana-password}")
    assert secrets_in_configuration([item]) == []
