"""No failure stops the application log for good, and lines stay whole."""

import gzip
import logging
import os
import re
from pathlib import Path

import pytest
from isal import igzip

from app.telemetry.log_file import ApplicationLog
from tests.support.logs import MAX_BYTES, TIMESTAMP, configure, forget, line_of, lines_of
from tests.support.programs import run_program
from tests.support.records import a_record


def test_a_directory_that_cannot_be_made_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is logged once, then counted; warnings go to stderr, and logging resumes when it can."""
    in_the_way = tmp_path / "logs"
    in_the_way.touch()
    log = configure(in_the_way)
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
    log: ApplicationLog, capsys: pytest.CaptureFixture[str]
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
from tests.support.records import a_record
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
    assert (
        run_program(program) == "The application log cannot be written: [Errno 27] File too large\n"
    )
    expected = [line_of(a_record(id=str(number))) for number in range(10)]
    assert (tmp_path / "application.log").read_text().splitlines() == expected * 2


def test_a_file_that_cannot_be_compressed_stays_as_it_is(
    log: ApplicationLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is lost, no half of a compressed file is left, and it is logged once."""

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
    ApplicationLog(str(log), MAX_BYTES, 4).close()
    assert sorted(path.name for path in tmp_path.glob("*.log.*")) == [
        f"application.log.{number}.gz" for number in range(1, 5)
    ]
    rotated = [gzip.decompress(Path(f"{log}.{number}.gz").read_bytes()) for number in range(1, 5)]
    assert rotated == [b"not gzipped", b"gzipped", b"half gzipped", b"older"]


@pytest.mark.parametrize(("before", "kept"), [("one\ntwo\nhal", "one\ntwo\n"), ("hal", "")])
def test_half_a_line_of_a_killed_process_is_cut(
    log: ApplicationLog, before: str, kept: str
) -> None:
    """Else the next line would be glued to it."""
    Path(log.baseFilename).write_text(before)
    log.write_requests([a_record()])
    assert Path(log.baseFilename).read_text() == kept + line_of(a_record()) + "\n"
