"""Which day a run is about, and which days Airflow makes runs for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import edtech_analytics
import pytest
from conftest import TIME_ZONE


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day_of(logical_date: str | None, run_after: str = "2021-12-01T12:00", **params: Any) -> str:
    run = SimpleNamespace(logical_date=logical_date and utc(logical_date), run_after=utc(run_after))
    return edtech_analytics.day_of_run(run, params)


def test_a_nightly_run_is_about_the_day_of_its_logical_date_in_the_platform_s_zone() -> None:
    assert edtech_analytics.TIME_ZONE.key == TIME_ZONE
    assert day_of("2021-11-28T23:00") == "2021-11-29"
    assert day_of("2021-11-29T22:59:59") == "2021-11-29"


def test_a_run_without_a_date_is_about_yesterday() -> None:
    assert day_of(None, "2021-11-30T12:00") == "2021-11-29"
    assert day_of(None, "2021-11-29T22:59:59") == "2021-11-28"
    assert day_of(None, "2021-11-29T23:00") == "2021-11-29"


def test_the_parameter_comes_first() -> None:
    assert day_of("2021-11-28T23:00", day="2021-11-25") == "2021-11-25"
    assert day_of(None, day="2021-11-25") == "2021-11-25"
    assert day_of(None, "2021-11-30T12:00", day=None) == "2021-11-29"


@pytest.mark.parametrize("day", ["yesterday", "2021-11-31", "29.11.2021"])
def test_a_parameter_that_is_no_day_is_refused(dag: Any, day: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    dag.params["day"] = "2021-11-29"
    with pytest.raises(ParamValidationError):
        dag.params["day"] = day


@pytest.mark.parametrize(
    ("day", "begins", "ends"),
    [
        ("2021-03-28", "2021-03-27T23:00", "2021-03-28T22:00"),  # 23 hours
        ("2021-10-31", "2021-10-30T22:00", "2021-10-31T23:00"),  # 25 hours
        ("2021-11-29", "2021-11-28T23:00", "2021-11-29T23:00"),
    ],
)
def test_the_run_of_a_day_begins_when_that_day_is_over(dag: Any, day: str, begins: str, ends: str) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import DataInterval, TimeRestriction

    timetable = coerce_to_core_timetable(dag.timetable)
    before = DataInterval(utc(begins) - timedelta(days=1), utc(begins))
    run = timetable.next_dagrun_info(
        last_automated_data_interval=before, restriction=TimeRestriction(dag.start_date, None, catchup=True)
    )
    assert (run.logical_date, run.run_after) == (utc(begins), utc(ends))
    assert edtech_analytics.day_of_run(SimpleNamespace(logical_date=run.logical_date), {}) == day
