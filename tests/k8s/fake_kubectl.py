"""Stands in for kubectl, and for a cluster behind it: notes each command, answers from a state that lies in a folder.

FAKE_CLUSTER is that folder: `clock` holds the time, `faults` what shall go wrong, `state` what the commands so far made
of the cluster, `calls` the commands. A simulator posts a log each five seconds, of that time.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLACE = Path(os.environ["FAKE_CLUSTER"])
SECRET = "the-simulators-secret"

# How long things take.
STARTING = 30
ROLLING = 40
LOADING = 150
RECOVERING = 20

State = dict[str, Any]


def main(words: list[str]) -> None:
    with (PLACE / "calls").open("a") as calls:
        print(json.dumps(words), file=calls)
    state = json.loads((PLACE / "state").read_text())
    if words[:1] == ["--namespace"]:
        if state["namespace"] != words[1]:
            fail(f'namespaces "{words[1]}" not found')
        words = words[2:]
    command = words[0] if words[0] not in ("get", "rollout", "config", "delete") else " ".join(words[:2])
    if command in faults().get("fail", []):
        fail(f"the server could not {command}")
    COMMANDS[command](state, words)
    (PLACE / "state").write_text(json.dumps(state))


def faults() -> State:
    return json.loads((PLACE / "faults").read_text())


def now() -> float:
    return float((PLACE / "clock").read_text())


def let_pass(seconds: float) -> None:
    (PLACE / "clock").write_text(str(now() + seconds))


def fail(text: str) -> None:
    print(f"Error: {text}", file=sys.stderr)
    sys.exit(1)


def show(value: Any) -> None:
    print(json.dumps(value))


# --- How many logs there are ------------------------------------------------------------------------------------------


def logs(state: State) -> int:
    rate = state["simulators"] / 5 * faults().get("rate", 1) if "installed" in state and not away(state) else 0
    return int(state["logs"] + rate * (now() - state["since"]))


def settle(state: State) -> None:
    state["logs"], state["since"] = logs(state), now()


def away(state: State) -> bool:
    return now() < state.get("back", 0)


# --- The cluster ------------------------------------------------------------------------------------------------------


def create(state: State, _: list[str]) -> None:
    body = json.load(sys.stdin)
    if state["namespace"]:
        fail(f'namespaces "{body["metadata"]["name"]}" already exists')
    state["namespace"] = body["metadata"]["name"]


def apply(state: State, _: list[str]) -> None:
    text = sys.stdin.read()
    (PLACE / f"applied-{len(list(PLACE.glob('applied-*')))}").write_text(text)
    if '"Pod"' in text:
        state["load"] = now()
    elif "kind: Deployment" in text:
        state["installed"] = state["since"] = now()
        state["simulators"] = 2


def objects(state: State) -> list[State]:
    """What a look at everything finds."""
    if "installed" not in state:
        return []
    started = now() - state["installed"] >= STARTING and not faults().get("never_ready")
    return [
        *pods(state),
        counted("Deployment", "edtech-api", 2, started),
        counted("Deployment", "edtech-simulator", state["simulators"], started),
        counted("StatefulSet", "db", 1, started and not away(state)),
        {"kind": "Job", "metadata": {"name": "bootstrap"}, "status": {"succeeded": int(started)}},
    ]


def counted(kind: str, name: str, replicas: int, is_ready: bool) -> State:
    container = {"name": "api", "image": "edtech-api:0.1.0"}
    return {
        "kind": kind,
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "readyReplicas": replicas if is_ready else 0,
            "updatedReplicas": replicas,
        },
    }


def pods(state: State, app: str | None = None) -> list[State]:
    started = now() - state["installed"] >= STARTING and not faults().get("never_ready")
    names = {"edtech-api": 2, "edtech-simulator": state["simulators"], "db": 1}
    return [
        pod(state, name, f"{name}-{number}", started and not (name == "db" and away(state)))
        for name, number_of in names.items()
        for number in range(number_of)
        if app in (None, name)
    ]


def pod(state: State, app: str, name: str, is_ready: bool) -> State:
    container = {
        "image": f"{app}:0.1.0",
        "restartCount": state.get("restarts", 0) if app == "edtech-api" else 0,
        "state": {},
    }
    if faults().get("no_image") == app:
        container["state"] = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    uid = state.get("database", "first") if app == "db" else name
    return {
        "kind": "Pod",
        "metadata": {"name": name, "uid": uid},
        "status": {
            "phase": "Running" if is_ready else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if is_ready else "False"}],
            "containerStatuses": [container],
        },
    }


def get_pods(state: State, words: list[str]) -> None:
    selector = next((word for word in words if word.startswith("--selector=app=")), "")
    show({"items": pods(state, selector.rpartition("=")[2])})


def get_pod(state: State, _: list[str]) -> None:
    over = now() - state["load"] >= faults().get("loading", LOADING)
    show({"status": {"phase": "Succeeded" if over else "Running"}})


def get_service(_: State, __: list[str]) -> None:
    show({"spec": {"type": "ClusterIP", "ports": [{"port": 5432}]}})


def get_secret(_: State, __: list[str]) -> None:
    show({"data": {"simulator-client-secret": base64.b64encode(SECRET.encode()).decode()}})


def get_namespace(state: State, words: list[str]) -> None:
    if state["namespace"] == words[2]:
        print(f"namespace/{words[2]}")


def scale(state: State, words: list[str]) -> None:
    settle(state)
    state["simulators"] = int(words[2].partition("=")[2])


def rollout_status(_: State, __: list[str]) -> None:
    let_pass(ROLLING)


def read_logs(_: State, __: list[str]) -> None:
    errors = faults().get("errors", {})
    ledger = {"acknowledged": 15_000, "lost": faults().get("lost", 0), "doubled": 0}
    show({"requests": 15_000, "errors": errors, "unsent": 0, "ledger": ledger})


def run(state: State, words: list[str]) -> None:
    query = next((word for word in words if word.startswith("--command=")), None)
    if query == "--command=SELECT now()":
        state["noted"] = logs(state)
        print("2026-11-26 06:00:00+00")
    elif query is not None and "received_at <= '2026-11-26 06:00:00+00'" in query:
        print(state["noted"] - (faults().get("forgets", 0) if state.get("database") == "second" else 0))
    elif query is not None:
        print(logs(state))
    elif faults().get("differences"):
        fail("command terminated with exit code 1")


def delete_pod(state: State, words: list[str]) -> None:
    if words[2].startswith("db"):
        settle(state)
        state["logs"] -= faults().get("forgets", 0)
        state["database"] = "second"
        state["back"] = state["since"] = now() + RECOVERING
        state["restarts"] = faults().get("restarts", 0)


def delete_namespace(state: State, _: list[str]) -> None:
    state["namespace"] = None


def forward(state: State, _: list[str]) -> None:
    """Serves the API for as long as it is let."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            self.say(200 if given == f"simulator:{SECRET}" else 401, {"access_token": "a-token"})

        def do_GET(self) -> None:
            if self.headers["Authorization"] != "Bearer a-token":
                self.say(401, {})
            elif away(state):
                self.say(503, {"code": "unavailable"})
            else:
                self.say(200, figures(state))

        def say(self, status: int, body: Any) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Api)
    print(f"Forwarding from 127.0.0.1:{server.server_port} -> 8000", flush=True)
    server.serve_forever()


