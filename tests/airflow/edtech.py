"""The platform as the DAG meets it: the real binary, with a database of its own and the recorded data in it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlsplit

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
BINARIES = REPOSITORY / "target" / os.environ.get("EDTECH_TARGET", "debug")
FUNMOOC = REPOSITORY / "tests" / "fixtures" / "funmooc"

# Longer than a start takes on a machine that is busy with other tests.
STARTING_SECONDS = 60
STOPPING_SECONDS = 20


def expected() -> Any:
    """The figures of the recorded data, computed elsewhere."""
    return json.loads((FUNMOOC / "expected.json").read_text())


@dataclass
class Platform:
    """A server that runs, in a directory that outlives it."""

    directory: Path
    time_zone: str = "UTC"
    database_url: str | None = None
    client: tuple[str, str] = field(default_factory=lambda: ("story", secrets.token_hex(32)))
    signing_key: str = field(default_factory=lambda: secrets.token_hex(32))
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def environment(self) -> dict[str, str]:
        """What every command on this database is told."""
        told = {
            "DATABASE_URL": self.database_url or f"sqlite://{quote(str(self.directory / 'edtech.db'))}",
            "EDTECH_DATA_DIR": str(self.directory),
            "EDTECH_TIME_ZONE": self.time_zone,
            "EDTECH_JWT_SIGNING_KEY": self.signing_key,
            "EDTECH_ERASURE_KEY": self.signing_key,
            "EDTECH_BOOTSTRAP_CLIENT_ID": self.client[0],
            "EDTECH_BOOTSTRAP_CLIENT_SECRET": self.client[1],
            "EDTECH_LOG_FORMAT": "json",
        }
        return {"PATH": os.environ["PATH"], **told}

    def command(self, *arguments: str) -> str:
        """What `edtech-api` prints with these arguments."""
        done = subprocess.run(
            [BINARIES / "edtech-api", *arguments], env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"edtech-api {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def start(self) -> Platform:
        """Starts it: on a free port the first time, and on the same one from then on."""
        port = urlsplit(self.url).port or 0
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [BINARIES / "edtech-api", "serve", "--port", str(port)],
                env=self.environment(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = self._announced()
        self._wait_until_ready()
        return self

    @property
    def log(self) -> Path:
        """What the server says, a JSON object a line."""
        return self.directory / "serve.log"

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Ends it; with SIGKILL in the middle of whatever it does."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(STOPPING_SECONDS)
            self.process = None

    def put_client(self, name: str, scopes: str) -> tuple[str, str]:
        """A client with these scopes, made as an operator makes it."""
        return name, self.command("client", "put", "--id", name, "--scope", scopes).strip()

    def replay(self) -> None:
        """Sends all that was recorded."""
        files = ["--students", FUNMOOC / "students.csv", "--lessons", FUNMOOC / "lessons.csv"]
        names = ("EDTECH_URL", "EDTECH_CLIENT_ID", "EDTECH_CLIENT_SECRET")
        done = subprocess.run(
            [BINARIES / "edtech-simulator", "replay", *files, FUNMOOC / "streaming_logs.ndjson.gz", "--json"],
            env={"PATH": os.environ["PATH"], **dict(zip(names, (self.url, *self.client), strict=True))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        tally = json.loads(done.stdout)
        assert tally["rejected"] == {}, tally

    def request(self, method: str, path: str, client: tuple[str, str] | None = None, **more: Any) -> requests.Response:
        """The answer to a request with all scopes, or with those of another client."""
        form = {"grant_type": "client_credentials"}
        token = requests.post(f"{self.url}/auth/token", data=form, auth=client or self.client, timeout=30).json()
        headers = {"Authorization": f"Bearer {token['access_token']}", **more.pop("headers", {})}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=30, **more)

    def get(self, path: str) -> Any:
        """What is read at a path, which must be there."""
        response = self.request("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def report(self, day: str) -> Any:
        """The report that is kept of a day."""
        return self.get(f"/analytics/daily/{day}/report")

    def _announced(self) -> str:
        """The address that it prints once it listens. What it prints later is read and forgotten."""
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            _, found, address = line.partition("listening on http://")
            if found:
                Thread(target=self.process.stdout.read, daemon=True).start()
                return f"http://{address.split()[0].rstrip('/')}"
        raise AssertionError(f"it does not listen: {self.log.read_text()[-2000:]}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        while requests.get(f"{self.url}/readyz", timeout=30).status_code != 200:
            assert time.monotonic() < deadline, f"it is not ready: {self.log.read_text()[-2000:]}"
            time.sleep(0.05)
