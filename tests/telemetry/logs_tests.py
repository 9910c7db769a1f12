"""The application log: whole lines, each once, that no client can forge and no failure can stop."""

import gzip
import logging
import multiprocessing
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from isal import igzip

from app.telemetry import logs
from app.telemetry.records import Record, Records
from tests.support.paths import ROOT

MAX_BYTES = 10_000
NEVER = 3600.0
LONG = 60.0
kept: list[Records] = []
"""What must live as long as the process, as an application's records do."""
TIMESTAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
ANY_TEXT = st.text(st.characters())  # surrogates and control characters included


def a_record(
    *, time: float = 1.7e9, method: str = "GET", path: str = "/", status: int = 200, id: str = "1"
) -> Record:
    return Record(time, "127.0.0.1", method, "http", path, "/", status, 0.000412, id)


def line_of(record: Record) -> str:
    [line] = logs.request_lines([record])
    return line


def message_of(line: str) -> str:
    assert re.match(TIMESTAMP + " - app - ", line)
    return line[len("2026-01-31 12:00:00,000 - app - ") :]


ANY_RECORD = st.builds(
    a_record,
    time=st.floats(0, 4e9),
    method=ANY_TEXT,
    path=ANY_TEXT,
    status=st.integers(100, 599),
    id=ANY_TEXT | st.from_regex(r"[A-Za-z0-9._-]{1,70}", fullmatch=True),
)


@given(st.lists(ANY_RECORD, max_size=8))
def test_many_requests_have_the_lines_that_each_has_alone(records: list[Record]) -> None:
    """In order, though what many have in common is looked at once."""
    assert logs.request_lines(records) == [line_of(record) for record in records]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logs.ApplicationLog]:
    """The log in a directory of its own, and none after the test."""
    handler = logs.configure(str(tmp_path / "logs"), MAX_BYTES, 3)
    yield handler
    forget(handler)


def forget(handler: logging.Handler) -> None:
    """Leave the logger "app" as it was before any log was configured."""
    app_logger = logging.getLogger("app")
    app_logger.removeHandler(handler)
    app_logger.propagate = True
    handler.close()


def lines_of(log: logs.ApplicationLog) -> list[str]:
    return Path(log.baseFilename).read_text().splitlines()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "INFO - 127.0.0.1 GET http / 200 OK 0.412 ms 1"),
        (404, "INFO - 127.0.0.1 GET http / 404 NOT FOUND 0.412 ms 1"),
        (499, "INFO - 127.0.0.1 GET http / 499 0.412 ms 1"),
        (500, "ERROR - 127.0.0.1 GET http / 500 INTERNAL SERVER ERROR 0.412 ms 1"),
    ],
)
def test_the_line_of_a_request(status: int, expected: str) -> None:
    """A client's mistake is no error; a status without a phrase has none."""
    assert message_of(line_of(a_record(status=status))) == expected


@given(st.floats(min_value=0, max_value=4e9))
def test_a_request_is_dated_as_logging_would(time: float) -> None:
    """The time is the record's own, in the format of all other lines."""
    created = logging.makeLogRecord({"created": time, "msecs": int((time - int(time)) * 1000)})
    expected = logging.Formatter().formatTime(created)
    assert line_of(a_record(time=time)).startswith(f"{expected} - app - INFO - ")


@given(method=ANY_TEXT, path=ANY_TEXT, id=ANY_TEXT)
@example(method="GET\n", path="/\r\n2026-01-01 00:00:00,000 - app - INFO - ", id="\x85\u2028\ud800")
def test_any_request_is_one_printable_line_of_as_many_words(
    method: str, path: str, id: str
) -> None:
    """Nothing that a client sends can end the line, add a word or reach a terminal."""
    line = line_of(a_record(method=method, path=path, id=id))
    assert line.isprintable()
    assert len(line.split(" ")) == len(line_of(a_record()).split(" "))


@given(st.binary(min_size=1, max_size=logs.MAX_PATH_LENGTH))
def test_the_path_can_be_decoded_from_the_line(path: bytes) -> None:
    """Percent-encoding loses nothing."""
    line = line_of(a_record(path=path.decode("latin-1")))
    assert unquote_to_bytes(line.split(" ")[10]) == path


