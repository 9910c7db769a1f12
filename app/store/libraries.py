"""The versions of Python and of the libraries that a pickle depends on: in training, and here."""

import platform
from functools import cache

from app.helpers.errors import InvalidModelFile
from app.store.manifest import Manifest

_LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "cloudpickle")


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a pickle depends on."""
    from importlib.metadata import version  # what serves linear models alone does not need it

    return {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}


def other_libraries(manifest: Manifest) -> str:
    """Say which libraries have another minor version here than in training; empty if none has."""
    ours = library_versions()
    others = [
        f"{name} {theirs}, here is {ours.get(name, 'none')}"
        for name, theirs in manifest.libraries.items()
        if _minor(ours.get(name, "")) != _minor(theirs)
    ]
    return f"trained with {'; '.join(others)}" if others else ""


def check_python(manifest: Manifest) -> None:
    """Raise InvalidModelFile if the pickle holds code for another Python.

    Its bytecode would be loaded without an error, and crash the process when it is called.
    """
    ours, theirs = platform.python_version(), manifest.libraries.get("python", "")
    if manifest.carries_code and _minor(ours) != _minor(theirs):
        raise InvalidModelFile(
            f"it holds code for Python {theirs}, which Python {ours} cannot run; train it again"
        )


def _minor(number: str) -> list[str]:
    return number.split(".")[:2]
