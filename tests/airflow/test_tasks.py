"""Each task by itself, as the plain function that it is, against the real platform."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import edtech_analytics as tasks
import pytest
from airflow.sdk.exceptions import AirflowFailException
from edtech import Platform, expected
from requests import Response

# By their names in the API and in `expected.json`.
NAMES = {
    "active_students": "active_students",
    "streaming_logs": "streaming_logs",
    "watch_time_seconds": "sum_watch_time_seconds",
    "avg_watch_time_seconds": "avg_watch_time_seconds",
    "avg_completion_percentage": "avg_completion_percentage",
    "completed": "completed",
}
DAYS = expected()["per_day_europe_paris"]
FIGURES = {"title", "classroom", "completed", "active_students", "students", "avg_completion_percentage"}


def in_our_names(figures: dict[str, Any]) -> dict[str, Any]:
    return {ours: pytest.approx(figures[theirs], abs=1e-6) for ours, theirs in NAMES.items()}


@pytest.mark.parametrize("day", DAYS)
def test_a_recorded_day(connected: Platform, day: str) -> None:
    engagement = tasks.analyze_student_engagement(day)
    assert engagement == in_our_names(DAYS[day]) | {"date": day, "students": 1452}
    lessons = tasks.analyze_lesson_completion(day)
    classrooms = tasks.analyze_classroom_performance(day)
    assert lessons["completed"] == classrooms["completed"] == DAYS[day]["completed"]
    left = tasks.generate_daily_report(day, engagement, lessons, classrooms)
    assert (left["date"], left["streaming_logs"]) == (day, DAYS[day]["streaming_logs"])

    report = connected.report(day)
    assert report["totals"] == in_our_names(DAYS[day]) | {"students": 1452}
    assert report["engagement"] == engagement
    daily = connected.get(f"/analytics/daily?date={day}")
    for part in ("date", "time_zone", "totals", "classrooms", "lessons"):
        assert report[part] == daily[part]
    assert report["tasks"] == {
        "analyze_student_engagement": engagement,
        "analyze_lesson_completion": lessons,
        "analyze_classroom_performance": classrooms,
    }


def test_what_is_left_for_people_is_ranked_and_short(connected: Platform) -> None:
    lessons = tasks.analyze_lesson_completion("2021-11-29")
    daily = connected.get("/analytics/daily?date=2021-11-29")
    assert lessons["lessons"] == len(daily["lessons"]) > lessons["lessons_watched"] > 0
    completed = [lesson["completed"] for lesson in lessons["most_completed"]]
    assert completed == sorted((lesson["completed"] for lesson in daily["lessons"]), reverse=True)[: len(completed)]
    classrooms = tasks.analyze_classroom_performance("2021-11-29")
    assert (classrooms["classrooms"], classrooms["classrooms_active"]) == (len(daily["classrooms"]), 2)
    for left in (*lessons["most_completed"], *classrooms["most_completed"]):
        assert set(left) <= FIGURES


def test_a_day_without_a_log(connected: Platform) -> None:
    engagement = tasks.analyze_student_engagement("2021-06-01")
    assert (engagement["active_students"], engagement["avg_completion_percentage"]) == (0, None)
    assert tasks.analyze_lesson_completion("2021-06-01")["most_completed"] == []
    assert tasks.analyze_classroom_performance("2021-06-01")["classrooms_active"] == 0


def test_a_report_is_made_for_the_first_time_and_then_again(connected: Platform) -> None:
    made = [tasks.generate_daily_report("2021-06-02", {}, {}, {}) for _ in range(3)]
    assert [left.pop("made") for left in made] == ["for the first time", "again", "again"]
    assert made[0] == made[1] == made[2]


def test_a_late_log_makes_a_report_stale_until_the_day_is_run_again(connected: Platform) -> None:
    day = "2021-06-03"
    tasks.generate_daily_report(day, {}, {}, {})
    assert connected.report(day)["stale"] is False
    late = {
        "student": connected.get("/students?limit=1")["items"][0]["external_id"],
        "lesson": "introduction-a-docker",
        "event_type": "played",
        "event_timestamp": f"{day}T12:00:00Z",
        "watch_time_seconds": 60,
    }
    assert connected.request("POST", "/streaming-logs", json=late).status_code == 201
    stale = connected.report(day)
    assert (stale["stale"], stale["totals"]["streaming_logs"]) == (True, 0)
    assert tasks.generate_daily_report(day, {}, {}, {})["streaming_logs"] == 1
    fresh = connected.report(day)
    assert (fresh["stale"], fresh["totals"]["streaming_logs"]) == (False, 1)
    assert fresh["revision"] > stale["revision"]


def test_a_day_that_has_not_begun_is_refused_at_once(connected: Platform) -> None:
    with pytest.raises(AirflowFailException, match=r"PUT /analytics/daily/2999-01-01/report: 422 .*2999"):
        tasks.generate_daily_report("2999-01-01", {}, {}, {})


def test_a_wrong_secret_is_refused_at_once(connect: Callable[..., None], platform: Platform) -> None:
    connect(platform.url, ("airflow", "a guess"))
    with pytest.raises(AirflowFailException, match="POST /auth/token: 401 invalid_client: "):
        tasks.analyze_student_engagement("2021-11-29")


def test_another_time_zone_is_refused_at_once(connected: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TIME_ZONE", ZoneInfo("UTC"))
    with pytest.raises(
        AirflowFailException, match=r"counts days in Europe/Paris, this DAG in UTC: set .* to Europe/Paris"
    ):
        tasks.analyze_student_engagement("2021-11-29")


def test_a_client_may_read_and_report_and_nothing_else(platform: Platform, airflow_client: tuple[str, str]) -> None:
    assert platform.request("GET", "/students", airflow_client).status_code == 403
    assert platform.request("GET", "/analytics/daily", airflow_client).status_code == 200


def test_retry_after_is_seconds_or_a_date() -> None:
    assert tasks.retry_after("7") == timedelta(seconds=7)
    assert tasks.retry_after("0") == timedelta()
    assert tasks.retry_after(str(10**30)) == tasks.LONGEST_WAIT
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    assert timedelta(seconds=50) < tasks.retry_after(in_a_minute) <= timedelta(minutes=1)
    assert tasks.retry_after("Wed, 24 Nov 2021 00:00:00 GMT") == timedelta()
    for nothing in (None, "", "soon", "-1", "1.5", "²"):
        assert tasks.retry_after(nothing) is None, nothing


def test_pauses_double_and_respect_what_the_platform_asks() -> None:
    from airflow.sdk import RetryAction

    def pauses(error: Exception) -> list[float]:
        decisions = [tasks.PatientlyAgain().evaluate(error, try_number, tasks.RETRIES) for try_number in range(1, 11)]
        assert all(decision.action == RetryAction.RETRY for decision in decisions)
        return [decision.retry_delay.total_seconds() for decision in decisions]

    doubling = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert pauses(ConnectionError("refused")) == pauses(tasks.PlatformUnavailable("502")) == doubling
    assert pauses(tasks.PlatformUnavailable("503", timedelta(seconds=7))) == [7, 7, 7, *doubling[3:]]


def test_a_problem_is_told_with_all_that_helps() -> None:
    problem = {"status": 422, "code": "invalid", "detail": "No.", "request_id": "abc"}
    faults = [{"pointer": "/tasks", "code": "too_large", "detail": "At most 64 KiB."}]
    told = SimpleNamespace(json=lambda: problem | {"errors": faults})
    assert tasks.problem(told) == "422 invalid: No.; /tasks: At most 64 KiB. (request abc)"


def test_what_is_no_problem_is_told_as_it_is() -> None:
    response = Response()
    response.status_code, response.reason, response._content = 502, "Bad Gateway", b"<html>" + b"x" * 10_000
    assert tasks.problem(response).startswith("502 Bad Gateway: <html>xxx")
    assert len(tasks.problem(response)) < 600
