"""Disks that are full: of the log, and of the models."""

import contextlib
import gzip
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from tests.chaos.load import Load, scrape, statuses, until
from tests.support.metrics import Samples, value
from tests.support.paths import ROOT, TRAINING_CSV
from tests.support.servers import read, running_server

Tell = Callable[[str], None]


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """Mount a disk of that size on a directory."""
    path.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(path)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"only root may mount a small disk: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(directory: Path, spare: int = 0) -> Path:
    """Fill a disk but for some bytes, and return the file that does."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    os.truncate(filler, filler.stat().st_size - spare)
    return filler


def test_a_full_disk_stops_the_log_not_the_service(
    config_with_v0: Settings, tmp_path: Path, tell: Tell
) -> None:
    """Each request is answered, and either logged or counted as dropped; and then all are again."""
    with small_disk(tmp_path / "logs", "2m") as directory:
        config = replace(config_with_v0, log_max_bytes=50_000, log_backup_count=500)
        others = 0

        def ask(port: int) -> Samples:
            nonlocal others
            others += 1
            return scrape(port)

        def dropped(port: int) -> float:
            return value(ask(port), "log_lines_dropped_total")

        # Temporary files are on the same disk, as they often are.
        server = running_server(config, 2, TMPDIR=str(directory))
        with server as (port, _), Load(port, ["/v0/predict"]) as load:
            loads = ("model_loads_total", (("outcome", "loaded"), ("version", "v0")))
            until(lambda: ask(port).get(loads) == 2)
            time.sleep(2)
            assert dropped(port) == 0
            filler = fill(directory)
            for path in ("/", "/v0", "/v0/schema", "/v0/metadata", "/docs", "/openapi.json"):
                others += 4  # what is counted for the first time takes new space
                for _ in range(4):
                    read(port, path)
            until(lambda: dropped(port) > 500)
            filler.unlink()
            time.sleep(2)
            before = dropped(port)
            freed = time.monotonic()
            time.sleep(2)
            load.stop()
            time.sleep(1)
            lost = dropped(port)
        answers = load.answers()
        lines: list[str] = []
        for log in directory.glob("application.log*"):
            data = log.read_bytes()
            text = (gzip.decompress(data) if log.suffix == ".gz" else data).decode()
            assert text.endswith("\n") or not text
            lines += text.splitlines()
    requests = [line for line in lines if " POST http " in line or " GET http " in line]
    whole = re.compile(r"[-0-9]{10} [:,0-9]{12} - app - INFO - \S+ \w+ http \S+ 200 OK \S+ ms \S+")
    assert all(map(whole.fullmatch, requests))
    assert statuses(answers) == {200}
    assert len(requests) + lost == len(answers) + others
    logged = Counter(line.rpartition(" ")[2] for line in requests)
    assert max(logged.values()) == 1
    assert before == lost
    assert {a.request_id for a in load.answers(since=freed)} <= set(logged)
    tell(f"{len(answers)} requests, all 200; {len(requests)} logged, {lost:.0f} counted as dropped")


@pytest.mark.parametrize("spare", [0, 4096], ids=["full", "one page left"])
def test_training_into_a_full_disk_leaves_the_old_model(
    spare: int, config_with_v0: Settings, tmp_path: Path, tell: Tell
) -> None:
    """The command says so in one line and fails; nothing else is left."""
    good = Path(config_with_v0.models_root, "trained-model-v0.p").read_bytes()
    with small_disk(tmp_path / "disk", "256k") as directory:
        path = directory / "trained-model-v0.p"
        path.write_bytes(good)
        fill(directory, spare)
        done = subprocess.run(
            [sys.executable, "-m", "app.models.train_model", TRAINING_CSV, "v0"],
            cwd=ROOT,
            env=os.environ
            | {
                "MODELS_ROOT": str(directory),
                "MODEL_SIGNING_KEY": config_with_v0.model_signing_key,
            },
            capture_output=True,
            text=True,
        )
        assert path.read_bytes() == good
        assert sorted(os.listdir(directory)) == ["filler", path.name]
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last) == (
        1,
        f"Error: The model cannot be saved in '{directory}': No space left on device.",
    )
    tell(f"status 1, {last!r}, the old model is intact")
