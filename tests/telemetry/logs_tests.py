"""The application log: who writes to it, and to which file."""

import json
import logging
import re
import threading
from pathlib import Path

import pytest

from app.telemetry import logs
from app.telemetry.log_file import ApplicationLog
from app.telemetry.log_lines import text_lines
from tests.support.logs import MAX_BYTES, TIMESTAMP, configure, forget, line_of, lines_of
from tests.support.records import LONG, a_record


def test_a_batch_is_written_at_once(log: ApplicationLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """One lock and one write for all of its lines."""
    written: list[str] = []
    monkeypatch.setattr(log, "do_write", written.append)
    batch = [a_record(id="1"), a_record(id="2")]
    log.write_requests(batch)
    assert written == ["\n".join(text_lines(batch))]


def test_what_other_modules_say_is_in_the_same_file(log: ApplicationLog) -> None:
    """A warning beside a request; what is for debugging is left out."""
    logging.getLogger("app.store.model_store").debug("nothing")
    logging.getLogger("app.store.model_store").warning("v0 is %s", "unavailable")
    log.write_requests([a_record()])
    first, second = lines_of(log)
    assert re.fullmatch(TIMESTAMP + " - app.store.model_store - WARNING - v0 is unavailable", first)
    assert second == line_of(a_record())


def test_files_may_have_json_lines(tmp_path: Path) -> None:
    """Of requests and of what modules say."""
    log = logs.configure(str(tmp_path), MAX_BYTES, 3, log_format="json")
    assert isinstance(log, ApplicationLog)
    logging.getLogger("app.store").warning("careful")
    log.write_requests([a_record(id="5f0c")])
    forget(log)
    message, request = map(json.loads, lines_of(log))
    assert (message["level"], message["message"]) == ("WARNING", "careful")
    assert (request["message"], request["request_id"]) == ("GET / 200 OK", "5f0c")


def test_configuring_again_keeps_or_replaces_the_handler(
    log: ApplicationLog, tmp_path: Path
) -> None:
    """No line is ever written twice."""
    assert configure(tmp_path / "logs") is log
    other = configure(tmp_path / "other")
    logging.getLogger("app").info("hello")
    assert (len(lines_of(log)), len(lines_of(other))) == (0, 1)
    forget(other)


def test_a_handler_that_is_replaced_while_it_writes_can_write_again(
    log: ApplicationLog, monkeypatch: pytest.MonkeyPatch
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
    handler = configure(tmp_path, propagate=propagate)
    logging.getLogger("app").info("hello")
    forget(handler)
    logging.getLogger().removeHandler(root_handler)
    assert len(heard) == propagate
