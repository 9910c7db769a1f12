"""Programs that need a process of their own, for what they do to it."""

import os
import subprocess
import sys

from tests.support.paths import ROOT


def run_program(program: str, **variables: str) -> str:
    """Return what a Python program wrote to stdout and stderr; fail unless it ends with 0.

    The variables are added to its environment.
    """
    # Ignored: from 3.12 on Python warns of a fork beside threads, which is what is tested here.
    arguments = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    environment = os.environ | variables
    result = subprocess.run(
        arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr
