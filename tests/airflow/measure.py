"""`make airflow`: a real Airflow beside a real API on real data, and how long each task takes.

Needs a PostgreSQL of its own in TEST_DATABASE_URL (scripts/with-postgres). With KEEP=1 all of it runs until Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import psycopg2
from edtech import Platform, expected
from real_airflow import Airflow

TIME_ZONE = "Europe/Paris"
TRIGGERED = "2021-11-30"
BACKFILLED = ["2021-11-25", "2021-11-26", "2021-11-27", "2021-11-28", "2021-11-29"]

# What each task asks the platform for, and the seconds that the original took.
TASKS = {
    "analyze_student_engagement": ("GET", "/analytics/engagement", 0.3),
    "analyze_lesson_completion": ("GET", "/analytics/lessons", 0.5),
    "analyze_classroom_performance": ("GET", "/analytics/classrooms", 0.4),
    "generate_daily_report": ("PUT", "/analytics/daily/{date}/report", 0.2),
}
TOKEN = ("POST", "/auth/token")
ORIGINAL_RUN = 0.9

# From nothing Airflow is there within half a minute, and a run takes some ten seconds.
PATIENCE = 300


def main() -> None:
    server = os.environ.get("TEST_DATABASE_URL") or sys.exit("TEST_DATABASE_URL is not set: run `make airflow`")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edtech-airflow-")))
        for database in ("edtech", "airflow"):
            make_database(server, database)
        platform = start_platform(stack, home, server)
        airflow = start_airflow(stack, home, server, platform)
        measure(platform, airflow)
        if os.environ.get("KEEP"):
            keep(airflow, platform, home)


def say(text: str) -> None:
    print(text, flush=True)


def on(server: str, database: str) -> str:
    """The URL of another database on the same server."""
    return f"{server.rpartition('/')[0]}/{database}"


def make_database(server: str, name: str) -> None:
    connection = psycopg2.connect(server)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    connection.close()


def start_platform(stack: ExitStack, home: Path, server: str) -> Platform:
    directory = home / "platform"
    directory.mkdir()
    platform = Platform(directory, TIME_ZONE, on(server, "edtech"))
    stack.callback(platform.stop)
    platform.start()
    say(f"API       {platform.url}, on PostgreSQL, days in {TIME_ZONE}")
    platform.replay()
    say("          22,000 recorded events replayed")
    return platform


def start_airflow(stack: ExitStack, home: Path, server: str, platform: Platform) -> Airflow:
    login, password = platform.put_client("airflow", "read,report")
    connection = {"conn_type": "http", "host": platform.url, "login": login, "password": password}
    database = on(server, "airflow").replace("postgres://", "postgresql+psycopg2://", 1)
    airflow = Airflow(home / "airflow", database, TIME_ZONE, connection)
    stack.callback(airflow.stop)
    begun = time.monotonic()
    airflow.prepare()
    airflow.start()
    # The DAG is not paused: the night's run begins by itself.
    airflow.finished("scheduled", 1, PATIENCE)
    seconds = time.monotonic() - begun
    say(f"Airflow   {airflow.url}, on PostgreSQL: from nothing to the night's own run in {seconds:.0f} s")
    return airflow


def measure(platform: Platform, airflow: Airflow) -> None:
    airflow.trigger(TRIGGERED)
    triggered = airflow.finished("manual", 1, PATIENCE)
    begun = time.monotonic()
    airflow.backfill(f"{BACKFILLED[0]}T00:00:00+01:00", f"{BACKFILLED[-1]}T00:00:00+01:00")
    backfilled = airflow.finished("backfill", len(BACKFILLED), PATIENCE)
    say(f"          one run by hand, and a backfill of {len(backfilled)} days in {time.monotonic() - begun:.0f} s\n")
    for day in (TRIGGERED, *BACKFILLED):
        check_report(platform, day)
    say(table(airflow, platform, triggered, backfilled))


def check_report(platform: Platform, day: str) -> None:
    """A fast task that reported something else would prove nothing."""
    kept = platform.report(day)["totals"]["streaming_logs"]
    right = expected()["per_day_europe_paris"][day]["streaming_logs"]
    if kept != right:
        sys.exit(f"the report of {day} has {kept} logs, and {right} are right")


def table(airflow: Airflow, platform: Platform, *kinds: list[dict[str, Any]]) -> str:
    """Markdown: each task and the whole run, as Airflow counts them and as work inside the API."""
    tasks: list[dict[str, list[float]]] = []
    for runs in kinds:
        times = defaultdict(list)
        for run in runs:
            times["run"].append(run["duration"])
            for task in airflow.tasks(run["dag_run_id"]):
                times[task["task_id"]].append(task["duration"])
        tasks.append(times)
    by_hand, backfill = tasks
    inside = inside_the_api(platform)
    lines = [
        "| seconds | the original | inside the API | Airflow, one run | Airflow, backfill |",
        "|---|---|---|---|---|",
    ]
    for task, (method, route, original) in TASKS.items():
        work = spread(inside[method, route])
        lines.append(f"| `{task}` | {original} | {work} | {spread(by_hand[task])} | {spread(backfill[task])} |")
    runs = f"{spread(by_hand['run'])} | {spread(backfill['run'])}"
    run = f"| the whole run | {ORIGINAL_RUN} | {spread([whole(inside)])} | {runs} |"
    token = f"| a token (each task gets one) | – | {spread(inside[TOKEN])} | – | – |"
    return "\n".join([*lines, run, token])


def inside_the_api(platform: Platform) -> dict[tuple[str, str], list[float]]:
    """How long the API worked on each request, in seconds, by its own log."""
    times = defaultdict(list)
    for line in platform.log.read_text().splitlines():
        entry = json.loads(line)
        if entry["message"] == "answered" and entry["status"] < 400:
            request = entry["span"]
            times[request["method"], request["route"]].append(entry["duration_ms"] / 1000)
    return times


def whole(inside: dict[tuple[str, str], list[float]]) -> float:
    """A run, as the API sees it: the longest analysis and the report, each with its token."""
    work = {task: median(inside[method, route]) for task, (method, route, _) in TASKS.items()}
    report = work.pop("generate_daily_report")
    return max(work.values()) + report + 2 * median(inside[TOKEN])


def spread(seconds: list[float]) -> str:
    """The median, and from where to where."""
    digits = 3 if max(seconds) < 1 else 2
    middle = f"{median(seconds):.{digits}f}"
    return middle if len(seconds) == 1 else f"{middle} ({min(seconds):.{digits}f}–{max(seconds):.{digits}f})"


def keep(airflow: Airflow, platform: Platform, home: Path) -> None:
    secret = home / "airflow.password"
    secret.touch(mode=0o600)
    secret.write_text(airflow.password)
    say(
        f"\nAirflow runs on {airflow.url} (sign in as `admin`, the password is in {secret}), the API on {platform.url}."
    )
    say("Ctrl-C ends both.")
    signal.pause()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
