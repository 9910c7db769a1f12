"""The server process, started as users start it, with a small application in place of ours."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.utils.cores import usable_cores
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

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        self.port = int(environment["PORT"])
        self._outputs = [directory / f"{name}-{time.monotonic_ns()}" for name in ("out", "err")]
        with self._outputs[0].open("wb") as out, self._outputs[1].open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN],
                cwd=directory,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
                stdout=out,
                stderr=err,
                start_new_session=True,  # so that a test can signal the group as a terminal does
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


affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system knows no affinity"
)
ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def port() -> str:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: str) -> Iterator[Callable[..., Server]]:
    """Start servers with the environment given; all of them are ended after the test."""
    (tmp_path / "application.py").write_text(APPLICATION)
    servers: list[Server] = []

    def start(**environment: str) -> Server:
        defaults = {"HOST": "127.0.0.1", "PORT": port, "WEB_CONCURRENCY": "2"}
        servers.append(Server(tmp_path, defaults | environment))
        return servers[-1]

    yield start
    (tmp_path / "release").touch()
    alive = [server for server in servers if server.process.poll() is None]
    for server in alive:
        server.process.kill()
    for server in alive:
        server.wait()
        server.until_quiet()  # its workers ended by themselves


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "0.0.0.0"), ("localhost", "localhost"), pytest.param("::", "[::]", marks=ipv6)],
)
def test_says_once_where_it_runs_and_nothing_else(
    start: Callable[..., Server], host: str, shown: str
) -> None:
    """One line on stdout, none on stderr, and status 0 at the end."""
    server = start(HOST=host).until_running()
    assert server.get("/pid").isdigit()
    server.process.terminate()
    assert server.wait() == 0
    line = f" * Running on http://{shown}:{server.port}/ (Press CTRL+C to quit)\n"
    assert (server.stdout, server.stderr) == (line, "")


def test_keeps_a_connection_open(start: Callable[..., Server]) -> None:
    """Two requests travel over one connection, the second after a body."""
    with closing(start().until_running().connect()) as connection:
        connection.request("POST", "/body", body=b"x" * 10)
        assert connection.getresponse().read() == b"10"
        used = connection.sock
        assert used is not None
        assert ask(connection, "/pid").isdigit()
        assert connection.sock is used


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0.0.0.0", "localhost", pytest.param("::", marks=ipv6)]
)
def test_refuses_a_port_that_is_taken(start: Callable[..., Server], host: str) -> None:
    """A second server says what to do and ends; the first goes on."""
    first = start().until_running()
    second = start(HOST=host)
    assert second.wait() == 1
    assert second.stdout == ""
    assert second.stderr == (
        f"Error: port {first.port} on {host} is already in use; stop what runs there or set PORT.\n"
    )
    assert first.get("/pid").isdigit()


def test_refuses_a_port_that_another_program_would_share(start: Callable[..., Server]) -> None:
    """A listener that set SO_REUSEPORT does not lose half its connections to the server."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = start(PORT=str(listener.getsockname()[1]))
        assert server.wait() == 1
        assert server.stderr == (
            f"Error: port {server.port} on 127.0.0.1 is already in use; "
            "stop what runs there or set PORT.\n"
        )


