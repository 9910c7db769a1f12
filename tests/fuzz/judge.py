"""Ask an application, count its answers, and fail unless each is one that it means to give."""

import io
import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from flask import Flask

from app.web.access.response_headers import SAFE_HEADERS

CASES = int(os.environ.get("FUZZ_CASES", "100000"))
LIMIT = 2_000_000  # bytes of a body
KEY = "only-for-these-tests"
HANG = 5.0  # seconds that no single case may take, even on a busy machine
NAMES = {"Content-Type": "CONTENT_TYPE", "Content-Length": "CONTENT_LENGTH"}


class Tally:
    """What was asked and answered; printed at the end."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self.described = 0  # cases of schemathesis' own

    def count(self, status: int, duration: float) -> None:
        """Count an answer; the first one imports what predicting and refusing need."""
        self.slowest = max(self.slowest, duration) if self.statuses else 0.0
        self.statuses[status] += 1


tally = Tally()


def ask(
    app: Flask,
    method: str = "POST",
    path: str = "/v0/predict",
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    chunked: bool = False,
) -> tuple[int, dict[str, str], bytes]:
    """Send a WSGI request as a server would, judge the answer and return it.

    Path, query and headers are latin-1 text, as PEP 3333 has them; a body may come in chunks, its
    length untold.
    """
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "" if chunked else str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in ({"X-API-Key": KEY} | (headers or {})).items():
        environ[NAMES.get(name, "HTTP_" + name.upper().replace("-", "_"))] = value
    answered: list[Any] = []

    def start_response(line: str, headers: object, error: object = None, /) -> Callable[..., Any]:
        answered.extend([line, headers])
        return answered.append

    started = time.perf_counter()
    chunks = app(environ, start_response)
    answer = b"".join(chunks)
    duration = time.perf_counter() - started
    if hasattr(chunks, "close"):
        chunks.close()
    status, sent = int(answered[0].split()[0]), dict(answered[1])
    tally.count(status, duration)
    judge(status, sent, answer, method, duration)
    return status, sent, answer


def judge(status: int, headers: dict[str, str], body: bytes, method: str, duration: float) -> None:
    """Fail unless an answer is one that this application means to give."""
    assert duration < HANG, f"took {duration:.1f} s"
    assert headers.keys() >= {name for name, _ in SAFE_HEADERS} | {"X-Request-ID"}
    for name, value in headers.items():
        assert "\n" not in name + value
        assert "\r" not in name + value
    if status < 400:
        return
    assert status in (400, 401, 404, 405, 413, 415, 503), (status, body)
    assert headers["Content-Type"] == "application/json"
    if method != "HEAD":
        error = orjson.loads(body)
        assert error.keys() <= {"message", "errors"}
        assert isinstance(error["message"], str)
        assert status != 503 or error["message"].endswith(" is unavailable.")
        assert len(body) < 20_000  # a message is not a copy of what was sent