def test_long_values_are_cut() -> None:
    """A line is bounded, and shows where something is missing."""
    line = line_of(a_record(method="M" * 65, path="/" * 257, id="1" * 65))
    assert message_of(line) == (
        f"INFO - 127.0.0.1 {'M' * 64}… http {'/' * 256}… 200 OK 0.412 ms {'1' * 64}…"
    )


def test_empty_values_are_dashes() -> None:
    """So that every word keeps its place."""
    line = line_of(a_record(method="", path="", id=""))
    assert message_of(line) == "INFO - 127.0.0.1 - http - 200 OK 0.412 ms -"


def test_a_batch_is_written_at_once(
    log: logs.ApplicationLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One lock and one write for all of its lines."""
    written: list[str] = []
    monkeypatch.setattr(log, "do_write", written.append)
    batch = [a_record(id="1"), a_record(id="2")]
    log.write_requests(batch)
    assert written == ["\n".join(logs.request_lines(batch))]


def test_what_other_modules_say_is_in_the_same_file(log: logs.ApplicationLog) -> None:
    """A warning beside a request; what is for debugging is left out."""
    logging.getLogger("app.store.model_store").debug("nothing")
    logging.getLogger("app.store.model_store").warning("v0 is %s", "unavailable")
    log.write_requests([a_record()])
    first, second = lines_of(log)
    assert re.fullmatch(TIMESTAMP + " - app.store.model_store - WARNING - v0 is unavailable", first)
    assert second == line_of(a_record())


def test_no_message_nor_traceback_can_forge_a_line(log: logs.ApplicationLog) -> None:
    """Only the first line of a record is not indented; control characters are escaped."""
    forged = line_of(a_record())
    try:
        raise ValueError(f"\n{forged}\r{forged}\x1b[2J\ud800")
    except ValueError:
        bad = logging.LogRecord("app", logging.ERROR, "", 0, "bad\n%s", (forged,), sys.exc_info())
    log.handle(bad)
    first, *others = lines_of(log)
    assert first.endswith(" - app - ERROR - bad")
    assert others[:2] == [f"  {forged}", "  Traceback (most recent call last):"]
    assert others[-2:] == [f"  {forged}", f"  {forged}\\x1b[2J\\ud800"]
    assert all(line.startswith("  ") and line.isprintable() for line in others)


def test_configuring_again_keeps_or_replaces_the_handler(
    log: logs.ApplicationLog, tmp_path: Path
) -> None:
    """No line is ever written twice."""
    assert logs.configure(str(tmp_path / "logs"), MAX_BYTES, 3) is log
    other = logs.configure(str(tmp_path / "other"), MAX_BYTES, 3)
    logging.getLogger("app").info("hello")
    assert (len(lines_of(log)), len(lines_of(other))) == (0, 1)
    forget(other)


def test_a_handler_that_is_replaced_while_it_writes_can_write_again(
    log: logs.ApplicationLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is closed between two writes: else the next one would wait for ever."""
    writes, goes_on = threading.Event(), threading.Event()
    write = log.do_write

    def write_slowly(msg: str) -> None:
        writes.set()
        goes_on.wait(LONG)
        write(msg)

    monkeypatch.setattr(log, "do_write", write_slowly)
    threads = [
        threading.Thread(target=action, daemon=True)
        for action in (
            lambda: log.write_requests([a_record(id="first")]),
            log.close,
            lambda: log.write_requests([a_record(id="second")]),
        )
    ]
    first, close, second = threads
    first.start()
    assert writes.wait(LONG)
    close.start()
    close.join(0.1)  # it would be done by then, if it did not wait
    goes_on.set()
    first.join(LONG)
    close.join(LONG)
    second.start()
    second.join(LONG)
    assert not any(thread.is_alive() for thread in threads)
    assert [line.split()[-1] for line in lines_of(log)] == ["first", "second"]


@pytest.mark.parametrize("propagate", [False, True])
def test_the_root_logger_gets_it_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, propagate: bool
) -> None:
    """As one wants while debugging, and not otherwise."""
    heard: list[logging.LogRecord] = []
    root_handler = logging.Handler()
    monkeypatch.setattr(root_handler, "emit", heard.append)
    logging.getLogger().addHandler(root_handler)
    handler = logs.configure(str(tmp_path), MAX_BYTES, 3, propagate=propagate)
    logging.getLogger("app").info("hello")
    forget(handler)
    logging.getLogger().removeHandler(root_handler)
    assert len(heard) == propagate