def test_takes_a_port_whose_last_connections_linger(start: Callable[..., Server]) -> None:
    """A restart need not wait for TIME_WAIT, in which whoever closes first leaves a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    with socket.socket() as careless, pytest.raises(OSError, match="in use"):
        careless.bind(address)
    assert start(PORT=str(address[1])).until_running().get("/pid").isdigit()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"HOST": "host.invalid"},
            "host host.invalid is unknown; set HOST to an address of this machine.",
        ),
        ({"HOST": "192.0.2.1"}, "192.0.2.1 is not an address of this machine; set HOST."),
        ({"PORT": "65536"}, "there is no port 65536; set PORT to 65535 or below."),
    ],
)
def test_refuses_an_address_that_it_cannot_have(
    start: Callable[..., Server], environment: dict[str, str], message: str
) -> None:
    """One line says what is wrong and which variable to set."""
    server = start(**environment)
    assert server.wait() == 1
    assert (server.stdout, server.stderr) == ("", f"Error: {message}\n")


def test_refuses_a_port_that_the_user_may_not_have(start: Callable[..., Server]) -> None:
    """A port below 1024 takes rights that most users lack."""
    with socket.socket() as probe, suppress(PermissionError):
        probe.bind(("127.0.0.1", 1))
        pytest.skip("this user may listen on any port")
    server = start(PORT="1")
    assert server.wait() == 1
    assert server.stderr == (
        "Error: this user may not listen on port 1; set PORT to 1024 or above.\n"
    )


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to the process", "to its group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_finishes_the_requests_in_hand(
    start: Callable[..., Server], number: int, send: Callable[[int, int], None]
) -> None:
    """It stops listening, answers what it began, even to the impatient, and ends with 0."""
    server = start().until_running()
    with closing(server.connect()) as busy, closing(server.connect()) as idle:
        assert ask(idle, "/pid").isdigit()
        busy.request("GET", "/wait")
        until((server.directory / "entered").exists)
        send(server.process.pid, number)
        server.until_quiet()
        for _ in range(200):  # two that overlap could deadlock it
            send(server.process.pid, number)
        (server.directory / "release").touch()
        assert busy.getresponse().read() == b"done"
    assert server.wait() == 0
    assert server.stderr == ""


@affinity
def test_each_worker_stays_on_a_core_of_its_own(start: Callable[..., Server]) -> None:
    """All of its threads do, as long as there are cores enough."""
    server = start(WEB_CONCURRENCY="2", BLOCKING_THREADS="4").until_running()
    cores: dict[int, int] = {}

    def ask() -> bool:
        pid, core = json.loads(server.get("/cores"))
        assert cores.setdefault(pid, core) == core
        return len(cores) == 2

    until(ask)
    assert len(set(cores.values())) == min(2, len(usable_cores()))


@affinity
def test_a_worker_that_takes_a_dead_ones_place_takes_its_core(start: Callable[..., Server]) -> None:
    """So that no two share one afterwards."""
    server = start(WEB_CONCURRENCY="1").until_running()
    pid, core = json.loads(server.get("/cores"))
    os.kill(pid, signal.SIGKILL)
    until(lambda: (server.directory / "imported").read_text().count("\n") == 2)
    until(server.listens)
    new_pid, new_core = json.loads(server.get("/cores"))
    assert new_pid != pid
    assert new_core == core


@affinity
def test_the_system_may_place_threads(start: Callable[..., Server]) -> None:
    """With CPU_AFFINITY=0, on any core."""
    server = start(CPU_AFFINITY="0").until_running()
    assert json.loads(server.get("/cores"))[1:] == usable_cores()


def test_gives_up_on_a_request_after_the_timeout(start: Callable[..., Server]) -> None:
    """A request that never ends does not keep the server from stopping."""
    server = start(SHUTDOWN_TIMEOUT="1").until_running()
    with closing(server.connect()) as connection:
        connection.request("GET", "/wait")
        until((server.directory / "entered").exists)
        server.process.terminate()
        assert server.wait() == 0


def test_lets_workers_finish_their_own_business(start: Callable[..., Server]) -> None:
    """What the application registered for the end of a worker runs, as the log relies on."""
    server = start(WEB_CONCURRENCY="1").until_running()
    server.process.terminate()
    assert server.wait() == 0
    assert (server.directory / "finalized").exists()


def test_replaces_a_worker_that_was_killed(start: Callable[..., Server]) -> None:
    """Another worker answers, and has the secrets that the first took out of its environment."""
    server = start(WEB_CONCURRENCY="1", SECRET="key").until_running()
    imported = server.directory / "imported"
    os.kill(int(server.get("/pid")), signal.SIGKILL)
    until(lambda: imported.read_text().count("\n") == 2)
    until(server.listens)
    pid = server.get("/pid")
    assert imported.read_text().splitlines()[1] == f"{pid} key"
    assert server.get("/variable?SECRET") == "None"
    assert server.stdout.count("\n") == 1
    assert server.stderr == "[ERROR] Unexpected exit from worker-1\n"


def test_warms_up_only_what_takes_a_dead_workers_place(start: Callable[..., Server]) -> None:
    """Before it takes requests; a server that just starts waits for them."""
    server = start(WEB_CONCURRENCY="1").until_running()
    warm = server.directory / "warm"
    first = server.get("/pid")
    assert not warm.exists()
    os.kill(int(first), signal.SIGKILL)
    until(warm.exists)
    until(server.listens)
    assert server.get("/pid") == warm.read_text()


def test_workers_end_with_the_server(start: Callable[..., Server]) -> None:
    """A server that was killed leaves no worker behind on its port."""
    server = start().until_running()
    server.process.kill()
    server.wait()
    server.until_quiet()


def test_says_why_the_application_cannot_be_imported(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    """It shows the reason once, however many workers there are, and ends with 1."""
    (tmp_path / "application.py").write_text("raise ValueError('no such knob')")
    server = start(WEB_CONCURRENCY="3")
    assert server.wait() == 1
    assert server.stdout == ""
    assert server.stderr.count("Traceback") == 1
    assert server.stderr.endswith("ValueError: no such knob\n")


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
@pytest.mark.parametrize(("value", "seen"), [(None, "1"), ("3", "3")])
def test_keeps_each_worker_to_one_blas_thread(
    start: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str | None,
    seen: str,
) -> None:
    """Unless the user knows better."""
    monkeypatch.delenv(variable, raising=False)
    server = start(**({variable: value} if value else {})).until_running()
    assert server.get(f"/variable?{variable}") == seen


def test_imports_the_application_in_workers_alone(start: Callable[..., Server]) -> None:
    """The process that watches over the workers stays small."""
    server = start().until_running()
    until(lambda: (server.directory / "imported").read_text().count("\n") == 2)
    imported = (server.directory / "imported").read_text().split()[::2]
    assert str(server.process.pid) not in imported


def test_needs_no_heavy_import() -> None:
    """Importing the server brings in neither the web framework nor what computes."""
    heavy = "{'flask', 'numpy', 'pandas', 'sklearn'}"
    code = f"import sys, app.web.server; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
