"""The server beside its own OpenAPI document: all that schemathesis thinks of; all its checks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import Settings
from tests.fuzz.judge import CASES, HANG, KEY, tally
from tests.support.servers import running_server

pytest.importorskip("schemathesis", reason="make test-fuzz installs it")

# OpenAPI describes a CSV as a text and cannot say what its lines hold, nor that `explain` goes with
# JSON alone: valid by the document, refused by the server. That every valid row of JSON is taken,
# tests/web/fast_path_tests.py holds.
CONFIG = """
[[operations]]
include-path-regex = "/predict$"
checks.positive_data_acceptance.enabled = false
"""


@pytest.mark.parametrize("api_keys", ["", KEY], ids=["open", "keys are set and not sent"])
def test_every_operation_is_as_documented(
    config_with_v0: Settings, tmp_path: Path, api_keys: str
) -> None:
    """Statuses, media types, headers and schemas; what must be refused is refused."""
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with running_server(config_with_v0, workers=1, API_KEYS=api_keys) as (port, _):
        document = tmp_path / "openapi.json"
        address = f"http://127.0.0.1:{port}"
        fetch = ["curl", "-sf", "-H", f"X-API-Key: {KEY}", f"{address}/openapi.json"]
        document.write_bytes(subprocess.run(fetch, check=True, capture_output=True).stdout)
        command = [f"{Path(sys.executable).parent}/schemathesis", "run", str(document)]
        command += ["--url", address, "--max-examples", str(max(CASES // 500, 10))]
        command += ["--generation-deterministic", "--continue-on-failure", "--no-color"]
        command += ["--max-response-time", str(HANG), "--request-timeout", "30"]
        if api_keys:  # whoever sent none is told of no method either: 401, not 405
            command += ["--exclude-checks", "unsupported_method"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    generated = re.search(r"(\d+) generated", result.stdout)
    assert generated is not None, result.stdout + result.stderr
    tally.described += int(generated[1])
    assert result.returncode == 0, result.stdout
