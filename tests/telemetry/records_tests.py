"""The records of requests: each reaches every sink once, whatever threads, forks and sinks do."""

import gc
import multiprocessing
import threading
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

from app.telemetry.records import BATCH_SIZE, Record, Records
from tests.support.programs import run_program
from tests.support.records import LONG, NEVER, AppendTo, a_record

kept: list[Records] = []
"""What must live as long as the process, as an application's records do."""


def ids_of(records: Sequence[Record]) -> list[str]:
    return [record.request_id for record in records]


def ids_in(path: Path) -> list[str]:
    return path.read_text().split()


def test_every_sink_gets_every_record_in_order_in_bounded_batches() -> None:
    """More records than a batch holds arrive whole, twice."""
    arrived: list[Record] = []
    batches: list[Sequence[Record]] = []
    records = Records([arrived.extend, batches.append], interval=NEVER)
    expected = [a_record(str(number)) for number in range(2 * BATCH_SIZE + 1)]
    for record in expected:
        records.add(record)
    records.flush()
    assert arrived == [record for batch in batches for record in batch] == expected
    assert [len(batch) for batch in batches] == [BATCH_SIZE, BATCH_SIZE, 1]


def test_records_of_many_threads_arrive_once() -> None:
    """No lock is taken, and still nothing is lost nor doubled while another thread flushes."""
    arrived: list[Record] = []
    records = Records([arrived.extend], interval=NEVER)
    all_ids = [[f"{thread}-{number}" for number in range(500)] for thread in range(8)]

    def add_all(ids: list[str]) -> None:
        for request_id in ids:
            records.add(a_record(request_id))

    threads = [threading.Thread(target=add_all, args=(ids,)) for ids in all_ids]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        records.flush()
    records.flush()
    assert sorted(ids_of(arrived)) == sorted(chain(*all_ids))


def test_one_thread_at_a_time_drains() -> None:
    """A flush beside a drain waits for it: when it returns, all is in the sinks."""
    events: list[str] = []

    def sink(batch: Sequence[Record]) -> None:
        events.append(f"begin {batch[0].request_id}")
        if not threads:
            records.add(a_record("2"))
            threads.append(threading.Thread(target=records.flush))
            threads[0].start()
            threads[0].join(0.1)  # time enough for a flush that does not wait
        events.append(f"end {batch[0].request_id}")

    threads: list[threading.Thread] = []
    records = Records([sink], interval=NEVER)
    records.add(a_record("1"))
    records.flush()
    threads[0].join(LONG)
    assert events == ["begin 1", "end 1", "begin 2", "end 2"]


def test_the_thread_drains_by_itself() -> None:
    """A record without an error arrives after the interval."""
    arrived = threading.Event()
    records = Records([lambda batch: arrived.set()], interval=0.01)
    records.add(a_record())
    assert arrived.wait(LONG)


def test_an_error_is_drained_at_once_with_all_before_it() -> None:
    """The interval is an hour, so that only the error can have woken the thread."""
    drained: list[Record] = []
    arrived = threading.Event()
    records = Records([drained.extend, lambda batch: arrived.set()], interval=NEVER)
    records.add(a_record("fine", 499))
    records.add(a_record("error", 500))
    assert arrived.wait(LONG)
    records.flush()
    assert ids_of(drained) == ["fine", "error"]


def test_a_sink_that_raises_disturbs_neither_the_other_nor_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every failure is counted, and the first one is said."""
    arrived = threading.Semaphore(0)

    def fail(batch: Sequence[Record]) -> None:
        raise ValueError("no")

    records = Records([fail, lambda batch: arrived.release()], interval=NEVER)
    for _ in range(2):
        records.add(a_record(status=503))
        assert arrived.acquire(timeout=LONG)
    assert records.failures == 2
    assert caplog.messages == ["A sink of records failed; it is logged once, then counted."]


def test_records_without_room_are_dropped_and_counted() -> None:
    """A sink that hangs does not eat the memory; what waited already is kept."""
    drained: list[Record] = []
    records = Records([drained.extend], capacity=2, interval=NEVER)
    for number in range(5):
        records.add(a_record(str(number)))
    records.flush()
    assert ids_of(drained) == ["0", "1"]
    assert records.dropped == 3


def test_a_request_goes_on_when_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record waits, and the next one tries again."""
    drained: list[Record] = []
    arrived = threading.Event()
    records = Records([drained.extend, lambda batch: arrived.set()], interval=NEVER)

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        records.add(a_record("1", 500))
    records.add(a_record("2", 500))
    assert arrived.wait(LONG)
    records.flush()
    assert ids_of(drained) == ["1", "2"]


