"""Servers as processes: started on a free port, waited for until it is they who answer, ended."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.benchmarks.processes import inherited_environment
from tests.support.paths import ROOT

DEADLINE = 120  # seconds for a server to answer, or to stop


@dataclass(frozen=True)
class Request:
    """A request that is answered 200."""

    path: str
    body: bytes
    content_type: str = "application/json"
    method: str = "POST"


class ServerFailed(Exception):
    """A server that does not run or does not answer as it should."""


class Server:
    """A running server process and its children: all processes of one session.

    Parameters
    ----------
    command : sequence of str
        `{port}` in it stands for the port.
    environment : mapping
        Added to ours; `{port}` too.
    directory : path
        Where it runs and its output is kept.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path
    ) -> None:
        self.port = find_free_port()
        self.output = directory / f"output-{self.port}"
        added = {key: value.format(port=self.port) for key, value in environment.items()}
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [argument.format(port=self.port) for argument in command],
                cwd=directory,
                env=inherited_environment() | {"PYTHONPATH": str(ROOT)} | added,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process that was started, which leads the session."""
        return self._process.pid

    def until_answers(self, request: Request, pause: float = 0.02) -> Self:
        """Wait until the request is answered 200, by a process of this session."""
        deadline = time.monotonic() + DEADLINE
        while True:
            if self._process.poll() is not None:
                raise ServerFailed(f"it ended: {self.output.read_text()[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _ = send(self.port, request)
                if status == 200:
                    break
            if time.monotonic() > deadline:
                raise ServerFailed(f"it does not answer: {self.output.read_text()[-2000:]}")
            time.sleep(pause)
        if not self._is_listening():
            raise ServerFailed(f"somebody else answers on port {self.port}")
        return self

    def cpu_seconds(self) -> float:
        """Return the processor time that the session's living processes have used so far."""
        ticks = sum(sum(map(int, _stat(pid)[11:13])) for pid in self.processes())
        return ticks / os.sysconf("SC_CLK_TCK")

    def processes(self) -> list[int]:
        """Return the ids of the session's processes, the first one first."""
        pids = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it ended meanwhile
                if int(_stat(int(name))[3]) == self.pid:
                    pids.append(int(name))
        return sorted(pids)

    def stop(self) -> None:
        """End it as an operator would, and whatever of it is left after that."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(15)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(DEADLINE)

    def _is_listening(self) -> bool:
        """Whether all sockets that listen on the port are held by this session."""
        listening = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with contextlib.suppress(FileNotFoundError):
                for line in Path(table).read_text().splitlines()[1:]:
                    fields = line.split()
                    if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == self.port:
                        listening.add(f"socket:[{fields[9]}]")
        held = set()
        for pid in self.processes():
            with contextlib.suppress(OSError):
                for descriptor in os.listdir(f"/proc/{pid}/fd"):
                    with contextlib.suppress(OSError):
                        held.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        return bool(listening) and listening <= held


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/pid/stat from the third on (proc_pid_stat(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def find_free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def send(port: int, request: Request) -> tuple[int, bytes]:
    """Return the status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Content-Type": request.content_type}
        connection.request(request.method, request.path, request.body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], directory: Path, request: Request
) -> Iterator[Server]:
    """Run a server that answers the request."""
    server = Server(command, environment, directory)
    try:
        yield server.until_answers(request)
    finally:
        server.stop()


def our_server(
    python: str, config: Mapping[str, str], target: str = "app.app:app", **knobs: str | int
) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of our server, or of another callable on it."""
    command = [python, "-m", "app.app"]
    if target != "app.app:app":
        run = (
            "from app import settings; from app.web import server;"
            f" server.serve(settings.current, {target!r})"
        )
        command = [python, "-c", run]
    named = {"WEB_CONCURRENCY": 1} | knobs
    environment = {name: str(value) for name, value in named.items()}
    return command, {"HOST": "127.0.0.1", "PORT": "{port}"} | dict(config) | environment
