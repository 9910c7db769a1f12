"""Train on files one after the other, as the command line does, and tell what came of each.

    python -m tests.fuzz.train_files DIRECTORY

Prints for each file of the directory, in order, a JSON array of its name, the exit status, what was
printed on stderr, and the most memory in bytes that this process has held so far.
"""

import contextlib
import io
import json
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
        print(json.dumps([path.name, result.exit_code, result.stderr, peak_bytes()]), flush=True)


def peak_bytes() -> int:
    """Return the most memory that this process has held, as Linux counts it (proc(5), VmHWM).

    The figure of getrusage(2) begins with that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    train_files(Path(sys.argv[1]))
