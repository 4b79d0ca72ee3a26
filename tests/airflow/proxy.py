"""What may go wrong between the DAG and the platform: a proxy that answers, or hangs up, in its place."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple

import requests

HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@dataclass
class Answer:
    """An answer that the platform never gave."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class HangUpError(Exception):
    """No answer at all."""


def unavailable(seconds: int) -> Answer:
    """What the platform answers where it is too busy."""
    body = {"title": "Service Unavailable", "status": 503, "code": "unavailable", "detail": "Send it again."}
    return Answer(503, body | {"request_id": "made-up"}, {"Retry-After": str(seconds)})


class Seen(NamedTuple):
    """A request that came by, and what became of it."""

    method: str
    status: int
    at: float


class Proxy:
    """Passes everything on to the platform, but for what it was told to do instead."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.seen: list[Seen] = []
        self.instead: dict[str, deque[Answer | Callable[[], None]]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self, method: str, *what: Answer | Callable[[], None]) -> None:
        """What the next requests with this method get: an answer of ours, or a call that hangs up afterwards."""
        self.instead.setdefault(method, deque()).extend(what)

    def statuses(self, method: str) -> list[int]:
        """What was answered to requests with this method; 0 where the line was cut."""
        return [seen.status for seen in self.seen if seen.method == method]

    def pauses(self, method: str) -> list[float]:
        """The seconds between requests with this method."""
        times = [seen.at for seen in self.seen if seen.method == method]
        return [later - earlier for earlier, later in pairwise(times)]

    def __enter__(self) -> Proxy:
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> requests.Response | Answer:
        planned = self.instead.get(method)
        if planned:
            what = planned.popleft()
            if isinstance(what, Answer):
                return what
            what()
            raise HangUpError
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
            return requests.request(method, f"{self.upstream}{path}", headers=kept, data=body, timeout=30)
        except requests.ConnectionError as error:
            raise HangUpError from error

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    answer = proxy.answer(self.command, self.path, dict(self.headers.items()), body)
                except HangUpError:
                    proxy.seen.append(Seen(self.command, 0, time.monotonic()))
                    self.close_connection = True
                    return
                status = answer.status if isinstance(answer, Answer) else answer.status_code
                content = json.dumps(answer.body).encode() if isinstance(answer, Answer) else answer.content
                proxy.seen.append(Seen(self.command, status, time.monotonic()))
                self.send_response(status)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do  # noqa: N815 — http.server names them so

            def log_message(self, *_: Any) -> None:
                """Says nothing: `seen` tells."""

        return Handler
