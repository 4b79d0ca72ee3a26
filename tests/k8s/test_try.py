"""`make k8s-test`, in a cluster that is made up: what it does, what it finds, and what it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import try_cluster
from cluster import POLL_SECONDS, Clock
from manifests import Workload
from pod_security import violations
from test_images import loose

HERE = Path(__file__).parent
PATIENCE = 30
LOOKING_AGAIN = 40


class FakeCluster(Clock):
    """A kubectl on the PATH, and time that passes as soon as somebody waits."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        tools = place / "tools"
        tools.mkdir()
        kubectl = tools / "kubectl"
        kubectl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{HERE / "fake_kubectl.py"}" "$@"\n')
        kubectl.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        monkeypatch.setenv("FAKE_CLUSTER", str(place))
        for name, text in (("clock", "0"), ("faults", "{}"), ("calls", "")):
            (place / name).write_text(text)
        self.begin(None)

    def begin(self, namespace: str | None) -> None:
        (self.place / "state").write_text(json.dumps({"namespace": namespace, "simulators": 0, "logs": 0, "since": 0}))

    def now(self) -> float:
        return float((self.place / "clock").read_text())

    def sleep(self, seconds: float) -> None:
        # Nothing is found sooner by looking more often.
        passed = LOOKING_AGAIN if seconds == POLL_SECONDS else seconds
        (self.place / "clock").write_text(str(self.now() + passed))

    def fault(self, **faults: Any) -> None:
        (self.place / "faults").write_text(json.dumps(faults))

    def run(self, **environment: str) -> int:
        return try_cluster.main({"YES": "1"} | environment, self)

    @property
    def calls(self) -> list[str]:
        return [" ".join(json.loads(line)) for line in (self.place / "calls").read_text().splitlines()]

    @property
    def applied(self) -> list[str]:
        return [path.read_text() for path in sorted(self.place.glob("applied-*"))]

    @property
    def is_empty(self) -> bool:
        return json.loads((self.place / "state").read_text())["namespace"] is None


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    return FakeCluster(tmp_path, monkeypatch)