def test_the_thread_ends_with_the_records() -> None:
    """An application that nobody has any more leaves no thread behind."""
    threads: list[threading.Thread] = []
    arrived = threading.Event()
    records = Records(
        [lambda batch: threads.append(threading.current_thread()), lambda batch: arrived.set()],
        interval=0.01,
    )
    records.add(a_record())
    assert arrived.wait(LONG)
    del records
    gc.collect()
    threads[0].join(LONG)
    assert not threads[0].is_alive()


def add_one(path: Path) -> None:
    """Add a record that only the exit of the process can drain."""
    records = Records([AppendTo(path)], interval=NEVER)
    kept.append(records)
    records.add(a_record("child"))


def test_a_child_of_multiprocessing_drains_at_exit(tmp_path: Path) -> None:
    """There atexit never runs; a web server's workers are such children."""
    path = tmp_path / "ids"
    child = multiprocessing.get_context("spawn").Process(target=add_one, args=(path,))
    child.start()
    child.join(LONG)
    assert (child.exitcode, ids_in(path)) == (0, ["child"])


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "import sys; sys.exit()"])
def test_a_process_drains_at_exit(tmp_path: Path, ending: str) -> None:
    """However a process ends, but for a kill."""
    run(f"records.add(a_record('main'))\n{ending}", tmp_path)
    assert ids_in(tmp_path / "ids") == ["main"]


@pytest.mark.parametrize("ending", ["os._exit(records.flush() or 0)", "raise SystemExit(0)"])
def test_a_forked_child_begins_anew(tmp_path: Path, ending: str) -> None:
    """What waits in the parent is drained by the parent alone; the child has its own thread."""
    program = f"""
records.add(a_record("parent"))
if os.fork() == 0:
    records.add(a_record("child"))
    {ending}
os.wait()
"""
    run(program, tmp_path)
    assert ids_in(tmp_path / "ids") == ["child", "parent"]


def test_a_child_forked_by_multiprocessing_drains_at_exit(tmp_path: Path) -> None:
    """As the workers of a server that loads the application first."""
    program = """
records.add(a_record("parent"))
child = multiprocessing.get_context("fork").Process(target=records.add, args=[a_record("child")])
child.start()
child.join()
"""
    run(program, tmp_path)
    assert ids_in(tmp_path / "ids") == ["child", "parent"]


def test_a_child_drains_an_error_at_once_though_its_parent_had_a_thread(tmp_path: Path) -> None:
    """The parent's thread does not exist in the child, which starts one of its own."""
    program = """
arrived = threading.Event()
records = Records([lambda batch: arrived.set()], interval=NEVER)
records.add(a_record("parent", 500))
assert arrived.wait(LONG)
arrived = threading.Event()
if os.fork() == 0:
    records.add(a_record("child", 500))
    os._exit(0 if arrived.wait(LONG) else 1)
assert os.wait()[1] == 0
"""
    run(program, tmp_path)


def run(program: str, directory: Path) -> None:
    """Run a program that has `records`, whose sink appends to the file "ids" of a directory."""
    head = f"""
import multiprocessing, os, pathlib, threading
from app.telemetry.records import Records
from tests.support.records import LONG, NEVER, AppendTo, a_record
records = Records([AppendTo(pathlib.Path({str(directory)!r}, "ids"))], interval=NEVER)
"""
    assert run_program(head + program) == ""
