"""Pickles an estimator so that its file needs no module of this project.

Classes and functions from modules of the project, or of a fork, are pickled by value: the file
holds their code itself, so that changing or deleting such a module changes no published version.
What comes with Python or was installed is pickled by reference, as usual.
"""

import dis
import functools
import importlib.util
import io
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

_INSTALLED = {"site-packages", "dist-packages"}
_STANDARD = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
_MARK = b"cloudpickle.cloudpickle"  # the module that puts code together again


def to_pickle(estimator: Any) -> bytes:
    """Return a pickle that needs no module of ours; warn of each that it needs nonetheless.

    That is one that a function imports only when it is called, or one that is no Python code. If
    code cannot be pickled, because it uses a lock or an open file, say, the pickle refers to it.

    Raises
    ------
    Exception
        Whatever the estimator's classes raise.
    """
    own = {module.__name__: module for module in list(sys.modules.values()) if _is_own(module)}
    code = {name: module for name, module in own.items() if _is_code(module)}
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, own.keys(), code.keys())
    try:
        with _by_value(code):
            pickler.dump(estimator)
    except Exception as error:
        pickle: bytes = cloudpickle.dumps(estimator)
        warnings.warn(
            "The model's file cannot hold the code of your modules, which the model uses"
            f" ({error}): if you change that code, this version may become unavailable.",
            stacklevel=2,
        )
        return pickle
    for name in sorted(pickler.needed):
        warnings.warn(
            f"The model's file cannot hold module {name!r}, which the model uses: if you change"
            " that module, this version may become unavailable. Import it at the top of the module"
            " that uses it, or install it.",
            stacklevel=2,
        )
    return buffer.getvalue()


def carries_code(pickle: bytes) -> bool:
    """Whether a pickle holds code; then only the same Python 3.x can open it."""
    return _MARK in pickle


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
    """Notes which modules the pickle will need.

    Parameters
    ----------
    file : BytesIO
    own, code : collection of str
        The names of the modules of the project, and of those that are pickled by value.
    """

    def __init__(self, file: io.BytesIO, own: Any, code: Any) -> None:
        super().__init__(file)
        self._own, self._code = own, code
        self.needed: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        name = getattr(obj, "__module__", None)
        if isinstance(name, str) and name in self._own:
            if name not in self._code:
                self.needed.add(name)
            elif isinstance(obj, functools._lru_cache_wrapper):  # pickle would refer to it by name
                return _make_cached, (obj.__wrapped__, obj.cache_parameters())
            elif isinstance(obj, FunctionType):
                package = obj.__globals__.get("__package__")
                self.needed.update(filter(self._is_own, _late_imports(obj.__code__, package)))
        return super().reducer_override(obj)

    def _is_own(self, name: str) -> bool:
        return name in self._own or name.partition(".")[0] in self._own


def _make_cached(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


def _late_imports(code: CodeType, package: str | None) -> Iterator[str]:
    """Yield the names of the modules that code imports when it runs."""
    instructions = list(dis.get_instructions(code))
    for place, instruction in enumerate(instructions):
        if instruction.opname == "IMPORT_NAME":
            level = instructions[place - 2].argval  # the number of leading dots
            dots = "." * level if isinstance(level, int) and package else ""
            yield importlib.util.resolve_name(dots + instruction.argval, package)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _late_imports(constant, package)


def _is_own(module: Any) -> bool:
    """Whether a module is the project's or a fork's: neither Python's own nor installed."""
    path = getattr(module, "__file__", None)
    if not isinstance(module, ModuleType) or not isinstance(path, str):
        return False
    if sys.modules.get(module.__name__) is not module:
        return False
    return not path.startswith(_STANDARD) and _INSTALLED.isdisjoint(PurePath(path).parts)


def _is_code(module: ModuleType) -> bool:
    return str(module.__file__).endswith(".py")


@contextmanager
def _by_value(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Have cloudpickle pickle what is in these modules by value."""
    known = cloudpickle.list_registry_pickle_by_value()
    registered = [module for name, module in modules.items() if name not in known]
    for module in registered:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)
