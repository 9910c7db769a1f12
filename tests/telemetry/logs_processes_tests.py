"""Many processes write to the same log."""

import gzip
import multiprocessing
from pathlib import Path

from app.telemetry import logs
from app.telemetry.records import Records
from tests.support.logs import MAX_BYTES, line_of
from tests.support.programs import run_program
from tests.support.records import LONG, NEVER, a_record

kept: list[Records] = []
"""What must live as long as the process, as an application's records do."""


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
from tests.support.records import a_record
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
    assert run_program(program) == ""
    parent, *others = (tmp_path / "application.log").read_text().splitlines()
    assert parent == "half of " + line_of(a_record(id="parent"))
    assert others == [line_of(a_record(id=id)) for id in ("grandchild", "child")]
