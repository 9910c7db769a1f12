"""Programs that run where scikit-learn and pandas cannot be imported, and nothing is unpickled."""

import json
import subprocess
import sys
from typing import Any

from app.settings import Settings
from tests.support.paths import ROOT
from tests.support.training import environment_of

_REFUSE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sklearn", "pandas", "scipy", "joblib", "cloudpickle"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""
_SEND = """
import json
from app.settings import load

config = load()  # first: the application takes the key out of the environment
from app.app import create_app

client = create_app(config).test_client()
answers = []
for request in json.loads(sys.argv[1]):
    response = client.open(**request)
    answers.append([response.status_code, response.text, "numpy" in sys.modules])
print(json.dumps(answers))
"""


def run_bare(program: str, config: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program without these libraries, with `UNPICKLE=never`."""
    return subprocess.run(
        [sys.executable, "-c", _REFUSE + program, *arguments],
        cwd=ROOT,
        env=environment_of(config) | {"UNPICKLE": "never", "ENV_FILE": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def send_bare(config: Settings, requests: list[dict[str, Any]]) -> list[tuple[int, str, bool]]:
    """Return the status, the text and whether numpy is imported after each request to a server."""
    result = run_bare(_SEND, config, json.dumps(requests))
    assert result.returncode == 0, result.stderr
    return [tuple(answer) for answer in json.loads(result.stdout)]
