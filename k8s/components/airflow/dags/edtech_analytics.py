"""
The day's analytics and its report, each night after midnight in the platform's time zone.

| task | asks the platform for | leaves |
|---|---|---|
| `analyze_student_engagement` | `GET /analytics/engagement` | how many learners came, and how much they watched |
| `analyze_lesson_completion` | `GET /analytics/lessons` | how many lessons were watched, which were completed most |
| `analyze_classroom_performance` | `GET /analytics/classrooms` | how many classrooms took part, which came furthest |
| `generate_daily_report` | `PUT /analytics/daily/{day}/report` | the report, kept with what the three left |

The first three run side by side. The platform does the work; this DAG orders it, retries it and keeps the history.

**Which day?** That of the run's logical date: the nightly run reports the day that has just ended, a backfill each of
its days. A run that is triggered by hand takes its parameter `day`, or without one the day of its logical date, or
yesterday where it has none. Any day may run any number of times: the report is made anew and replaces the one before,
which is what to do once the platform calls a report stale.

**When it fails.** An answer that says *later* (429, 5xx) and a platform that is away are tried again, with pauses that
double, over some 17 minutes, and never before the platform's `Retry-After`. Any other refusal fails at once: the task's
log says what is wrong and names the request in the platform's own log.

**Settings.** `AIRFLOW_CONN_EDTECH_API` is the platform's address and a client with the scopes `read` and `report`;
`EDTECH_TIME_ZONE` is the zone that the platform counts days in.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import CronDataIntervalTimetable, Param, RetryDecision, RetryPolicy, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from requests import exceptions as unanswered

CONNECTION = "edtech_api"
TOKEN = "/auth/token"
TIME_ZONE = ZoneInfo(os.environ.get("EDTECH_TIME_ZONE", "UTC"))

# The platform answers within milliseconds; one that takes this long is in trouble.
ANSWER_SECONDS = 60

# Ten tries more, after 1, 2, 4 … seconds, are some 17 minutes: longer than an upgrade of the platform.
RETRIES = 10
LONGEST_PAUSE = timedelta(minutes=10)

# Nobody is served by a task that waits for half a day, whatever a proxy on the way says.
LONGEST_WAIT = timedelta(hours=1)

# An XCom is read by people: a district has hundreds of lessons and classrooms, and the report has them all.
RANKED = 5

log = logging.getLogger(__name__)

Figures = dict[str, Any]


class PlatformUnavailable(AirflowException):
    """The platform cannot answer now, and may soon; `retry_after` is when, where it says so."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PatientlyAgain(RetryPolicy):
    """Tries again after 1, 2, 4 … seconds, and never before the platform asked us to."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        pause = min(timedelta(seconds=2 ** (try_number - 1)), LONGEST_PAUSE)
        asked = getattr(exception, "retry_after", None) or timedelta()
        why = "as the platform asks" if asked >= pause else "after a pause that doubles"
        wait = max(asked, pause)
        return RetryDecision.retry(wait, f"again in {wait.total_seconds():.0f} s, {why}")


# --- The four tasks: plain functions of a day ------------------------------------------------------------------------


def analyze_student_engagement(day: str) -> Figures:
    """How many learners came, and how much they watched."""
    [figures] = analysis("engagement", day)["items"]
    return figures


def analyze_lesson_completion(day: str) -> Figures:
    """How many lessons were watched, and which were completed most."""
    lessons = analysis("lessons", day)["items"]
    watched = [lesson for lesson in lessons if lesson["streaming_logs"] > 0]
    return {
        "date": day,
        "lessons": len(lessons),
        "lessons_watched": len(watched),
        "completed": sum(lesson["completed"] for lesson in lessons),
        "most_completed": ranked(watched, ["title", "completed", "active_students", "avg_completion_percentage"]),
    }


def analyze_classroom_performance(day: str) -> Figures:
    """How many classrooms took part, and which came furthest."""
    classrooms = analysis("classrooms", day)["items"]
    active = [classroom for classroom in classrooms if classroom["active_students"] > 0]
    return {
        "date": day,
        "classrooms": len(classrooms),
        "classrooms_active": len(active),
        "completed": sum(classroom["completed"] for classroom in classrooms),
        "most_completed": ranked(active, ["classroom", "completed", "active_students", "students"]),
    }


def generate_daily_report(day: str, engagement: Figures, lessons: Figures, classrooms: Figures) -> Figures:
    """Has the platform make and keep the report of the day, with what the other tasks left."""
    tasks = {
        "analyze_student_engagement": engagement,
        "analyze_lesson_completion": lessons,
        "analyze_classroom_performance": classrooms,
    }
    response = ask("PUT", f"/analytics/daily/{day}/report", json={"tasks": tasks})
    report = in_our_zone(response.json())
    return {
        "date": report["date"],
        "revision": report["revision"],
        "made": "for the first time" if response.status_code == 201 else "again",
        "active_students": report["totals"]["active_students"],
        "streaming_logs": report["totals"]["streaming_logs"],
        "completed": report["totals"]["completed"],
    }


# --- What they are made of -------------------------------------------------------------------------------------------


def day_of_run(dag_run: Any, params: Any) -> str:
    """The day that a run is about, as the platform writes it. It stays the same however often a task is tried."""
    if params.get("day"):
        return str(params["day"])
    if dag_run.logical_date is not None:
        return str(local_day(dag_run.logical_date))
    return str(local_day(dag_run.run_after) - timedelta(days=1))


def local_day(instant: datetime) -> date:
    return instant.astimezone(TIME_ZONE).date()


def analysis(of: str, day: str) -> Figures:
    """One of the platform's three analyses, of one day."""
    return in_our_zone(ask("GET", f"/analytics/{of}", data={"date": day}).json())


