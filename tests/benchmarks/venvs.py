"""Virtual environments of their own for what is measured, made once and kept until they change."""

import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.support.paths import ROOT

PRODUCTION = ("-r", str(ROOT / "requirements-prod.txt"))


def make_venv(root: Path, name: str, *requirements: Sequence[str]) -> str:
    """Return the Python of a venv in which each list of arguments was given to pip install.

    Raises
    ------
    subprocess.CalledProcessError
        If something cannot be installed; its output says what.
    """
    venv, python = root / name, str(root / name / "bin/python")
    stamp = venv / "made-from"
    wanted = hashlib.sha256(repr((sys.version, requirements)).encode())
    wanted.update((ROOT / "requirements-prod.txt").read_bytes())
    if stamp.is_file() and stamp.read_text() == wanted.hexdigest():
        return python
    _run(sys.executable, "-m", "venv", "--clear", str(venv))
    for arguments in requirements:
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)
    stamp.write_text(wanted.hexdigest())
    return python


def production_python(root: Path) -> str:
    """Return a Python that has requirements-prod.txt and nothing else."""
    return make_venv(root, "production", PRODUCTION)


def bench_python(root: Path) -> str:
    """Return a Python that has also the optional dependencies `bench` of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return make_venv(root, "bench", PRODUCTION, project["optional-dependencies"]["bench"])


def library_versions(python: str, names: Sequence[str]) -> dict[str, str]:
    """Return the installed versions of libraries, by name; those that are missing are left out."""
    code = (
        "import importlib.metadata as m, sys\n"
        "found = {d.metadata['Name'].lower().replace('_', '-'): d.version"
        " for d in m.distributions()}\n"
        "print(*[f'{n} {found[n]}' for n in sys.argv[1:] if n in found], sep='\\n')"
    )
    lines = _run(python, "-c", code, *names).splitlines()
    return dict(line.split(" ") for line in lines)


def _run(*command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command, env=environment, check=True, text=True, stdout=subprocess.PIPE
    ).stdout
