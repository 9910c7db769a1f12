"""A server process, started as users start it, with a small application in place of ours."""

import fcntl
import http.client
import os
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from tests.support.paths import ROOT

DEADLINE = 25  # seconds; the patience of a test, nothing it measures

APPLICATION = """
import os, pathlib, signal, time
from multiprocessing.util import Finalize

with open("imported", "a") as file:
    print(os.getpid(), os.environ.pop("SECRET", "none"), file=file)
Finalize(None, pathlib.Path("finalized").touch, exitpriority=0)


def wait(environ):
    pathlib.Path("entered").touch()
    while not os.path.exists("release"):
        time.sleep(0.01)
    return "done"


def warm_up():
    pathlib.Path("warm").write_text(str(os.getpid()))


ANSWERS = {
    "/pid": lambda environ: os.getpid(),
    "/variable": lambda environ: environ.get(environ["QUERY_STRING"]),
    "/body": lambda environ: len(environ["wsgi.input"].read(1000)),
    "/cores": lambda environ: [os.getpid(), *os.sched_getaffinity(0)],
    "/wait": wait,
}


def app(environ, start_response):
    answer = str(ANSWERS[environ["PATH_INFO"]](environ)).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""

RUN = (
    "from app import settings; from app.web import server;"
    " server.serve(settings.current, 'application:app')"
)


class Server:
    """A server process, its port and its output so far."""

    def __init__(
        self,
        directory: Path,
        environment: dict[str, str],
        prefix: Sequence[str] = (),
        terminal: int | None = None,
    ) -> None:
        self.directory = directory
        self.port = int(environment["PORT"])
        self._outputs = [directory / f"{name}-{time.monotonic_ns()}" for name in ("out", "err")]
        with self._outputs[0].open("wb") as out, self._outputs[1].open("wb") as err:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-c", RUN],
                cwd=directory,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
                stdin=terminal,
                stdout=out,
                stderr=err,
                start_new_session=True,  # so that a test can signal the group as a terminal does
                preexec_fn=None if terminal is None else take_terminal,
            )

    @property
    def stdout(self) -> str:
        """What it printed so far."""
        return self._outputs[0].read_text()

    @property
    def stderr(self) -> str:
        """What it complained of so far."""
        return self._outputs[1].read_text()

    def until_running(self) -> "Server":
        """Wait until it says that it runs."""
        until(lambda: "Running" in self.stdout or self.process.poll() is not None)
        assert self.process.poll() is None, self.stderr
        return self

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def get(self, path: str) -> str:
        """Return the body of the answer to a GET."""
        with closing(self.connect()) as connection:
            return ask(connection, path)

    def listens(self) -> bool:
        """Whether anybody listens on its port."""
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def until_quiet(self) -> None:
        """Wait until nobody listens on its port."""
        until(lambda: not self.listens())

    def wait(self) -> int:
        """Return its exit status once it ended."""
        return self.process.wait(DEADLINE)


def take_terminal() -> None:
    """Make the terminal on stdin the one that controls this process, as a login does."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def until(condition: Callable[[], object]) -> None:
    """Poll until the condition holds; fail at the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def ask(connection: http.client.HTTPConnection, path: str) -> str:
    """Return the body of the answer to a GET on a connection."""
    connection.request("GET", path)
    return connection.getresponse().read().decode()