def test_a_directory_that_cannot_be_made_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said once, counted, warnings go to stderr, and logging resumes when it can."""
    in_the_way = tmp_path / "logs"
    in_the_way.touch()
    log = logs.configure(str(in_the_way), MAX_BYTES, 3)
    complaint = f"The application log cannot be written: [Errno 17] File exists: '{in_the_way}'\n"
    assert capsys.readouterr().err == complaint

    log.write_requests([a_record(), a_record()])
    logging.getLogger("app").info("hello")
    assert (log.dropped, capsys.readouterr().err) == (3, "")
    logging.getLogger("app").warning("careful")
    assert log.dropped == 4
    assert re.fullmatch(TIMESTAMP + " - app - WARNING - careful\n", capsys.readouterr().err)

    in_the_way.unlink()
    in_the_way.mkdir()
    log.write_requests([a_record()])
    forget(log)
    assert (log.dropped, lines_of(log)) == (4, [line_of(a_record())])


def test_a_message_that_cannot_be_formatted_stops_nothing(
    log: logs.ApplicationLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug in a message is no reason to fail a request."""
    bad = logging.makeLogRecord({"levelno": logging.WARNING, "msg": "%d rows", "args": ("many",)})
    log.handle(bad)
    assert log.dropped == 1
    assert capsys.readouterr().err == (
        "The application log cannot be written: %d format: a real number is required, not str\n"
    )


def test_a_full_disk_leaves_whole_lines_and_logging_resumes(tmp_path: Path) -> None:
    """A limit on the size of files fails a write half-way, just as a full disk does."""
    program = f"""
import resource
from app.telemetry import logs
from tests.telemetry.logs_tests import a_record
log = logs.configure({str(tmp_path)!r}, 10**6, 3)
batch = [a_record(id=str(number)) for number in range(10)]
log.write_requests(batch)
resource.setrlimit(resource.RLIMIT_FSIZE, (1100, resource.RLIM_INFINITY))
log.write_requests(batch)
log.write_requests(batch)
assert log.dropped == 20
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.write_requests(batch)
assert log.dropped == 20
"""
    assert run(program) == "The application log cannot be written: [Errno 27] File too large\n"
    expected = [line_of(a_record(id=str(number))) for number in range(10)]
    assert (tmp_path / "application.log").read_text().splitlines() == expected * 2


