"""The clock jumps by a year, forth and back, under load."""

import glob
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.models.train_model import train
from app.settings import Settings
from tests.chaos.load import Load, loads, scrape, statuses, until, until_live
from tests.support.metrics import value
from tests.support.paths import TRAINING_CSV
from tests.support.servers import running_server

V0 = "/v0/predict"
WORKERS = 2

Tell = Callable[[str], None]


def test_the_clock_may_jump(config_with_v0: Settings, tmp_path: Path, tell: Tell) -> None:
    """Replacements go live, failed loads are tried again in time, log and metrics go on."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libraries:
        pytest.skip("faketime is not installed")
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    # libfaketime lets threads that wait for the interpreter's lock spin: not all on one core.
    config = replace(config_with_v0, log_max_bytes=10**8, cpu_affinity=0)
    bad = Path(config.models_root, "trained-model-v1.p")
    # With a true monotonic clock, libfaketime 0.9.10 fails the call that time.sleep makes.
    (tmp_path / "sitecustomize.py").write_text(
        "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds)\n"
    )
    variables = {
        "PYTHONPATH": str(tmp_path),
        "LD_PRELOAD": libraries[0],
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # it never jumps
        "NO_FAKE_STAT": "1",
    }
    seconds = []
    with (
        running_server(config, WORKERS, **variables) as (port, _),
        Load(port, [V0, "/latest/predict"]) as load,
    ):
        until(lambda: loads(port, "v0") == WORKERS)
        bad.write_bytes(b"garbage")
        until(lambda: loads(port, "v1", "failed") == WORKERS)
        failed = time.monotonic()
        for number, jump in enumerate(("+365d", "-365d", "+0d"), start=1):
            clock.write_text(jump)
            time.sleep(1.5)  # until all processes have read it
            manifest = train(TRAINING_CSV, "v0", C=0.1 + number / 10, config=config)
            seconds.append(until_live(load, V0, manifest.sha256[:12]))
        until(lambda: loads(port, "v1", "failed") == 2 * WORKERS, 60)
        again = time.monotonic() - failed
        load.stop()
        time.sleep(1)
        answers = load.answers()
        assert statuses(answers) == {200}
        assert value(scrape(port), "model_predictions_total", version="v0") == len(answers)
    lines = Path(config.logs_root, "application.log").read_text().splitlines()
    ids = Counter(line.rpartition(" ")[2] for line in lines if " POST " in line)
    assert ids == Counter(a.request_id for a in answers)
    years = {int(line[:4]) for line in lines}
    now = time.localtime().tm_year
    assert years == {now - 1, now, now + 1}
    assert again > 25  # seconds; the jumps made nobody try earlier
    tell(
        f"{len(answers)} requests, all 200, counted and logged once; replaced models live after"
        f" {max(seconds):.2f} s at the most; a failed load tried again after {again:.1f} s"
    )
