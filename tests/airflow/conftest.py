"""An Airflow of the tests' own, and the real platform with the recorded data beside it."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from edtech import REPOSITORY, Platform

DAGS = REPOSITORY / "k8s" / "components" / "airflow" / "dags"
TIME_ZONE = "Europe/Paris"

# Airflow reads its settings where it is imported: they come first.
HOME = Path(tempfile.mkdtemp(prefix="edtech-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for inherited in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[inherited]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "EDTECH_TIME_ZONE": TIME_ZONE,
    # The DAG folder belongs to the repository: nothing is written there.
    "PYTHONDONTWRITEBYTECODE": "1",
}
sys.dont_write_bytecode = True
sys.path.insert(0, str(DAGS))


@pytest.fixture(scope="session")
def _migrating() -> Iterator[subprocess.Popen[bytes]]:
    """Airflow makes its tables while the platform starts."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    with (HOME / "migrate.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    yield process
    process.kill()


@pytest.fixture(scope="session")
def platform(_migrating: subprocess.Popen[bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The real platform, with all that was recorded. Tests that change it do so on days of their own."""
    platform = Platform(tmp_path_factory.mktemp("platform"), TIME_ZONE)
    platform.start()
    platform.replay()
    yield platform
    platform.stop()


@pytest.fixture(scope="session")
def airflow_client(platform: Platform) -> tuple[str, str]:
    """The DAG's own client: `read` and `report`, and nothing else."""
    return platform.put_client("airflow", "read,report")


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, tuple[str, str]], None]:
    """Tells Airflow where the platform is, and who asks."""

    def told(url: str, client: tuple[str, str]) -> None:
        login, password = client
        connection = {"conn_type": "http", "host": url, "login": login, "password": password}
        monkeypatch.setenv("AIRFLOW_CONN_EDTECH_API", json.dumps(connection))

    return told


@pytest.fixture
def connected(connect: Callable[..., None], platform: Platform, airflow_client: tuple[str, str]) -> Platform:
    """The platform, as Airflow knows it."""
    connect(platform.url, airflow_client)
    return platform


@pytest.fixture(scope="session")
def airflow_tables(_migrating: subprocess.Popen[bytes]) -> None:
    assert _migrating.wait(timeout=600) == 0, (HOME / "migrate.log").read_text()


@pytest.fixture
def dag(airflow_tables: None) -> Any:
    """The DAG as Airflow finds it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(DAGS), bundle_path=DAGS)
    assert bag.import_errors == {}
    return bag.dags["edtech_analytics"]