def test_a_file_that_cannot_be_compressed_stays_as_it_is(
    log: logs.ApplicationLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is lost, no half of a compressed file is left, and it is said once."""

    def fail(path: str, *args: object, **options: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(igzip, "open", fail)
    batch = [a_record(id=str(number)) for number in range(200)]
    for _ in range(3):
        log.write_requests(batch)
    expected = [line_of(record) for record in batch]
    for name in (log.baseFilename, f"{log.baseFilename}.1", f"{log.baseFilename}.2"):
        assert Path(name).read_text().splitlines() == expected
    assert not list(Path(log.baseFilename).parent.glob("*.gz"))
    reason = "The application log cannot be written: [Errno 28] No space left on device\n"
    assert capsys.readouterr().err == reason


def test_what_a_killed_process_left_of_a_rotation_is_finished(tmp_path: Path) -> None:
    """At the next start: gzipped, and in its place before the older ones."""
    log = tmp_path / "application.log"
    left = [Path(f"{log}.rotate.{number}") for number in range(3)]
    Path(f"{log}.1.gz").write_bytes(gzip.compress(b"older"))
    Path(f"{log}.2.gz").write_bytes(gzip.compress(b"oldest"))
    left[0].write_bytes(b"half gzipped")
    Path(f"{left[0]}.gz").write_bytes(gzip.compress(b"half gzipped")[:15])
    Path(f"{left[1]}.gz").write_bytes(gzip.compress(b"gzipped"))
    left[2].write_bytes(b"not gzipped")
    for age, path in enumerate([left[2], Path(f"{left[1]}.gz"), Path(f"{left[0]}.gz"), left[0]]):
        os.utime(path, (1e9 - age, 1e9 - age))
    logs.ApplicationLog(str(log), MAX_BYTES, 4).close()
    assert sorted(path.name for path in tmp_path.glob("*.log.*")) == [
        f"application.log.{number}.gz" for number in range(1, 5)
    ]
    rotated = [gzip.decompress(Path(f"{log}.{number}.gz").read_bytes()) for number in range(1, 5)]
    assert rotated == [b"not gzipped", b"gzipped", b"half gzipped", b"older"]


@pytest.mark.parametrize(("before", "kept"), [("one\ntwo\nhal", "one\ntwo\n"), ("hal", "")])
def test_half_a_line_of_a_killed_process_is_cut(
    log: logs.ApplicationLog, before: str, kept: str
) -> None:
    """Else the next line would be glued to it."""
    Path(log.baseFilename).write_text(before)
    log.write_requests([a_record()])
    assert Path(log.baseFilename).read_text() == kept + line_of(a_record()) + "\n"


def write_many(directory: str, worker: int) -> None:
    """Be a worker: log 400 requests in 20 batches, and leave 10 more to its exit."""
    handler = logs.configure(directory, MAX_BYTES, 100)
    records = Records([handler.write_requests], interval=NEVER)
    kept.append(records)
    for number in range(400):
        records.add(a_record(path="/v0/predict", id=f"{worker}-{number}"))
        if number % 20 == 19:
            records.flush()
    for number in range(400, 410):
        records.add(a_record(path="/v0/predict", id=f"{worker}-{number}"))


def test_workers_share_rotated_compressed_files(tmp_path: Path) -> None:
    """Every line is there exactly once and whole, in files no larger than the limit and a batch."""
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=write_many, args=(str(tmp_path), n)) for n in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LONG)
    assert [worker.exitcode for worker in workers] == [0] * 5

    rotated = [gzip.decompress(path.read_bytes()) for path in tmp_path.glob("*.log.*.gz")]
    files = [(tmp_path / "application.log").read_bytes(), *rotated]
    lines = b"".join(files).decode().splitlines()
    ids = [f"{worker}-{number}" for worker in range(5) for number in range(410)]
    expected = [line_of(a_record(path="/v0/predict", id=id)) for id in ids]
    assert sorted(lines) == sorted(expected)
    a_batch = 20 * (len(expected[-1]) + 1)
    assert len(rotated) >= 10
    assert max(map(len, files)) < MAX_BYTES + a_batch
    assert min(map(len, rotated)) >= MAX_BYTES
    names = {".__application.lock", "application.log"}
    names |= {f"application.log.{number}.gz" for number in range(1, len(rotated) + 1)}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_child_forked_while_a_line_is_written_inherits_no_half_of_it(tmp_path: Path) -> None:
    """The fork waits for the write; else the child would write that half again, or hang."""
    program = f"""
import os, threading
from app.telemetry import logs
from tests.telemetry.logs_tests import a_record
log = logs.configure({str(tmp_path)!r}, 10**6, 3)
write = log.do_write
half_way = threading.Event()
def write_slowly(msg):
    log.do_write = write
    log.stream = log.do_open()
    log.stream.write("half of ")
    half_way.set()
    threading.Event().wait(0.1)  # time enough for a fork that does not wait
    write(msg)
log.do_write = write_slowly
writer = threading.Thread(target=log.write_requests, args=([a_record(id="parent")],))
writer.start()
half_way.wait()
if os.fork() == 0:
    if os.fork() == 0:
        log.write_requests([a_record(id="grandchild")])
        os._exit(0)
    assert os.wait()[1] == 0
    log.write_requests([a_record(id="child")])
    os._exit(0)
assert os.wait()[1] == 0
"""
    assert run(program) == ""
    parent, *others = (tmp_path / "application.log").read_text().splitlines()
    assert parent == "half of " + line_of(a_record(id="parent"))
    assert others == [line_of(a_record(id=id)) for id in ("grandchild", "child")]


def run(program: str) -> str:
    """Run a program and return what it wrote to stdout and stderr."""
    # Ignored: from 3.12 on Python warns of a fork beside threads, which is what is tested here.
    arguments = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=LONG)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr
