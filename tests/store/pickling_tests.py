"""Pickling: what a model takes from our own modules is in its file, and needs no such module."""

import importlib
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import joblib
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from app.store.model_file import open_model_file, read_manifest
from app.store.pickling import carries_code, to_pickle
from tests.support.configs import SIGNING_KEY
from tests.support.pickles import modules_of

Write = Callable[[str, str], ModuleType]

HELPERS = """
import enum
import functools
from dataclasses import dataclass

import numpy as np

from own_package import constants

FACTOR = 3.0


class Kind(enum.Enum):
    HALF = 0.5


@dataclass(frozen=True)
class Shift:
    by: float

    def of(self, x):
        return x + self.by


class Base:
    def transform(self, x):
        return x * FACTOR


class Own(Base):
    def __init__(self):
        self.shift = Shift(1.0)

    def transform(self, x):
        return cached(self.shift.of(super().transform(x)) * Kind.HALF.value) + constants.OFFSET


@functools.lru_cache(maxsize=7)
def cached(x):
    return float(np.abs(x))
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a module into a package of one's own, and import it."""
    package = tmp_path / "own_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "constants.py").write_text("OFFSET = 100.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "own_package"]:
        monkeypatch.delitem(sys.modules, name)

    def write(name: str, code: str) -> ModuleType:
        (package / f"{name}.py").write_text(code)
        return importlib.import_module(f"own_package.{name}")

    return write


def run_elsewhere(pickle: bytes, expression: str, directory: Path) -> str:
    """Return an expression of `model`, opened by a Python that has none of our modules."""
    (directory / "model").write_bytes(pickle)
    code = f"import joblib; model = joblib.load('model'); print({expression})"
    return subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_code_of_our_own_needs_no_module(write: Write, tmp_path: Path) -> None:
    """Classes, what they inherit and use: functions, constants, other modules, cached functions."""
    pickle = to_pickle(write("helpers", HELPERS).Own())
    assert carries_code(pickle)
    assert run_elsewhere(pickle, "model.transform(-3.0)", tmp_path) == "104.0"
    assert modules_of(pickle).isdisjoint({"own_package", "own_package.helpers"})


def test_changed_code_does_not_change_a_pickle(write: Write, tmp_path: Path) -> None:
    """Nor does it matter to who opens it that the module is gone, or another one."""
    helpers = write("helpers", "def double(x):\n    return 2 * x\n")
    pickle = to_pickle([helpers.double])
    write("helpers", "def double(x):\n    return 3 * x\n")
    importlib.reload(helpers)
    assert helpers.double(1) == 3
    (tmp_path / "model").write_bytes(pickle)
    assert joblib.load(tmp_path / "model")[0](1) == 2
    assert run_elsewhere(pickle, "model[0](1)", tmp_path) == "2"


def test_what_is_installed_is_not_carried() -> None:
    """Such a pickle is open to any Python that the libraries are open to."""
    pickle = to_pickle(FunctionTransformer(LogisticRegression))
    assert not carries_code(pickle)
    assert modules_of(pickle) == {
        "sklearn.preprocessing._function_transformer",
        "sklearn.linear_model._logistic",
    }


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("import own_package.constants as constants", "own_package.constants"),
        ("from own_package.constants import OFFSET", "own_package.constants"),
        ("from .constants import OFFSET", "own_package.constants"),
        ("from . import constants", "own_package"),
    ],
)
def test_a_module_that_is_imported_late_is_warned_of(
    statement: str, module: str, write: Write
) -> None:
    """It stays outside, however deep in a function it is imported."""
    late = write("late", f"def f(x):\n    def g():\n        {statement}\n    g()\n    return x\n")
    with pytest.warns(UserWarning, match="cannot hold module") as caught:
        to_pickle(FunctionTransformer(late.f))
    assert [str(warning.message) for warning in caught] == [
        f"The model's file cannot hold module {module!r}, which the model uses: if you change that"
        " module, this version may become unavailable. Import it at the top of the module that"
        " uses it, or install it."
    ]


def test_a_late_import_of_a_library_is_nobodys_trouble(write: Write) -> None:
    """It is installed wherever the model is."""
    late = write("late", "def f(x):\n    import numpy as np\n    return np.abs(x)\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert carries_code(to_pickle(FunctionTransformer(late.f)))


def test_code_that_cannot_be_carried_is_referred_to(write: Write) -> None:
    """As everything used to be; a warning says what that means."""
    code = "import threading\nLOCK = threading.Lock()\ndef f(x):\n  with LOCK: return x\n"
    locked = write("locked", code)
    with pytest.warns(UserWarning, match="cannot hold the code") as caught:
        pickle = to_pickle([locked.f])
    assert [str(warning.message) for warning in caught] == [
        "The model's file cannot hold the code of your modules, which the model uses (cannot pickle"
        " '_thread.lock' object): if you change that code, this version may become unavailable."
    ]
    assert not carries_code(pickle)
    assert modules_of(pickle) == {"own_package.locked"}


def test_what_cannot_be_pickled_at_all_is_an_error() -> None:
    """Of the object itself."""
    with pytest.raises(TypeError, match=r"^cannot pickle '_thread\.lock' object$"):
        to_pickle([threading.Lock()])


def test_the_registry_of_others_stays_as_it_was(write: Write) -> None:
    """Who registered a module for pickling by value finds it registered."""
    import cloudpickle

    helpers = write("helpers", "def double(x):\n    return 2 * x\n")
    cloudpickle.register_pickle_by_value(helpers)
    before = set(cloudpickle.list_registry_pickle_by_value())
    try:
        to_pickle(helpers.double)
        assert set(cloudpickle.list_registry_pickle_by_value()) == before
    finally:
        cloudpickle.unregister_pickle_by_value(helpers)


@pytest.mark.parametrize("model", ["dummy_model", "houses_model", "comments_model"])
def test_the_default_models_carry_no_code(model: str, request: pytest.FixtureRequest) -> None:
    """They are open to every Python that has scikit-learn and numpy."""
    with open_model_file(request.getfixturevalue(model)) as file:
        manifest = read_manifest(file, "v0", [SIGNING_KEY.encode()])
        file.seek(0)
        pickle = file.read(manifest.size)
    assert not manifest.carries_code
    packages = {name.partition(".")[0] for name in modules_of(pickle)}
    assert packages <= {"builtins", "numpy", "sklearn"}
