"""A whole Airflow on loopback: api-server, scheduler and dag-processor on PostgreSQL, as in Kubernetes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from edtech import REPOSITORY

DAGS = REPOSITORY / "k8s" / "components" / "airflow" / "dags"
DAG = "/api/v2/dags/edtech_analytics"

# A scheduler that is busy for a few seconds is none that is stuck.
STARTING_SECONDS = 120
STOPPING_SECONDS = 20
POLL_SECONDS = 1


class Airflow:
    """Its processes and what they share; nothing of it is left after `stop`."""

    def __init__(self, home: Path, database_url: str, time_zone: str, connection: dict[str, str]) -> None:
        home.mkdir()
        self.home = home
        self.password = secrets.token_urlsafe(16)
        self.token = ""
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW_CONN_EDTECH_API": json.dumps(connection),
            "EDTECH_TIME_ZONE": time_zone,
            "PYTHONDONTWRITEBYTECODE": "1",
            **settings(database_url, self.url),
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        }

    def prepare(self) -> None:
        """The tables, and somebody who may trigger a run."""
        self.command("db", "migrate")
        names = ["--firstname", "EdTech", "--lastname", "Stream", "--email", "admin@example.org"]
        self.command("users", "create", "--username", "admin", "--role", "Admin", *names, "--password", self.password)

    def start(self) -> None:
        # A worker that finds no api-server to report to ends its task before it began.
        self._start("api-server")
        self.wait("api-server", STARTING_SECONDS, self.sign_in)
        # Its log server would listen on every address; this one's logs are in a folder that all share.
        self._start("scheduler", "--skip-serve-logs")
        self._start("dag-processor")

    def _start(self, process: str, *arguments: str) -> None:
        with (self.home / f"{process}.log").open("wb") as log:
            self.processes[process] = subprocess.Popen(
                [sys.executable, "-m", "airflow", process, *arguments],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: whatever it forks ends with it.
                start_new_session=True,
            )

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + STOPPING_SECONDS
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def command(self, *arguments: str) -> str:
        """What `airflow` prints with these arguments."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"airflow {arguments[0]} {arguments[1]} failed:\n{done.stdout}{done.stderr}"[-4000:])
        return done.stdout

    def sign_in(self) -> bool:
        """Whether the api-server is there, and knows us from then on."""
        login = {"username": "admin", "password": self.password}
        try:
            response = requests.post(f"{self.url}/auth/token", json=login, timeout=30)
        except requests.ConnectionError:
            return False
        if response.ok:
            self.token = response.json()["access_token"]
        return response.ok

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """An answer of Airflow's own API; none where there is no such thing yet."""
        headers = {"Authorization": f"Bearer {self.token}"}
        response = requests.request(method, f"{self.url}{path}", headers=headers, timeout=30, **request)
        if response.status_code == 404:
            return None
        if not response.ok:
            raise SystemExit(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()

    def trigger(self, day: str) -> str:
        """Triggers a run of a day by hand, without a logical date; its name."""
        return self.ask("POST", f"{DAG}/dagRuns", json={"logical_date": None, "conf": {"day": day}})["dag_run_id"]

    def backfill(self, first: str, last: str) -> None:
        """Orders a run for each of these days."""
        order = {"dag_id": "edtech_analytics", "from_date": first, "to_date": last, "max_active_runs": 4}
        self.ask("POST", "/api/v2/backfills", json=order)

    def runs(self, run_type: str) -> list[dict[str, Any]]:
        """All runs of a kind, the earliest day first."""
        listed = self.ask("GET", f"{DAG}/dagRuns", params={"run_type": run_type, "order_by": "logical_date"})
        return listed["dag_runs"] if listed else []

    def finished(self, run_type: str, count: int, seconds: float) -> list[dict[str, Any]]:
        """Waits for so many runs of a kind to end well."""

        def ended() -> list[dict[str, Any]] | None:
            runs = self.runs(run_type)
            failed = [run["dag_run_id"] for run in runs if run["state"] == "failed"]
            if failed:
                raise SystemExit(f"failed: {', '.join(failed)}\n{self.last_words('scheduler')}")
            return runs if len(runs) >= count and all(run["state"] == "success" for run in runs) else None

        return self.wait(f"end of {count} {run_type} runs", seconds, ended)

    def tasks(self, run_id: str) -> list[dict[str, Any]]:
        return self.ask("GET", f"{DAG}/dagRuns/{run_id}/taskInstances")["task_instances"]

    def wait(self, what: str, seconds: float, ready: Any) -> Any:
        """What `ready` says, once it says something."""
        deadline = time.monotonic() + seconds
        while not (said := ready()):
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise SystemExit(f"the {name} has ended:\n{self.last_words(name)}")
            if time.monotonic() > deadline:
                raise SystemExit(f"no {what} after {seconds:.0f} s:\n{self.last_words('scheduler')}")
            time.sleep(POLL_SECONDS)
        return said

    def last_words(self, process: str) -> str:
        return "\n".join((self.home / f"{process}.log").read_text(errors="replace").splitlines()[-15:])


def settings(database_url: str, url: str) -> dict[str, str]:
    """The settings that all three processes share."""
    keys = {
        "CORE": {
            "AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "DAGS_FOLDER": str(DAGS),
            "EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "EXECUTOR": "LocalExecutor",
            "FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "LOAD_EXAMPLES": "False",
            # Its own default forks 32 workers.
            "PARALLELISM": "4",
        },
        "API": {"BASE_URL": url, "HOST": "127.0.0.1", "SECRET_KEY": secrets.token_hex(32), "WORKERS": "1"},
        # All processes sign with one key, or every task is told 403.
        "API_AUTH": {"JWT_SECRET": secrets.token_hex(32)},
        "DATABASE": {"SQL_ALCHEMY_CONN": database_url},
    }
    return {f"AIRFLOW__{part}__{key}": value for part, pairs in keys.items() for key, value in pairs.items()}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
