"""Nothing can be written: the root is read-only, and so is all else; the user has no name."""

import json
import os
import re
from pathlib import Path

import pytest
from sklearn.ensemble import RandomForestClassifier

from app.models import estimators
from app.settings import Settings
from tests.chaos.namespaces import READ_ONLY, namespace
from tests.support.paths import TRAINING_CSV
from tests.support.requests import ROW
from tests.support.servers import read, running_server
from tests.support.training import train

NOBODY = "12345"
# Whoever runs this may have the libraries where no other user may read them.
AS_NOBODY = [
    *("env", "-u", "HOME", "-u", "USER", "-u", "LOGNAME", "setpriv"),
    *("--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"),
    *("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search"),
]
METRICS = re.compile(
    r"Metrics cannot be written to /dev/shm/\S+-none \(No such file or directory\)\..*"
)


@pytest.fixture
def forest_config(config_with_v0: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a linear v0, and of a v1 that has to be unpickled."""
    forest = RandomForestClassifier(5, random_state=1)
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: forest)
    train(TRAINING_CSV, "v1", C=None, config=config_with_v0)
    return config_with_v0


def test_a_server_starts_serves_and_logs_to_stdout(forest_config: Settings, tmp_path: Path) -> None:
    """One line on stderr says that each worker has only its own metrics."""
    stderr = tmp_path / "stderr"
    server = running_server(
        forest_config,
        2,
        prefix=[*namespace(READ_ONLY), *AS_NOBODY],
        stderr=str(stderr),
        LOGS_ROOT="-",
        LOG_FORMAT="json",
    )
    with server as (port, process):
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert f"Uid:\t{NOBODY}" in status
        root = f"/proc/{process.pid}/root"
        assert not any(
            os.statvfs(root + path).f_flag & os.ST_RDONLY == 0 for path in ("/", "/tmp", "/dev/shm")
        )
        row = json.dumps(ROW).encode()
        for version in ("v0", "v1"):
            assert "prediction" in json.loads(read(port, f"/{version}/predict", row))
            assert read(port, f"/{version}").startswith("<!doctype html>")
        assert "model_info" in read(port, "/metrics")
        assert process.stdout is not None
        lines: list[dict[str, object]] = []
        while len(requests := [line for line in lines if "path" in line]) < 5:
            lines.append(json.loads(process.stdout.readline()))
    assert [line for line in lines if line["level"] != "INFO"] == []
    assert {(line["path"], line.get("version")) for line in requests} == {
        ("/v0/predict", "v0"),
        ("/v0", None),
        ("/v1/predict", "v1"),
        ("/v1", None),
        ("/metrics", None),
    }
    complaints = stderr.read_text().splitlines()
    assert METRICS.fullmatch(complaints[0])
    assert complaints[1:] == []


def test_with_a_log_in_files_it_serves_too(config_with_v0: Settings, tmp_path: Path) -> None:
    """And says once that it cannot write the log."""
    stderr = tmp_path / "stderr"
    prefix = [*namespace(READ_ONLY), *AS_NOBODY]
    with running_server(config_with_v0, 2, prefix=prefix, stderr=str(stderr)) as (port, _):
        row = json.dumps(ROW).encode()
        assert "prediction" in json.loads(read(port, "/v0/predict", row))
    complaints = sorted(stderr.read_text().splitlines())
    assert METRICS.fullmatch(complaints[0])
    assert complaints[1].startswith("The application log cannot be written: [Errno")
    assert len(complaints) == 2
