"""Whole runs, as Airflow makes them, against the real platform and its real data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import TIME_ZONE
from edtech import Platform, expected

ANALYSES = ("analyze_student_engagement", "analyze_lesson_completion", "analyze_classroom_performance")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def left_by(run: Any, task_id: str) -> Any:
    """The XCom of a task."""
    return run.get_task_instance(task_id).xcom_pull(task_ids=task_id)


def succeeded(run: Any) -> None:
    states = {task.task_id: task.state for task in run.get_task_instances()}
    assert run.state == "success", states
    assert set(states.values()) == {"success"}, states


def test_the_report_of_a_recorded_day(dag: Any, connected: Platform) -> None:
    run = dag.test(logical_date=utc("2021-11-28T23:00"))
    succeeded(run)
    figures = expected()["per_day_europe_paris"]["2021-11-29"]
    report = connected.report("2021-11-29")
    assert (report["date"], report["time_zone"], report["stale"]) == ("2021-11-29", TIME_ZONE, False)
    for ours, theirs in (
        ("active_students", "active_students"),
        ("streaming_logs", "streaming_logs"),
        ("watch_time_seconds", "sum_watch_time_seconds"),
        ("avg_watch_time_seconds", "avg_watch_time_seconds"),
        ("avg_completion_percentage", "avg_completion_percentage"),
        ("completed", "completed"),
    ):
        assert report["totals"][ours] == pytest.approx(figures[theirs], abs=1e-6)
    assert report["tasks"] == {task_id: left_by(run, task_id) for task_id in ANALYSES}
    assert left_by(run, "generate_daily_report") == {
        "date": "2021-11-29",
        "revision": report["revision"],
        "made": left_by(run, "generate_daily_report")["made"],
        "active_students": figures["active_students"],
        "streaming_logs": figures["streaming_logs"],
        "completed": figures["completed"],
    }


def test_a_run_by_hand_without_a_date_is_about_yesterday(dag: Any, connected: Platform) -> None:
    now = datetime.now(UTC)
    run = dag.test(logical_date=None, run_after=now)
    succeeded(run)
    assert run.logical_date is None
    import edtech_analytics

    yesterday = str(edtech_analytics.local_day(now) - timedelta(days=1))
    assert left_by(run, "generate_daily_report")["date"] == yesterday
    assert connected.report(yesterday)["date"] == yesterday


def test_a_run_by_hand_of_a_day(dag: Any, connected: Platform) -> None:
    run = dag.test(logical_date=None, run_conf={"day": "2021-11-25"})
    succeeded(run)
    left = left_by(run, "generate_daily_report")
    assert (left["date"], left["streaming_logs"]) == ("2021-11-25", 3105)
    assert connected.report("2021-11-25")["totals"]["streaming_logs"] == 3105


def test_the_day_on_which_the_clocks_went_back_has_25_hours(dag: Any, connected: Platform) -> None:
    within = ["2021-10-30T22:00:00Z", "2021-10-31T00:30:00Z", "2021-10-31T01:30:00Z", "2021-10-31T22:59:59Z"]
    beside = ["2021-10-30T21:59:59Z", "2021-10-31T23:00:00Z"]
    learner = connected.get("/students?limit=1")["items"][0]["external_id"]
    logs = [
        {
            "student": learner,
            "lesson": "introduction-a-docker",
            "event_type": "played",
            "event_timestamp": at,
            "watch_time_seconds": 60,
        }
        for at in within + beside
    ]
    verdicts = connected.request("POST", "/streaming-logs", json=logs).json()
    assert verdicts == {"accepted": len(logs), "duplicates": 0, "rejected": []}

    run = dag.test(logical_date=utc("2021-10-30T22:00"))
    succeeded(run)
    assert left_by(run, "generate_daily_report")["date"] == "2021-10-31"
    report = connected.report("2021-10-31")
    assert report["totals"]["streaming_logs"] == len(within)
    assert report["totals"]["watch_time_seconds"] == 60 * len(within)
