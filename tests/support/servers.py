"""A server in a process of its own, as users start one."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from app.settings import Settings
from tests.support.paths import ROOT


@contextmanager
def running_server(
    config: Settings,
    workers: int,
    target: str = "",
    *,
    prefix: Sequence[str] = (),
    stderr: str = "",
    **variables: str,
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run `python -m app.app`, as users do, and give its port and its process.

    With a target, such as `module:app`, its workers serve that. A prefix is a command that runs
    the server in its place, for example in a namespace of its own. `stderr` is the path of a file.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {knob.name.upper(): str(getattr(config, knob.name)) for knob in fields(config)}
    environment |= {"HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": str(workers)}
    serve = (
        "from app import settings; from app.web import server;"
        f" server.serve(settings.current, {target!r})"
    )
    complaints = open(stderr, "wb") if stderr else None  # noqa: SIM115 - closed below
    server = subprocess.Popen(
        [*prefix, sys.executable, *(["-c", serve] if target else ["-m", "app.app"])],
        cwd=ROOT,
        env=os.environ | environment | variables,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
    )
    if complaints:
        complaints.close()
    assert server.stdout is not None
    with server.stdout as stdout:
        assert "Running on" in stdout.readline()
        try:
            yield port, server
        finally:
            server.send_signal(signal.SIGTERM)
            exit_status = server.wait(timeout=60)
        assert exit_status in (0, -signal.SIGKILL)  # killed by the test itself


def read(port: int, path: str, data: bytes | None = None) -> str:
    """Return what a new connection is answered."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.read().decode())


def workers_of(server: subprocess.Popen[str]) -> list[int]:
    """Return the ids of the server's living workers, the oldest first."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(pid) for pid in children.split()]
