"""Train on files one after the other, as the command line does, and tell what came of each.

    python -m tests.fuzz.train_files DIRECTORY

Prints for each file of the directory, in order, a JSON array of its name, the exit status, what was
printed on stderr, and the most memory in bytes that this process has held so far.
"""

import contextlib
import io
import json
import resource
import sys
from pathlib import Path

from click.testing import CliRunner

from app.models.train_model import main


def train_files(directory: Path) -> None:
    """Train on each file to predict the column `churned`."""
    for path in sorted(directory.iterdir()):
        with contextlib.redirect_stdout(io.StringIO()):
            result = CliRunner().invoke(
                main, [str(path), "v0", "--target", "churned", "--C", "1"], catch_exceptions=False
            )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps([path.name, result.exit_code, result.stderr, peak]), flush=True)


if __name__ == "__main__":
    train_files(Path(sys.argv[1]))
