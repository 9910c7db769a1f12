"""A process that has records ends, whatever their thread was doing."""

from tests.support.programs import run_program


def test_a_process_ends_though_its_thread_is_stopped_with_a_lock() -> None:
    """Python stops threads anywhere when it ends; the event's lock is then never released."""
    program = """
from app.telemetry.records import Records
from tests.support.records import NEVER, a_record
records = Records([lambda batch: print(len(batch))], interval=NEVER)
records.add(a_record())
records.flush()
records._work._cond.acquire()  # as the thread does for a moment each time it is woken
"""
    assert run_program(program) == "1\n"
