"""The script of the bootstrap Job, run for real; only the API server is made up."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from manifests import build, containers, of_kind
from secrets_made import SECRETS
from test_secrets import bootstrap

HERE = Path(__file__).parent
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN = "the-token-of-the-account"
NAMESPACE = "somewhere"

# A script that waits for an API server is told at once that time has passed.
SLEEP = "#!/bin/sh\n"
RUN_SECONDS = 60


@dataclass
class Run:
    """What the script did, and what it said."""

    status: int
    said: str
    requests: list[dict[str, Any]]

    @property
    def secrets(self) -> dict[str, dict[str, str]]:
        """Each Secret that was posted, decoded."""
        return {body["metadata"]["name"]: values(body) for body in map(json.loads, self.bodies)}

    @property
    def bodies(self) -> list[str]:
        return [request["body"] for request in self.requests]


def values(secret: dict[str, Any]) -> dict[str, str]:
    decoded = {key: base64.b64decode(value, validate=True).decode() for key, value in secret.get("data", {}).items()}
    return decoded | secret.get("stringData", {})


def script() -> str:
    """As the ConfigMap brings it."""
    scripts = [
        text
        for item in of_kind(build("base"), "ConfigMap")
        for key, text in item["data"].items()
        if key == "bootstrap.sh"
    ]
    assert len(scripts) == 1
    return scripts[0]


def run(place: Path, status: int = 201) -> Run:
    """With the account's files, the variables of a pod and of the manifest, and the tools of this machine."""
    account, tools = place / "account", place / "tools"
    for directory in (account, tools):
        directory.mkdir(exist_ok=True)
    (account / "token").write_text(TOKEN)
    (account / "namespace").write_text(NAMESPACE)
    (account / "ca.crt").write_text("a certificate")
    write_tool(tools / "curl", f'#!/bin/sh\nexec "{sys.executable}" -I -S "{HERE / "fake_curl.py"}" "$@"\n')
    write_tool(tools / "sleep", SLEEP)
    (place / "bootstrap.sh").write_text(script().replace(ACCOUNT, str(account)))
    log = place / "requests.jsonl"
    log.write_text("")
    job = bootstrap(build("base"))
    told = {name: entry["value"] for name, entry in job.main.env.items() if "value" in entry}
    done = subprocess.run(
        ["sh", place / "bootstrap.sh"],
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "TMPDIR": str(place),
            "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            "KUBERNETES_SERVICE_PORT": "443",
            "KUBERNETES_SERVICE_PORT_HTTPS": "443",
            "FAKE_CURL_LOG": str(log),
            "FAKE_CURL_STATUS": str(status),
            **{name: value.replace(ACCOUNT, str(account)) for name, value in told.items()},
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout, [json.loads(line) for line in log.read_text().splitlines()])


def write_tool(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("bootstrap"))


def test_it_posts_each_secret_once(made: Run) -> None:
    assert made.status == 0, made.said
    assert len(made.requests) == len(SECRETS) == len(made.secrets)
    for request in made.requests:
        assert request["method"] == "POST"
        [url] = request["url"]
        assert url.startswith("https://") and url.endswith(f"/api/v1/namespaces/{NAMESPACE}/secrets")
        assert f"Authorization: Bearer {TOKEN}" in request["headers"]
        assert any(header.lower().replace(" ", "") == "content-type:application/json" for header in request["headers"])
        assert request["ca"] is not None and request["ca"].endswith("account/ca.crt") and not request["insecure"]


def test_what_it_posts_is_a_secret(made: Run) -> None:
    for body in map(json.loads, made.bodies):
        assert (body["apiVersion"], body["kind"], body.get("type", "Opaque")) == ("v1", "Secret", "Opaque")
        assert body["metadata"].get("namespace", NAMESPACE) == NAMESPACE
        assert body["metadata"]["labels"]["app.kubernetes.io/part-of"] == "edtech-stream"


def test_it_makes_what_the_manifests_refer_to(made: Run) -> None:
    assert {name: set(keys) for name, keys in made.secrets.items()} == {
        name: set(keys) for name, keys in SECRETS.items()
    }
    for name, forms in SECRETS.items():
        for key, is_right in forms.items():
            assert is_right(made.secrets[name][key]), f"{name} {key}: {made.secrets[name][key]!r}"


def test_no_two_values_are_the_same(made: Run, tmp_path: Path) -> None:
    """Neither in one run nor in two."""
    runs = [made.secrets, run(tmp_path).secrets]
    all_values = [value for secrets in runs for keys in secrets.values() for value in keys.values()]
    assert len(set(all_values)) == len(all_values) == 2 * sum(map(len, SECRETS.values()))


def test_it_says_nothing_secret(made: Run) -> None:
    for value in (TOKEN, *(value for keys in made.secrets.values() for value in keys.values())):
        assert value not in made.said
        assert base64.b64encode(value.encode()).decode() not in made.said


def test_what_is_there_already_is_left(tmp_path: Path) -> None:
    again = run(tmp_path, 409)
    assert again.status == 0, again.said
    assert len(again.requests) == len(SECRETS)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 422, 500, 503, 0])
def test_any_other_answer_fails(tmp_path: Path, status: int) -> None:
    """And says what the API server said; 0 is one that is away."""
    failed = run(tmp_path, status)
    assert failed.status != 0
    if status:
        assert str(status) in failed.said
        assert f"the API server says {status}" in failed.said
    for secrets in failed.secrets.values():
        assert [value for value in secrets.values() if value in failed.said] == []


def test_it_runs_in_the_shell_of_its_image() -> None:
    """Busybox: no bashisms. `dash` is as strict."""
    shell = shutil.which("dash") or shutil.which("sh")
    assert shell is not None
    done = subprocess.run([shell, "-n"], input=script(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in script().splitlines()]
    assert "set -eu" in lines
    assert not any(line.startswith("set -x") or "[[" in line for line in lines)


def test_the_job_runs_it() -> None:
    job = bootstrap(build("base/database"))
    assert job.main.image.startswith("curlimages/curl:")
    assert any(word.endswith("bootstrap.sh") for word in job.main.words)
    assert {container.image for container in containers(build("base")) if "curl" in container.image} == {job.main.image}
