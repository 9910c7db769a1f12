"""Load: wrk with one thread, its requests checked, its figures read."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass

from tests.benchmarks.servers import Request, Server, ServerFailed, send

_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
wrk.headers["Content-Type"] = {content_type}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{{"requests": %d, "microseconds": %d, "errors": %d, "p50": %f, "p99": %f}}',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server did under load."""

    per_second: float
    """Requests a second."""
    cpu: float
    """Seconds of processor time that the server took for a request."""
    median: float
    """Seconds from a request to its answer, as the client sees it."""
    p99: float


def put_load(server: Server, request: Request, seconds: float, connections: int = 16) -> Load:
    """Return what the server does under load, after a warm-up of a quarter of the time.

    Raises
    ------
    ServerFailed
        If any answer was not 200, or the last has another length than the first.
    """
    status, first = send(server.port, request)
    _run_wrk(server.port, request, max(1.0, seconds / 4), connections)
    cpu = server.cpu_seconds()
    result = _run_wrk(server.port, request, seconds, connections)
    cpu = server.cpu_seconds() - cpu
    last_status, last = send(server.port, request)
    # As many bytes, not the same: some servers give each answer an id.
    if result["errors"] or (status, len(first)) != (last_status, len(last)) or status != 200:
        raise ServerFailed(f"{result['errors']} answers were not 200, or they changed: {last!r}")
    return Load(
        result["requests"] / result["microseconds"] * 1e6,
        cpu / result["requests"],
        result["p50"] / 1e6,
        result["p99"] / 1e6,
    )


def _run_wrk(port: int, request: Request, seconds: float, connections: int) -> dict[str, float]:
    script = _SCRIPT.format(
        body=_quote(request.body.decode()), content_type=_quote(request.content_type)
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        output = subprocess.run(
            [
                *command,
                "--timeout",
                "30s",
                "-s",
                file.name,
                f"http://127.0.0.1:{port}{request.path}",
            ],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        ).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    if result["requests"] == 0:
        raise ServerFailed("no request was answered")
    return result


def _quote(text: str) -> str:
    """Return a Lua string."""
    return "[==[" + text + "]==]"
