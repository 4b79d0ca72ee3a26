"""One namespace of a cluster, by way of kubectl alone."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Object = dict[str, Any]

POLL_SECONDS = 2
# A command that takes longer talks to a cluster that is not there.
COMMAND_SECONDS = 120
# What a pod waits for in vain; other reasons are those of pods that start.
PULLING = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")


class ClusterError(Exception):
    """What was wanted cannot be had; the text says why."""


class Clock:
    """Time as it goes; tests have another."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Cluster:
    """What kubectl does in one namespace of the current context."""

    def __init__(self, namespace: str, clock: Clock) -> None:
        self.namespace = namespace
        self.clock = clock

    def kubectl(self, *words: str, given: str | None = None, seconds: float = COMMAND_SECONDS) -> str:
        """What a command prints. It has a session of its own: Ctrl-C is for us, and what we still do after it works."""
        command = ["kubectl", *words]
        try:
            done = subprocess.run(
                command,
                input=given,
                stdin=None if given is not None else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
                start_new_session=True,
                check=False,
            )
        except FileNotFoundError:
            raise ClusterError("kubectl is not installed") from None
        except subprocess.TimeoutExpired:
            raise ClusterError(f"`{' '.join(command)}` takes more than {seconds:.0f} s") from None
        if done.returncode != 0:
            raise ClusterError(f"`{' '.join(command)}`: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def here(self, *words: str, **more: Any) -> str:
        return self.kubectl("--namespace", self.namespace, *words, **more)

    def read(self, *words: str) -> Any:
        return json.loads(self.here("get", *words, "--output=json"))

    def context(self) -> str:
        return self.kubectl("config", "current-context").strip()

    def version(self) -> str:
        return json.loads(self.kubectl("version", "--output=json"))["serverVersion"]["gitVersion"]

    def exists(self) -> bool:
        return bool(self.kubectl("get", "namespace", self.namespace, "--ignore-not-found", "--output=name").strip())

    def create(self) -> None:
        """The namespace, which admits nothing that is not restricted. Fails where somebody else was faster."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.namespace, "labels": labels},
        }
        self.kubectl("create", "--filename=-", given=json.dumps(body))

    def remove(self, seconds: float) -> None:
        wait = f"--timeout={seconds:.0f}s"
        self.kubectl("delete", "namespace", self.namespace, "--wait=true", wait, seconds=seconds + 30)

    def apply(self, text: str) -> None:
        self.here("apply", "--filename=-", given=text)

    def wait(self, what: str, done: Callable[[], str | None], seconds: float) -> float:
        """Asks until nothing is missing any more; answers how long that took, or fails with what is still missing."""
        begun = self.clock.now()
        while (missing := done()) is not None:
            if self.clock.now() - begun > seconds:
                raise ClusterError(f"{what}: not within {seconds:.0f} s: {missing}")
            self.clock.sleep(POLL_SECONDS)
        return self.clock.now() - begun

    def unready(self) -> str | None:
        """What is not ready yet; fails where an image cannot be had, since no waiting helps."""
        items = self.read("pods,deployments,statefulsets,jobs")["items"]
        for pod in (item for item in items if item["kind"] == "Pod"):
            fail_without_image(pod)
        found = [label(item) for item in items if not ready(item)]
        return ", ".join(sorted(found)) or (None if items else "nothing is there")

    def pods(self, app: str) -> list[Object]:
        """Those that are not on their way out."""
        items = self.read("pods", f"--selector=app={app}")["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    @contextmanager
    def forward(self, what: str, port: int) -> Iterator[str]:
        """An address on this machine that leads to a Service. It ends with the pod that it leads to."""
        command = ["kubectl", "--namespace", self.namespace, "port-forward", what, f":{port}"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            assert process.stdout is not None and process.stderr is not None
            line = process.stdout.readline()
            if "Forwarding from" not in line:
                raise ClusterError(f"`{' '.join(command)}`: {process.stderr.read().strip()}")
            yield "http://" + line.split("Forwarding from ")[1].split(" ")[0]
        finally:
            process.kill()
            process.communicate()


def label(item: Object) -> str:
    return f"{item['kind'].lower()}/{item['metadata']['name']}"


def ready(item: Object) -> bool:
    """A pod that is ready or through, a Job that is done, another whose pods are all new and ready."""
    status, kind = item.get("status", {}), item["kind"]
    if kind == "Pod":
        conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
        return status.get("phase") == "Succeeded" or conditions.get("Ready") == "True"
    if kind == "Job":
        return status.get("succeeded", 0) >= 1
    wanted = item["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
    counts = [status.get(name, 0) for name in ("replicas", "readyReplicas", "updatedReplicas")]
    return seen and counts == [wanted] * 3


def fail_without_image(pod: Object) -> None:
    status = pod.get("status", {})
    for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in PULLING:
            raise ClusterError(
                f"{label(pod)} has no image {container['image']}: {waiting.get('message', waiting['reason'])}"
            )


def restarts(pods: list[Object]) -> int:
    return sum(each["restartCount"] for pod in pods for each in pod["status"].get("containerStatuses", []))
