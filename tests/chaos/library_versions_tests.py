"""Another scikit-learn and numpy: the self-check decides which models are served, for real.

Models of many kinds are trained with our libraries and served with older ones, and the other way
round. It takes some minutes to install these.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.venvs import PRODUCTION, library_versions, make_venv
from tests.support.paths import ROOT

Tell = Callable[[str], None]
OLDER = ("scikit-learn==1.8.*", "numpy==2.3.*")
LINEAR = ("linear", "linear regressor")


@pytest.fixture(scope="module")
def older_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with older libraries."""
    return make_venv(tmp_path_factory.mktemp("venvs"), "older", PRODUCTION, OLDER)


def run(python: str, command: str, directory: Path) -> Any:
    """Train models of all kinds with a Python, or just ask them; return what they predict."""
    arguments = [python, "-m", "tests.chaos.model_kinds", command, str(directory)]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("to_older", [True, False])
def test_models_are_served_with_other_libraries_if_they_predict_the_same(
    to_older: bool, older_python: str, tmp_path: Path, tell: Tell
) -> None:
    """What would predict otherwise, or cannot be opened, is unavailable, and the log says why."""
    pythons = [sys.executable, older_python] if to_older else [older_python, sys.executable]
    trained, served = (library_versions(each, ["scikit-learn", "numpy"]) for each in pythons)
    expected = run(pythons[0], "train", tmp_path)
    (tmp_path / "logs/application.log").unlink()
    found = run(pythons[1], "predict", tmp_path)

    log = (tmp_path / "logs/application.log").read_text()
    others = "; ".join(f"{name} {trained[name]}, here is {served[name]}" for name in trained)
    refused = {}
    for number, kind in enumerate(expected):
        if found[kind] is None:
            reason = re.search(rf"v{number} cannot be loaded: (.*) \(trained with (.*)\)\n", log)
            assert reason is not None, kind
            assert others in reason[2]
            refused[kind] = reason[1]
        else:
            assert found[kind] == expected[kind]
            warning = f"v{number} was trained with {others}"
            assert (warning in log) == (kind not in LINEAR)
    assert refused.keys().isdisjoint(LINEAR)
    assert len(refused) < len(expected) / 2
    tell(f"trained with {trained}, served with {served}: {len(found)} kinds, refused {refused}")
