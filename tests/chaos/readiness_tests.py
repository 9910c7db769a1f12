"""Ready means ready: `/readyz` says so only once a version is proven, `/livez` all the time."""

import dataclasses
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from app.settings import Settings
from app.store.model_file import (
    open_model_file,
    read_manifest,
    read_pickle,
    unpickle,
    write_model_file,
)
from tests.chaos.load import until
from tests.support.configs import SIGNING_KEY
from tests.support.servers import read, running_server

READY = {"ready": True, "versions": {"v0": {"state": "ready", "outdated": False}}}
NOTHING: dict[str, Any] = {"ready": False, "versions": {}}
UNAVAILABLE = {"ready": False, "versions": {"v0": {"state": "unavailable", "outdated": False}}}

Tell = Callable[[str], None]


def ask(port: int, path: str) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    try:
        return 200, read(port, path)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def readiness(port: int) -> Any:
    """Return what /readyz says; its status agrees."""
    status, body = ask(port, "/readyz")
    told = orjson.loads(body)
    assert status == (200 if told["ready"] else 503)
    return told


@contextmanager
def server_that_lives(config: Settings) -> Iterator[int]:
    """Run a server, ask /livez all the time, and give its port."""
    with running_server(config, 2) as (port, _):
        over = threading.Event()
        seen = set()

        def watch() -> None:
            while not over.wait(0.05):
                seen.add(ask(port, "/livez"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield port
        finally:
            time.sleep(0.2)
            over.set()
            watcher.join()
        assert seen == {(200, "OK")}


def with_wrong_self_check(good: bytes, path: Path) -> bytes:
    """Return a model that is rightly signed but gives other probabilities than it recorded."""
    path.write_bytes(good)
    key = SIGNING_KEY.encode()
    with open_model_file(str(path)) as file:
        manifest = read_manifest(file, "v0", [key])
        pickle = read_pickle(file, manifest)
    check = tuple(
        dataclasses.replace(checked, probabilities=tuple(p / 2 for p in checked.probabilities))
        for checked in manifest.self_check
    )
    write_model_file(
        str(path), unpickle(pickle), dataclasses.replace(manifest, self_check=check), key
    )
    return path.read_bytes()


def test_a_model_that_comes_late_makes_ready(
    config: Settings, dummy_model: str, tell: Tell
) -> None:
    """Nothing does before it: no file, nor one that is unsigned, altered or not proven."""
    path = Path(config.models_root, "trained-model-v0.p")
    good = Path(dummy_model).read_bytes()
    altered = bytearray(good)
    altered[100] ^= 1
    wrong = with_wrong_self_check(good, path)
    path.unlink()
    with server_that_lives(config) as port:
        for _ in range(10):
            assert readiness(port) == NOTHING
        for bad in (good[:-100], bytes(altered), wrong):
            path.with_name("new").write_bytes(bad)
            path.with_name("new").replace(path)
            until(lambda: readiness(port) == UNAVAILABLE)
            for _ in range(10):
                assert readiness(port) == UNAVAILABLE
        path.with_name("new").write_bytes(good)
        path.with_name("new").replace(path)
        seconds = until(lambda: readiness(port) == READY)
        until(lambda: all(readiness(port) == READY for _ in range(10)))
    tell(f"ready {seconds:.2f} s after the good model came")


def test_without_a_key_nothing_is_ready(config_with_v0: Settings, tell: Tell) -> None:
    """Thirty seconds after it came at the latest, all is."""
    config = dataclasses.replace(config_with_v0, model_signing_key="")
    with server_that_lives(config) as port:
        for _ in range(10):
            assert readiness(port) == UNAVAILABLE
        Path(config.model_signing_key_file).write_text(SIGNING_KEY)
        seconds = until(lambda: readiness(port) == READY, 60)
    tell(f"ready {seconds:.1f} s after the key came")
