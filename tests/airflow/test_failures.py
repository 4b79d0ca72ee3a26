"""What goes wrong between Airflow and the platform, and what becomes of the run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import edtech_analytics as tasks
import pytest
from conftest import TIME_ZONE
from edtech import Platform
from proxy import Answer, Proxy, unavailable

Connect = Callable[[str, tuple[str, str]], None]


@pytest.fixture
def proxy(connect: Connect, platform: Platform, airflow_client: tuple[str, str]) -> Iterator[Proxy]:
    """A proxy that Airflow takes for the platform."""
    with Proxy(platform.url) as proxy:
        connect(proxy.url, airflow_client)
        yield proxy


def tries(run: Any) -> dict[str, int]:
    return {task.task_id: task.try_number for task in run.get_task_instances()}


def test_two_503_and_then_a_report(
    dag: Any, proxy: Proxy, platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    proxy.next("PUT", unavailable(2), unavailable(3))
    run = dag.test(logical_date=datetime(2021, 11, 25, 23, tzinfo=UTC))
    assert run.state == "success"
    assert proxy.statuses("PUT")[:2] == [503, 503] and proxy.statuses("PUT")[2] in (200, 201)
    first, second = proxy.pauses("PUT")
    assert first >= 2 and second >= 3
    told = "".join(capfd.readouterr())
    assert "again in 2 s, as the platform asks" in told and "again in 3 s, as the platform asks" in told
    assert tries(run) == {
        "analyze_student_engagement": 1,
        "analyze_lesson_completion": 1,
        "analyze_classroom_performance": 1,
        "generate_daily_report": 3,
    }
    assert platform.report("2021-11-26")["totals"]["streaming_logs"] == 3155


def test_a_403_fails_at_once_and_says_why(
    dag: Any, connect: Connect, platform: Platform, capfd: pytest.CaptureFixture[str]
) -> None:
    connect(platform.url, platform.put_client("only-reads", "read"))
    run = dag.test(logical_date=datetime(2021, 6, 9, 22, tzinfo=UTC))
    assert run.state == "failed"
    states = {task.task_id: task.state for task in run.get_task_instances()}
    assert states == {
        "analyze_student_engagement": "success",
        "analyze_lesson_completion": "success",
        "analyze_classroom_performance": "success",
        "generate_daily_report": "failed",
    }
    assert tries(run)["generate_daily_report"] == 1
    told = "".join(capfd.readouterr())
    assert "PUT /analytics/daily/2021-06-10/report: 403 insufficient_scope: " in told
    assert "(request " in told
    assert platform.request("GET", "/analytics/daily/2021-06-10/report").status_code == 404


def test_a_token_that_is_good_no_longer_is_exchanged_by_the_next_try(proxy: Proxy, platform: Platform) -> None:
    body = {"title": "Unauthorized", "status": 401, "code": "token_invalid", "detail": "The token does not hold."}
    proxy.next("PUT", Answer(401, body | {"request_id": "made-up"}))
    with pytest.raises(tasks.PlatformUnavailable, match="PUT /analytics/daily/2021-06-11/report: 401 token_invalid"):
        tasks.generate_daily_report("2021-06-11", {}, {}, {})
    assert tasks.generate_daily_report("2021-06-11", {}, {}, {})["made"] == "for the first time"
    assert proxy.statuses("PUT") == [401, 201]


def test_the_platform_is_killed_and_started_again_in_the_middle_of_a_run(
    dag: Any, connect: Connect, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    platform = Platform(tmp_path, TIME_ZONE).start()
    client = platform.put_client("airflow", "read,report")
    starting = Thread(target=platform.start)

    def killed() -> None:
        platform.stop(signal.SIGKILL)
        starting.start()

    try:
        with Proxy(platform.url) as proxy:
            connect(proxy.url, client)
            proxy.next("PUT", killed)
            run = dag.test(logical_date=datetime(2021, 6, 10, 22, tzinfo=UTC))
            starting.join()
            assert run.state == "success"
            assert tries(run)["generate_daily_report"] >= 2
            assert proxy.statuses("PUT")[0] == 0 and proxy.statuses("PUT")[-1] == 201
        assert "PUT /analytics/daily/2021-06-11/report: no answer: " in "".join(capfd.readouterr())
        assert platform.report("2021-06-11")["tasks"].keys() == set(dag.task_ids) - {"generate_daily_report"}
    finally:
        platform.stop()
