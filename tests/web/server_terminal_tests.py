"""A server in a terminal ends with it; under nohup or a service manager it does not."""

import os
import pty
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.supervisor import APPLICATION, Server, until


def both_workers(server: Server) -> set[str]:
    """Return the process ids of two workers, once both answer."""
    workers: set[str] = set()

    def both_answer() -> bool:
        workers.add(server.get("/pid"))
        return len(workers) == 2

    until(both_answer)
    return workers


class Terminal:
    """A terminal, and the servers that were started in it."""

    def __init__(self, directory: Path, port: str) -> None:
        (directory / "application.py").write_text(APPLICATION)
        self._directory = directory
        self._environment = {"HOST": "127.0.0.1", "PORT": port, "WEB_CONCURRENCY": "2"}
        self._window, self._inside = pty.openpty()
        self.servers: list[Server] = []

    def start(self, *prefix: str) -> Server:
        """Start a server in it, with a command such as nohup before it."""
        self.servers.append(Server(self._directory, self._environment, prefix, self._inside))
        os.close(self._inside)
        return self.servers[-1].until_running()

    def close(self) -> None:
        """Close the window."""
        with suppress(OSError):
            os.close(self._window)


@pytest.fixture
def terminal(tmp_path: Path, port: str) -> Iterator[Terminal]:
    """A terminal; its servers are ended after the test."""
    terminal = Terminal(tmp_path, port)
    yield terminal
    terminal.close()
    (tmp_path / "release").touch()
    for server in terminal.servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
            server.until_quiet()


def test_a_closed_terminal_ends_the_server_like_ctrl_c(terminal: Terminal) -> None:
    """What it had in hand is answered before."""
    server = terminal.start()
    with closing(server.connect()) as busy:
        busy.request("GET", "/wait")
        until((server.directory / "entered").exists)
        terminal.close()
        server.until_quiet()
        (server.directory / "release").touch()
        assert busy.getresponse().read() == b"done"
    assert server.wait() == 0
    assert server.stderr == ""


def test_under_nohup_it_goes_on(terminal: Terminal) -> None:
    """With the same workers, until it is told to stop."""
    server = terminal.start("nohup")
    workers = both_workers(server)
    terminal.close()
    os.kill(server.process.pid, signal.SIGHUP)
    assert both_workers(server) == workers
    server.process.terminate()
    assert server.wait() == 0


def test_connections_do_not_get_the_numbers_of_closed_standard_files(
    tmp_path: Path, port: str
) -> None:
    """What a library prints would be sent to a client."""
    (tmp_path / "application.py").write_text(APPLICATION)
    environment = {"HOST": "127.0.0.1", "PORT": port, "WEB_CONCURRENCY": "1"}
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    server = Server(tmp_path, environment, closed)
    until(server.listens)
    files = {os.readlink(f"/proc/{server.get('/pid')}/fd/{number}") for number in range(3)}
    server.process.terminate()
    assert (files, server.wait()) == ({"/dev/null"}, 0)


def test_without_a_terminal_it_goes_on(start: Callable[..., Server]) -> None:
    """As under systemd: neither the server nor a worker minds the signal."""
    server = start().until_running()
    workers = both_workers(server)
    for pid in (server.process.pid, *map(int, workers)):
        os.kill(pid, signal.SIGHUP)
    assert both_workers(server) == workers
    server.process.terminate()
    assert server.wait() == 0
