"""What no schema can say: the problems that a request may be answered with although it fits the specification."""

import json

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

# A log names a learner and a lesson, by one id or by both, that the roster knows; and its time lies in some years.
LOG = {"missing_field", "unknown_student", "unknown_lesson", "student_mismatch", "lesson_mismatch", "out_of_range"}

# Two parameters each of which is good alone.
RANGE = {"conflicting_parameters", "invalid_range", "range_too_long"}

BEYOND_A_SCHEMA = {
    "POST /streaming-logs": LOG | {"erased"},
    # A new one needs what a known one may leave out.
    "POST /students": {"missing_field", "erased"},
    "POST /lessons": {"missing_field"},
    "GET /analytics/engagement": RANGE,
    "GET /analytics/lessons": RANGE,
    "GET /analytics/classrooms": RANGE,
    "GET /analytics/lessons/{lesson_id}/progress": RANGE,
    "GET /analytics/timeseries": RANGE,
    "GET /streaming-logs": RANGE | {"invalid_cursor"},
    # Of a day that has not begun there is nothing to tell; and figures are anything that both databases can keep.
    "PUT /analytics/daily/{date}/report": {"out_of_range", "invalid_text", "invalid_value"},
    "GET /students": {"invalid_cursor"},
    "GET /lessons": {"invalid_cursor"},
    "GET /classrooms": {"invalid_cursor"},
    "GET /benchmarks": {"invalid_cursor"},
    "GET /users": {"invalid_cursor"},
    "GET /audit-log": RANGE | {"invalid_cursor"},
    # Classrooms are for educators alone, and have to be there; that their names hold no control characters is not said.
    "POST /users": {"no_educator", "unknown_classroom", "invalid_value"},
    "PATCH /users/{name}": {"no_educator", "unknown_classroom", "invalid_value"},
    "GET /rejected-logs": {"invalid_cursor"},
    "POST /rejected-logs/replay": {"invalid_parameter"},
    # Of an interval, a rate and the maximum one can be asked for.
    "POST /benchmarks": {"contradiction"},
    # OpenAPI knows no WebSockets.
    "GET /live": {"no_websocket"},
}

# A text is all that a schema knows of a CSV.
CSV = {"invalid_csv", "unknown_field", "repeated_field", "missing_field"}


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case, response: Response
) -> bool:
    """Keep every failure but a good request that was refused, or a bad item of a list, for what no schema can say."""
    if isinstance(failure, AcceptedNegativeData):
        return not is_judged_item_by_item(case, response)
    if isinstance(failure, RejectedPositiveData):
        allowed = BEYOND_A_SCHEMA.get(case.operation.label, set())
        if case.media_type == "text/csv":
            allowed = allowed | CSV
        return body_of(response).get("code") not in allowed
    return True


def is_judged_item_by_item(case: schemathesis.Case, response: Response) -> bool:
    """Whether a list was answered with a verdict on a bad item: it never blocks its neighbours."""
    return isinstance(case.body, list) and response.status_code == 200 and bool(body_of(response).get("rejected"))


def body_of(response: Response) -> dict:
    """Return the body where it is an object, and nothing otherwise."""
    try:
        body = response.json()
    except json.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