def rows(printed: str) -> dict[str, tuple[str, str]]:
    """The table: what was measured, and the verdict."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines() if line[:2] == "| "]
    return {cell[0]: (cell[1], cell[3]) for cell in cells[1:]}


def failed(printed: str) -> list[str]:
    return [what for what, (_, verdict) in rows(printed).items() if verdict != "ok"]


def test_all_is_well(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert fake.run() == 0
    printed = capsys.readouterr().out
    assert "context    minikube, Kubernetes v1.33.1" in printed
    table = rows(printed)
    assert failed(printed) == []
    assert list(table) == [
        "from nothing to every pod ready",
        "kubectl get pods -l app=db",
        "kubectl get svc db-service",
        "logs a minute, simulators: 1",
        "logs a minute, simulators: 2",
        "logs a minute, simulators: 4",
        "today's logs, in all, by classroom, by lesson",
        "learners of today, of all",
        "logs in the analytics, and in the database",
        "the API is rolled",
        "errors while it is rolled",
        "logs that were acknowledged",
        "logs that outlive the database's pod",
        "until logs come in again",
        "logs a minute afterwards, simulators: 4",
        "restarts of the API meanwhile",
        "edtech-api verify",
        "the namespace is gone",
    ]
    assert [table[f"logs a minute, simulators: {n}"][0] for n in (1, 2, 4)] == ["12.0", "24.0", "48.0"]
    assert table["errors while it is rolled"][0] == "0 of 15000"
    assert table["the API is rolled"][0] == "40 s, under load"
    assert fake.is_empty
    assert fake.calls[-1].startswith("delete namespace edtech-try --wait=true")

    assert fake.applied[:2] == [(HERE.parents[1] / path).read_text() for path in try_cluster.FILES]
    load = Workload(json.loads(fake.applied[2]))
    assert violations(load.template) == [] and loose([load.object]) == []
    assert load.labels["app"] == "edtech-simulator"


def test_images_may_be_in_a_registry(fake: FakeCluster) -> None:
    fake.fault(fail=["scale"])
    fake.run(REGISTRY="registry.example:5000/school/")
    images = re.findall(r"image: (\S+)", "".join(fake.applied))
    ours = {image for image in images if "edtech-" in image}
    assert ours and all(image.startswith("registry.example:5000/school/edtech-") for image in ours)
    assert any(image.startswith("postgres:") for image in images)


# What goes wrong, the row that says so, and what it measures.
FAULTS: list[tuple[dict[str, Any], str, str | None]] = [
    ({"rate": 0.5}, "logs a minute, simulators: 1", "6.0"),
    ({"rate": 0.5}, "logs a minute afterwards, simulators: 4", "24.0"),
    ({"wrong_sum": 1}, "today's logs, in all, by classroom, by lesson", None),
    ({"errors": {"503": 2, "closed": 1}}, "errors while it is rolled", "3 of 15000 (503, closed)"),
    ({"lost": 1}, "logs that were acknowledged", "1 lost, 0 twice, of 15000"),
    ({"loading": 1}, "the API is rolled", "40 s, longer than the load"),
    ({"forgets": 1}, "logs that outlive the database's pod", None),
    ({"restarts": 1}, "restarts of the API meanwhile", "2"),
    ({"differences": True}, "edtech-api verify", None),
]


def test_what_is_wrong_is_found(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    """Each in its row, and the rest is tried all the same."""
    fake.fault(**{name: value for faults, _, _ in FAULTS for name, value in faults.items()})
    assert fake.run() == 1
    printed = capsys.readouterr().out
    for faults, what, measured in FAULTS:
        assert what in failed(printed), faults
        assert measured in (None, rows(printed)[what][0])
    fine = [what for what, (_, verdict) in rows(printed).items() if verdict == "ok"]
    assert "kubectl get pods -l app=db" in fine and fine[-1] == "the namespace is gone" and fake.is_empty


def test_without_an_image_it_says_how_to_make_one(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    fake.fault(no_image="edtech-api")
    assert fake.run() == 1
    printed = capsys.readouterr().out
    assert "pod/edtech-api-0 has no image edtech-api:0.1.0: not found" in printed
    assert "minikube image build" in printed and "docker build" in printed
    assert failed(printed) == ["all of it was tried"] and fake.is_empty


def test_what_never_starts_is_named(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    fake.fault(never_ready=True)
    assert fake.run() == 1
    assert "every pod is ready: not within 900 s: " in (printed := capsys.readouterr().out)
    assert "statefulset/db" in printed and "job/bootstrap" in printed and fake.is_empty


@pytest.mark.parametrize("command", ["apply", "port-forward"])
def test_a_command_that_fails_ends_it_and_nothing_is_left(
    fake: FakeCluster, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    fake.fault(fail=[command])
    assert fake.run() == 1
    assert f"Error: the server could not {command}" in (printed := capsys.readouterr().out)
    assert "all of it was tried" in failed(printed) and fake.is_empty


def test_a_namespace_that_cannot_be_removed_is_named(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    fake.fault(fail=["scale", "delete namespace"])
    assert fake.run() == 1
    printed = capsys.readouterr().out
    assert "remove it by hand: kubectl delete namespace edtech-try" in printed
    assert failed(printed) == ["all of it was tried", "the namespace is gone"]


def test_a_namespace_that_is_there_is_left_alone(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    fake.begin("edtech-try")
    assert fake.run() == 2
    assert "the namespace edtech-try is there already" in capsys.readouterr().out
    assert not any(call.startswith(("create", "delete", "--namespace")) for call in fake.calls)


def test_a_namespace_that_somebody_makes_meanwhile_is_left_alone(fake: FakeCluster) -> None:
    """The fake has room for one: it finds none of that name, and cannot make it."""
    fake.begin("another")
    assert fake.run() == 2
    assert fake.calls[-1].startswith("create")


@pytest.mark.parametrize("reply", ["", "n", "no", "what?"])
def test_it_asks_first(fake: FakeCluster, monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: reply)
    assert fake.run(YES="") == 2
    assert not any(call.startswith("create") for call in fake.calls)


def test_with_nobody_to_ask_it_does_nothing(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert fake.run(YES="") == 2
    assert "YES=1" in capsys.readouterr().out and not any(call.startswith("create") for call in fake.calls)


def test_an_older_cluster_is_refused(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    fake.fault(version="v1.27.16+k3s1")
    assert fake.run() == 2
    assert "1.28 or newer" in capsys.readouterr().out


def test_it_can_be_left_there(fake: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    fake.fault(fail=["scale"])
    assert fake.run(KEEP="1") == 1
    assert "kubectl delete namespace edtech-try" in capsys.readouterr().out and not fake.is_empty


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "told to stop"])
def test_interrupted_it_still_tears_down(fake: FakeCluster, number: int) -> None:
    """The real program, in real time, waiting for pods that never come."""
    fake.fault(never_ready=True)
    program = [sys.executable, HERE / "try_cluster.py"]
    process = subprocess.Popen(program, env=os.environ | {"YES": "1"}, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not any("get pods,deployments" in call for call in fake.calls):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "interrupted" in printed and rows(printed)["the namespace is gone"][1] == "ok"
    assert fake.is_empty


def test_without_kubectl_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert try_cluster.main({"YES": "1"}, Clock()) == 2
    assert "kubectl is not installed" in capsys.readouterr().out
