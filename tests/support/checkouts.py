"""A copy of this project as somebody has it who just cloned it, with v0 trained and served."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app.settings import Settings
from tests.support.configs import SIGNING_KEY
from tests.support.paths import ROOT
from tests.support.servers import running_server

_OWN = (".git", ".env", ".model-signing-key", "data", "logs", "trained-models")


class Checkout:
    """A directory to run the commands of a document in, as they stand there.

    Parameters
    ----------
    directory : Path
        An empty one.
    model : str
        The path of v0, signed with the tests' key.
    """

    def __init__(self, directory: Path, model: str) -> None:
        self.directory = directory
        for entry in ROOT.iterdir():
            if entry.name not in _OWN:
                (directory / entry.name).symlink_to(entry)
        for name in ("data/interim", "data/processed", "logs", "trained-models"):
            (directory / name).mkdir(parents=True)
        shutil.copytree(ROOT / "data/raw", directory / "data/raw")
        shutil.copy(model, directory / "trained-models")
        (directory / ".model-signing-key").write_text(SIGNING_KEY + "\n")

    @contextmanager
    def serve(self, **settings: str) -> Iterator[int]:
        """Serve its models, and give the port."""
        config = Settings(
            models_root=str(self.directory / "trained-models"),
            logs_root=str(self.directory / "logs"),
            model_signing_key_file=str(self.directory / ".model-signing-key"),
        )
        with running_server(replace(config, **settings), workers=1) as (port, _):  # type: ignore[arg-type]
            yield port

    def run(self, command: str) -> str:
        """Return what a shell command prints, errors included."""
        ours = {name.upper() for name in Settings.__dataclass_fields__}
        environment = {name: value for name, value in os.environ.items() if name not in ours}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ).stdout.strip()
