"""The trials of an installation: each step, what it measures and what that must be."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import cached_property
from typing import Any

from cluster import Cluster, ClusterError, restarts

# Every five seconds a replica posts a log.
LOGS_A_MINUTE = 12
WINDOW_SECONDS = 60
# A replica enrols its learners first, and a window begins and ends between two logs.
SETTLING_SECONDS = 20
TOLERANCE = 0.2

# With a slow disk, images that are pulled, and Airflow, which takes its time.
READY_SECONDS = 900
ROLL_SECONDS = 300
RECOVERY_SECONDS = 180

LOAD = "try-load"
LOAD_RATE = 100
LOAD_SECONDS = 150

Add = Callable[[str, str, str, bool], None]


class Trial:
    """An installation that is tried; `add` takes each row of the table."""

    def __init__(self, cluster: Cluster, add: Add) -> None:
        self.cluster = cluster
        self.add = add

    # --- Install ------------------------------------------------------------------------------------------------------

    def install(self, files: list[str]) -> None:
        """The two commands of the original, and then everything is there."""
        begun = self.cluster.clock.now()
        for text in files:
            self.cluster.apply(text)
        self.cluster.wait("every pod is ready", self.cluster.unready, READY_SECONDS)
        seconds = self.cluster.clock.now() - begun
        self.add("from nothing to every pod ready", f"{seconds:.0f} s", f"≤ {READY_SECONDS} s", True)

    def commands_of_the_original(self) -> None:
        """`kubectl get pods -l app=db`, `kubectl get svc db-service`."""
        phases = [pod["status"]["phase"] for pod in self.cluster.pods("db")]
        self.add("kubectl get pods -l app=db", ", ".join(phases) or "none", "Running", phases == ["Running"])
        spec = self.cluster.read("service", "db-service")["spec"]
        said = f"{spec['type']} {', '.join(str(port['port']) for port in spec['ports'])}"
        self.add("kubectl get svc db-service", said, "ClusterIP 5432", said == "ClusterIP 5432")

    # --- Scale --------------------------------------------------------------------------------------------------------

    def scale(self) -> None:
        """Twice the simulators, twice the logs."""
        for replicas in (1, 2, 4):
            self.cluster.here("scale", "deployment/edtech-simulator", f"--replicas={replicas}")
            self.cluster.wait(f"{replicas} simulators", lambda n=replicas: self.other_than(n), READY_SECONDS)
            self.cluster.clock.sleep(SETTLING_SECONDS)
            rate, wanted = self.rate(), replicas * LOGS_A_MINUTE
            holds = abs(rate - wanted) <= TOLERANCE * wanted
            self.add(f"logs a minute, simulators: {replicas}", f"{rate:.1f}", f"{wanted} ± {TOLERANCE:.0%}", holds)

    def other_than(self, replicas: int) -> str | None:
        running = len(self.cluster.pods("edtech-simulator"))
        return self.cluster.unready() if running == replicas else f"{running} pods"

    def rate(self) -> float:
        """Logs that are counted within a minute, by the API's own figures."""
        first, begun = self.logs(), self.cluster.clock.now()
        self.cluster.clock.sleep(WINDOW_SECONDS)
        return (self.logs() - first) / (self.cluster.clock.now() - begun) * 60

    def logs(self) -> int:
        """Of all time: no midnight comes between."""
        return self.get("/analytics/classrooms")["totals"]["streaming_logs"]

    # --- Analytics ----------------------------------------------------------------------------------------------------

    def analytics(self) -> None:
        """The day adds up, and is what the raw log says."""
        daily = self.get("/analytics/daily")
        totals = daily["totals"]["streaming_logs"]
        parts = [sum(item["streaming_logs"] for item in daily[part]) for part in ("classrooms", "lessons")]
        self.add(
            "today's logs, in all, by classroom, by lesson",
            f"{totals}, {parts[0]}, {parts[1]}",
            "equal",
            parts == [totals] * 2,
        )
        active, students = daily["totals"]["active_students"], daily["totals"]["students"]
        self.add("learners of today, of all", f"{active} of {students}", "some", 0 < active <= students)
        before, counted, after = self.stored(), self.logs(), self.stored()
        said = f"{counted}, and {before} to {after} stored"
        self.add("logs in the analytics, and in the database", said, "equal", before <= counted <= after)

    def stored(self, until: str | None = None) -> int:
        """Counted by the database itself; those that had come by a time, which can only become more."""
        when = "" if until is None else f" WHERE received_at <= '{until}'"
        return int(self.ask_database(f"SELECT count(*) FROM streaming_logs{when}"))

    def ask_database(self, query: str) -> str:
        words = ("psql", "--username=postgres", "--dbname=edtech", "--no-align", "--tuples-only", f"--command={query}")
        return self.cluster.here("exec", "db-0", "--", *words).strip()

    # --- Roll ---------------------------------------------------------------------------------------------------------

    def roll_under_load(self) -> None:
        """A new version of the API while a pod posts, as fast as a large school does."""
        self.cluster.apply(json.dumps(self.load_pod()))
        self.cluster.wait("the load", lambda: None if self.load_phase() != "Pending" else "pending", READY_SECONDS)
        # It enrols its learners first.
        self.cluster.clock.sleep(SETTLING_SECONDS)
        begun = self.cluster.clock.now()
        self.cluster.here("rollout", "restart", "deployment/edtech-api")
        status = ("rollout", "status", "deployment/edtech-api", f"--timeout={ROLL_SECONDS}s")
        self.cluster.here(*status, seconds=ROLL_SECONDS + 30)
        seconds, still = self.cluster.clock.now() - begun, self.load_phase() == "Running"
        said = f"{seconds:.0f} s, {'under load' if still else 'longer than the load'}"
        self.add("the API is rolled", said, f"≤ {ROLL_SECONDS} s, under load", still)
        self.cluster.wait("the load ends", self.load_runs, LOAD_SECONDS + ROLL_SECONDS)
        self.judge_load(json.loads(self.cluster.here("logs", f"pod/{LOAD}")))

    def judge_load(self, report: dict[str, Any]) -> None:
        failed = sum(report["errors"].values()) + report["unsent"]
        causes = f" ({', '.join(report['errors'])})" if report["errors"] else ""
        said = f"{failed} of {report['requests']}{causes}"
        self.add("errors while it is rolled", said, "0", failed == 0 and report["requests"] > 0)
        ledger = report["ledger"] or {"acknowledged": 0, "lost": 0, "doubled": 0}
        said = f"{ledger['lost']} lost, {ledger['doubled']} twice, of {ledger['acknowledged']}"
        holds = ledger["acknowledged"] > 0 and ledger["lost"] == ledger["doubled"] == 0
        self.add("logs that were acknowledged", said, "0 lost, 0 twice", holds)

    def load_phase(self) -> str:
        return self.cluster.read("pod", LOAD)["status"]["phase"]

    def load_runs(self) -> str | None:
        return None if self.load_phase() in ("Succeeded", "Failed") else "it runs"

    def load_pod(self) -> dict[str, Any]:
        """With the image of the API, which holds the simulator as well; labelled as policies know those that post."""
        image = self.cluster.read("deployment", "edtech-api")["spec"]["template"]["spec"]["containers"][0]["image"]
        secret = {"secretKeyRef": {"name": "api-credentials", "key": "simulator-client-secret"}}
        size = [
            "--connections=16",
            "--learners=500",
            "--lessons=20",
            f"--rate={LOAD_RATE}",
            f"--duration={LOAD_SECONDS}s",
        ]
        container = {
            "name": "load",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["edtech-simulator", "load", *size, "--check-ledger", "--json", "--quiet"],
            "env": [
                {"name": "EDTECH_URL", "value": "http://edtech-api:8000"},
                {"name": "EDTECH_CLIENT_ID", "value": "simulator"},
                {"name": "EDTECH_CLIENT_SECRET", "valueFrom": secret},
            ],
            "resources": {
                "requests": {"cpu": "100m", "memory": "64Mi"},
                "limits": {"cpu": "500m", "memory": "256Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        }
        metadata = {"name": LOAD, "labels": {"app": "edtech-simulator", "app.kubernetes.io/part-of": "edtech-stream"}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    # --- Lose the database --------------------------------------------------------------------------------------------

    def lose_the_database_pod(self) -> None:
        """The volume outlives the pod; the API waits for the database and is not restarted for it."""
        self.cluster.here("delete", "pod", LOAD, "--wait=true")
        [pod] = self.cluster.pods("db")
        restarted, now = restarts(self.cluster.pods("edtech-api")), self.ask_database("SELECT now()")
        stored, begun = self.stored(now), self.cluster.clock.now()
        self.cluster.here("delete", "pod", pod["metadata"]["name"], "--wait=true")
        self.cluster.wait("the database is back", lambda: self.same_or_unready(pod), RECOVERY_SECONDS)
        found, there = self.stored(now), self.stored()
        said = f"{found} of {stored}"
        self.add("logs that outlive the database's pod", said, "all of them", found >= stored)
        self.cluster.wait("logs come in again", lambda: None if self.stored() > there else "none yet", RECOVERY_SECONDS)
        seconds = self.cluster.clock.now() - begun
        self.add("until logs come in again", f"{seconds:.0f} s", f"≤ {RECOVERY_SECONDS} s", seconds <= RECOVERY_SECONDS)
        self.cluster.wait("the API answers again", self.api_answers, RECOVERY_SECONDS)
        rate, wanted = self.rate(), 4 * LOGS_A_MINUTE
        # It may be more: what could not be sent meanwhile comes now.
        least = (1 - TOLERANCE) * wanted
        self.add("logs a minute afterwards, simulators: 4", f"{rate:.1f}", f"≥ {least:.1f}", rate >= least)
        again = restarts(self.cluster.pods("edtech-api")) - restarted
        self.add("restarts of the API meanwhile", str(again), "0", again == 0)

    def same_or_unready(self, pod: dict[str, Any]) -> str | None:
        same = [each for each in self.cluster.pods("db") if each["metadata"]["uid"] == pod["metadata"]["uid"]]
        return "the pod is still there" if same else self.cluster.unready()

    def api_answers(self) -> str | None:
        try:
            self.logs()
        except ClusterError as failure:
            return str(failure)
        return None

    # --- Verify -------------------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """Every figure, computed again from the raw log."""
        said, holds = "no difference", True
        try:
            self.cluster.here(
                "exec", "deployment/edtech-api", "--container=api", "--", "edtech-api", "verify", seconds=600
            )
        except ClusterError as failure:
            said, holds = str(failure).splitlines()[-1], False
        self.add("edtech-api verify", said, "no difference", holds)

    # --- The API, as a client of it -----------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """With a token of the simulators' client, by a way that does not outlive the request."""
        with self.cluster.forward("service/edtech-api", 8000) as url:
            token = answer(f"{url}/auth/token", f"Basic {self.credentials}", b"grant_type=client_credentials")[
                "access_token"
            ]
            return answer(f"{url}{path}", f"Bearer {token}")

    @cached_property
    def credentials(self) -> str:
        secret = self.cluster.read("secret", "api-credentials")["data"]["simulator-client-secret"]
        return base64.b64encode(b"simulator:" + base64.b64decode(secret)).decode()


def answer(url: str, authorization: str, form: bytes | None = None) -> Any:
    request = urllib.request.Request(url, form, {"Authorization": authorization})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except (OSError, ValueError) as error:
        said = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else ""
        raise ClusterError(f"{url}: {error} {said}".strip()) from None
