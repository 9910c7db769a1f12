"""Load: threads that ask again and again, and keep what they were answered."""

import http.client
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

import orjson

from tests.support.metrics import Samples, parse, value
from tests.support.requests import ROW
from tests.support.servers import read

BODY = orjson.dumps(ROW)


class Answer(NamedTuple):
    """What came of one request."""

    path: str
    request_id: str
    asked: float
    """When it was sent, in seconds of `time.monotonic`."""
    answered: float
    status: int | None
    """None if there was no answer."""
    digest: str | None
    """Of the model that answered."""
    error: str
    """Why there was none."""


class Load:
    """Threads that ask for a prediction by each path in turn, one request at a time each.

    Parameters
    ----------
    port : int
    paths : iterable of str
    threads : int
    reconnect : int
        Requests after which a thread takes a new connection, and so perhaps another worker.
    pause : float
        Seconds between an answer and the next request.
    body : bytes
    """

    def __init__(
        self,
        port: int,
        paths: Iterable[str],
        *,
        threads: int = 8,
        reconnect: int = 20,
        pause: float = 0.005,
        body: bytes = BODY,
    ) -> None:
        self.paths = list(paths)
        self._port = port
        self._reconnect = reconnect
        self._pause = pause
        self._body = body
        self._name = secrets.token_hex(4)
        self._over = threading.Event()
        self._kept: list[list[Answer]] = [[] for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._ask, args=(number,)) for number in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let each thread have its last answer."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def answers(self, path: str | None = None, since: float = 0.0) -> list[Answer]:
        """Return the answers so far to what was asked since then, in that order."""
        answers: list[Answer] = []
        for kept in self._kept:
            recent = itertools.takewhile(lambda a: a.asked >= since, reversed(kept[:]))
            answers += [answer for answer in recent if path in (None, answer.path)]
        return sorted(answers, key=lambda answer: answer.asked)

    def _ask(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        for count in itertools.count():
            if self._over.is_set():
                break
            path = self.paths[count % len(self.paths)]
            request_id = f"{self._name}-{number}-{count}"
            headers = {"Content-Type": "application/json", "X-Request-ID": request_id}
            asked, status, digest, error = time.monotonic(), None, None, ""
            try:
                connection.request("POST", path, self._body, headers)
                response = connection.getresponse()
                response.read()
                status, digest = response.status, response.getheader("X-Model-Digest")
            except (OSError, http.client.HTTPException) as caught:
                error = type(caught).__name__
            self._kept[number].append(
                Answer(path, request_id, asked, time.monotonic(), status, digest, error)
            )
            if error or count % self._reconnect == self._reconnect - 1:
                connection.close()
            time.sleep(self._pause)
        connection.close()


def until(condition: Callable[[], object], seconds: float = 30.0) -> float:
    """Return after how many seconds the condition held; fail if it never does."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - started


def scrape(port: int) -> Samples:
    """Return what /metrics tells."""
    return parse(read(port, "/metrics"))


def statuses(answers: Iterable[Answer]) -> set[int | str]:
    """Return the statuses that there were, and the errors in place of one."""
    return {answer.status or answer.error for answer in answers}


def p99(answers: Iterable[Answer]) -> float:
    """Return the 99th percentile of the seconds that the answers took."""
    seconds = sorted(answer.answered - answer.asked for answer in answers)
    return seconds[len(seconds) * 99 // 100]


def loads(port: int, version: str, outcome: str = "loaded") -> float:
    """Return how often all workers together loaded a version."""
    return value(scrape(port), "model_loads_total", version=version, outcome=outcome)


def until_live(load: Load, path: str, digest: str) -> float:
    """Return how long, from now on, a request was last answered by another model."""
    now = time.monotonic()
    until(
        lambda: (
            {a.digest for a in load.answers(path, max(now, time.monotonic() - 0.25))} == {digest}
        )
    )
    older = [a.answered for a in load.answers(path, now) if a.digest != digest]
    return max(older, default=now) - now