def in_our_zone(answer: Figures) -> Figures:
    """The answer; refused where the platform's day is another one than ours."""
    if answer["time_zone"] != TIME_ZONE.key:
        raise AirflowFailException(
            f"The platform counts days in {answer['time_zone']}, this DAG in {TIME_ZONE.key}: "
            f"set Airflow's EDTECH_TIME_ZONE to {answer['time_zone']}."
        )
    return answer


def ranked(items: list[Figures], fields: list[str]) -> list[Figures]:
    """The first few by what was completed, then by how many learners came."""
    best = sorted(items, key=lambda item: (-item["completed"], -item["active_students"]))
    return [{field: item[field] for field in fields} for item in best[:RANKED]]


def ask(method: str, endpoint: str, **request: Any) -> Any:
    """The platform's answer to a request with a token of our own."""
    token = send(HttpHook("POST", CONNECTION), TOKEN, data={"grant_type": "client_credentials"})
    bearer = f"Bearer {token.json()['access_token']}"

    def sign(prepared: Any) -> Any:
        prepared.headers["Authorization"] = bearer
        return prepared

    # The hook would answer for a connection with a login by HTTP Basic, which is for the token alone.
    return send(HttpHook(method, CONNECTION, auth_type=lambda *_: sign), endpoint, **request)


def send(hook: HttpHook, endpoint: str, **request: Any) -> Any:
    # The hook's own check of an answer would throw away what the platform says is wrong; a redirect may turn a PUT into
    # a GET.
    options = {"check_response": False, "allow_redirects": False, "timeout": ANSWER_SECONDS}
    try:
        response = hook.run(endpoint, extra_options=options, **request)
    except (unanswered.ConnectionError, unanswered.Timeout) as error:
        raise PlatformUnavailable(f"{hook.method} {endpoint}: no answer: {error}") from None
    milliseconds = response.elapsed.total_seconds() * 1000
    log.info("%s %s: %s in %.1f ms", hook.method, endpoint, response.status_code, milliseconds)
    if response.status_code < 300:
        return response
    what = f"{hook.method} {endpoint}: {problem(response)}"
    # A token of a moment ago is taken back, or signed with a key that was left out: the next try has another one.
    is_outdated = response.status_code == 401 and endpoint != TOKEN
    if is_outdated or response.status_code == 429 or response.status_code >= 500:
        raise PlatformUnavailable(what, retry_after(response.headers.get("Retry-After")))
    raise AirflowFailException(what)


def problem(response: Any) -> str:
    """What the platform says is wrong (RFC 9457), or the beginning of what somebody on the way says."""
    try:
        told = response.json()
        faults = "".join(f"; {fault['pointer']}: {fault['detail']}" for fault in told.get("errors", []))
        return f"{told['status']} {told['code']}: {told['detail']}{faults} (request {told['request_id']})"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status_code} {response.reason}: {response.text[:500]}"


def retry_after(header: str | None) -> timedelta | None:
    """The header `Retry-After`: seconds or a date (RFC 9110, 10.2.3); none where it is neither."""
    try:
        if header is None or header.isdigit():
            wait = None if header is None else timedelta(seconds=min(int(header), LONGEST_WAIT.total_seconds()))
        else:
            wait = max(parsedate_to_datetime(header) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return None
    return None if wait is None else min(wait, LONGEST_WAIT)


# --- Their order -----------------------------------------------------------------------------------------------------


@dag(
    description="The day's analytics and its report",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("@daily", timezone=TIME_ZONE.key),
    # The earliest day of a backfill.
    start_date=datetime(2020, 1, 1, tzinfo=TIME_ZONE),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=4,
    tags=["edtech"],
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description_md="The day to report. Empty: that of the logical date, or yesterday where there is none.",
        )
    },
    user_defined_macros={"day_of_run": day_of_run},
    default_args={
        "retries": RETRIES,
        "retry_policy": PatientlyAgain(),
        # Where a task could not even begin, nobody asks the policy, and Airflow itself would wait five minutes.
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2,
        "max_retry_delay": LONGEST_PAUSE,
        "execution_timeout": timedelta(minutes=5),
    },
)
def edtech_analytics() -> None:
    day = "{{ day_of_run(dag_run, params) }}"
    task(generate_daily_report)(
        day,
        engagement=task(analyze_student_engagement)(day),
        lessons=task(analyze_lesson_completion)(day),
        classrooms=task(analyze_classroom_performance)(day),
    )


edtech_analytics()
