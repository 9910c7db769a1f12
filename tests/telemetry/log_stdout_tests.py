"""The log on stdout, which may be read slowly, or by nobody."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.support.paths import ROOT

PREPARATION = """
import logging, os, sys, time
from app.telemetry import log_stdout, logs
from app.telemetry.records import Record, Records

log = logs.configure("-", 10_000, 3, log_format=os.environ.get("FORMAT", "text"))


def records(*ids):
    return [Record(9e8, "::1", "GET", "http", "/", "/", 200, 2e-4, str(id)) for id in ids]


def tell(*what):
    print(*what, file=sys.stderr)
"""


def start(program: str, **variables: str) -> subprocess.Popen[str]:
    """Run a program whose log goes to stdout."""
    return subprocess.Popen(
        [sys.executable, "-c", PREPARATION + program],
        cwd=ROOT,
        env=os.environ | {"TZ": "UTC"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("log_format", "expected"),
    [
        (
            "text",
            "1998-07-09 16:00:00,000 - app - INFO - ::1 GET http / 200 OK 0.200 ms 1\n"
            "1998-07-09 16:00:00,000 - app - INFO - ::1 GET http / 200 OK 0.200 ms 2\n",
        ),
        (
            "json",
            "".join(
                '{"timestamp":"1998-07-09T16:00:00.000Z","level":"INFO","logger":"app"'
                ',"message":"GET / 200 OK","remote_addr":"::1","method":"GET","scheme":"http"'
                f',"path":"/","status":200,"duration":0.000200,"request_id":"{id}"}}\n'
                for id in (1, 2)
            ),
        ),
    ],
)
def test_lines_that_wait_are_written_at_the_end(log_format: str, expected: str) -> None:
    """As in a file; nothing else is on stdout."""
    program = """
waiting = Records([log.write_requests])
waiting.add(records(1)[0])
log.write_requests(records(2))
"""
    with start(program, FORMAT=log_format) as process:
        out, err = process.communicate()
    assert sorted(out.splitlines()) == sorted(expected.splitlines())
    assert (process.returncode, err) == (0, "")


def test_messages_are_there_too() -> None:
    """What a module says, and not what is for debugging."""
    program = """
logging.getLogger("app.store").debug("nothing")
logging.getLogger("app.store").warning("v0 is %s", "unavailable")
"""
    with start(program, FORMAT="json") as process:
        out, err = process.communicate()
    fields = json.loads(out)
    assert (fields["level"], fields["logger"], fields["message"]) == (
        "WARNING",
        "app.store",
        "v0 is unavailable",
    )
    assert err == ""


def test_processes_do_not_write_amid_each_other() -> None:
    """A batch of each is many times what a pipe takes at once."""
    program = """
children = [os.fork() for _ in range(4)]
if 0 in children:
    from multiprocessing.util import _exit_function
    for batch in range(10):
        log.write_requests(records(*(f"{len(children)}-{os.getpid()}-{i}" for i in range(1000))))
    log.close()
    os._exit(0)
for child in children:
    os.waitpid(child, 0)
"""
    with start(program) as process:
        out, err = process.communicate()
    line = "1998-07-09 16:00:00,000 - app - INFO - ::1 GET http / 200 OK 0.200 ms "
    ids = Counter(text.removeprefix(line) for text in out.splitlines())
    assert all(" " not in id for id in ids)
    assert err == ""
    assert len(ids) % 1000 == 0
    assert set(ids.values()) == {10}


def test_nobody_waits_for_a_stdout_that_nobody_reads() -> None:
    """Lines wait up to the limit; then they are dropped and counted; the process ends."""
    program = """
log_stdout.CAPACITY = 100_000
started = time.monotonic()
for i in range(300):
    log.write_requests(records(*range(100)))
logging.getLogger("app").warning("hello")
tell(time.monotonic() - started < 5, log.dropped > 25_000)
"""
    with start(program) as process:
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == (
            "The log cannot be written to stdout: it takes lines too slowly.\nTrue True\n"
        )


def test_a_closed_stdout_stops_nothing() -> None:
    """Each line is counted as dropped."""
    program = """
while log.dropped < 300:
    log.write_requests(records(*range(100)))
    time.sleep(0.01)
tell("done")
"""
    with start(program) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == (
            "The log cannot be written to stdout: [Errno 32] Broken pipe\ndone\n"
        )
        assert process.wait(30) == 0


def test_where_there_is_no_stdout_each_line_is_dropped() -> None:
    """Another file may have its number."""
    program = """
other = os.open("/dev/null", os.O_WRONLY)
log.write_requests(records(1, 2, 3))
tell(other, log.dropped)
"""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", PREPARATION + program],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.stderr == "The log cannot be written to stdout: it is closed.\n1 3\n"


def test_a_stdout_that_does_not_block_gets_every_line() -> None:
    """As a parent that polls may have set it."""
    program = """
os.set_blocking(1, False)
for i in range(20):
    log.write_requests(records(*range(1000)))
"""
    with start(program) as process:
        out, err = process.communicate()
    assert (len(out.splitlines()), err) == (20_000, "")


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
