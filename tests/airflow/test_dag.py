"""The DAG folder as Airflow reads it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import DAGS

ANALYSES = {"analyze_student_engagement", "analyze_lesson_completion", "analyze_classroom_performance"}


def bag_of(folder: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(folder), bundle_path=folder)


def test_the_folder_holds_this_dag_and_no_other(airflow_tables: None) -> None:
    bag = bag_of(DAGS)
    assert bag.import_errors == {}
    assert bag.dag_ids == ["edtech_analytics"]


def test_three_analyses_side_by_side_and_then_the_report(dag: Any) -> None:
    assert set(dag.task_ids) == ANALYSES | {"generate_daily_report"}
    for analysis in ANALYSES:
        assert dag.get_task(analysis).upstream_task_ids == set()
        assert dag.get_task(analysis).downstream_task_ids == {"generate_daily_report"}
    assert dag.get_task("generate_daily_report").upstream_task_ids == ANALYSES


def test_every_task_is_tried_again_and_none_for_ever(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries == 10
        assert task.retry_delay.total_seconds() == 5
        assert task.execution_timeout.total_seconds() == 300


def test_people_read_what_it_does_beside_it(dag: Any) -> None:
    assert "| `generate_daily_report` |" in dag.doc_md
    assert all(task.doc_md for task in dag.tasks)


def test_it_does_not_make_up_for_the_past_by_itself(dag: Any) -> None:
    assert not dag.catchup
    assert dag.is_paused_upon_creation is False


def test_the_scheduler_can_keep_it(dag: Any) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    kept = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    assert set(kept.task_dict) == set(dag.task_ids)


@pytest.mark.usefixtures("airflow_tables")
def test_a_config_map_holds_each_file_once(tmp_path: Path) -> None:
    """Kubernetes mounts a ConfigMap as links into a folder that it replaces as a whole."""
    version = tmp_path / "..2026_11_26_02_00_00.123456789"
    shutil.copytree(DAGS, version)
    (tmp_path / "..data").symlink_to(version.name)
    for file in version.iterdir():
        (tmp_path / file.name).symlink_to(Path("..data") / file.name)
    bag = bag_of(tmp_path)
    assert bag.import_errors == {}
    assert [stat.file for stat in bag.dagbag_stats] == ["edtech_analytics.py"]
