"""What deploy/ holds is accepted by who reads it, and names what there is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
UNIT = next(DEPLOY.glob("*@.service"))


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Without a warning."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("this machine has no systemd")
    text = UNIT.read_text()
    # The program is not where the unit expects it; all else is checked.
    text = re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    path = tmp_path / "seed@8081.service"
    path.write_text(text)
    command = ["systemd-analyze", "verify", str(path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_unit_sets_what_there_is_to_set() -> None:
    """Each variable is a setting of the server's."""
    lines = re.findall(r"^Environment=(.*)$", UNIT.read_text(), re.MULTILINE)
    names = {pair.partition("=")[0].lower() for line in lines for pair in line.split()}
    assert names <= Settings.__dataclass_fields__.keys()
    assert {"host", "port"} <= names


def test_nginx_has_the_limits_of_the_server() -> None:
    """A body that the server takes, nginx takes, and it says the same of a larger one."""
    text, limit = (DEPLOY / "nginx.conf").read_text(), Settings().max_body_bytes
    assert f"client_max_body_size {limit // 2**20}m;" in text
    assert f"Request body is larger than {limit} bytes." in text
