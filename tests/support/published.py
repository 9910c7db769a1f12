"""Published versions as files, and what the command line says of them."""

from pathlib import Path

from click.testing import Result

from app.store.model_file import write_model_file
from tests.support.configs import SIGNING_KEY
from tests.support.model_files import KEY, OTHER_KEY, Fixed, make_manifest

BOTH_KEYS = f"{OTHER_KEY.decode()}\n{SIGNING_KEY}"
UNKNOWN_KEY = b"a key that nobody here has ever seen"


def publish(root: Path, version: str, key: bytes = KEY, probability: float = 0.5) -> Path:
    """Publish a version that is not linear; return its path."""
    path = root / f"trained-model-{version}.p"
    write_model_file(str(path), Fixed(probability), make_manifest(version, probability), key)
    return path


def contents(root: Path) -> dict[str, bytes]:
    """Return the bytes of each file by its name."""
    return {path.name: path.read_bytes() for path in root.iterdir()}


def refusal(result: Result, exit_code: int = 2) -> str:
    """Return the one line of a refusal."""
    assert (result.exit_code, result.stdout) == (exit_code, "")
    (line,) = result.stderr.splitlines()
    return line