def figures(state: State) -> State:
    count = logs(state)
    totals = {"streaming_logs": count, "students": 40, "active_students": min(count, 40)}
    wrong = faults().get("wrong_sum", 0)
    halves = [{"streaming_logs": count // 2}, {"streaming_logs": count - count // 2 + wrong}]
    return {"totals": totals, "classrooms": halves, "lessons": [{"streaming_logs": count}]}


COMMANDS: dict[str, Callable[[State, list[str]], None]] = {
    "config current-context": lambda *_: print("minikube"),
    "version": lambda *_: show({"serverVersion": {"gitVersion": faults().get("version", "v1.33.1")}}),
    "get namespace": get_namespace,
    "create": create,
    "apply": apply,
    "get pods,deployments,statefulsets,jobs": lambda state, _: show({"items": objects(state)}),
    "get pods": get_pods,
    "get pod": get_pod,
    "get service": get_service,
    "get secret": get_secret,
    "get deployment": lambda state, _: show(objects(state)[-4]),
    "scale": scale,
    "rollout restart": lambda *_: None,
    "rollout status": rollout_status,
    "exec": run,
    "logs": read_logs,
    "delete pod": delete_pod,
    "delete namespace": delete_namespace,
    "port-forward": forward,
}

if __name__ == "__main__":
    main(sys.argv[1:])
