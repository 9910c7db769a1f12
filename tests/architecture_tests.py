"""The laws of the house: what may import what, where tests are, and how large a room may grow."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.programs import run_program

MODULES = sorted((ROOT / "app").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ROOM_TESTS = [
    path
    for folder in sorted({path.parent.relative_to(ROOT / "app") for path in MODULES} - {Path()})
    for path in sorted((ROOT / "tests" / folder).glob("*_tests.py"))
]
PLAIN_ROOMS = ("app/web/access/", "app/web/report/")  # one line is enough for each
HEAVY = {"pandas", "sklearn", "scipy", "numpy", "joblib", "pyarrow", "dask", "distributed"}


def relative_path(path: Path) -> str:
    """Return a path as seen from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def test_imports_keep_the_contracts() -> None:
    """Imports go down only, and HTTP stops at the top (pyproject.toml)."""
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout


def test_importing_the_app_imports_neither_pandas_nor_sklearn() -> None:
    """A server with no request yet is small."""
    program = "import sys, app.app; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert HEAVY.isdisjoint(result.stdout.split())


@pytest.mark.parametrize("path", MODULES, ids=relative_path)
def test_no_module_is_over_300_lines(path: Path) -> None:
    """Two rooms are better."""
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=relative_path)
def test_only_entry_points_read_settings(path: Path) -> None:
    """Values travel as arguments; others may name the type."""
    imports = [
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    if path.relative_to(ROOT / "app").parts[0] not in {"app.py", "models"}:
        assert {name for name in imports if name.startswith("app.settings")} <= {
            "app.settings.Settings"
        }


def test_no_package_has_code_in_its_init() -> None:
    """What a package holds is in its modules."""
    assert all(not path.read_text() for path in MODULES if path.name == "__init__.py")


def test_no_file_of_the_tests_is_over_300_lines() -> None:
    """Two files with a topic each are better."""
    assert [relative_path(path) for path in TESTS if path.read_text().count("\n") > 300] == []


def test_each_file_of_tests_is_named_after_the_module_that_it_tests() -> None:
    """It may add a topic: csv_file_refusals_tests.py tests csv_file.py, in the folder it is in."""
    for path in ROOM_TESTS:
        names = path.stem.removesuffix("_tests").split("_")
        starts = {"_".join(names[:length]) for length in range(1, len(names) + 1)}
        room = ROOT / "app" / path.parent.relative_to(ROOT / "tests")
        assert starts & {module.stem for module in room.glob("*.py")}, relative_path(path)


def test_tests_share_through_support() -> None:
    """They import from no file of tests and from no conftest.py, nor do programs in their texts."""
    pattern = r"(?:from|import) tests\.[\w.]*(?:_tests|conftest)\b"
    assert [relative_path(path) for path in TESTS if re.search(pattern, path.read_text())] == []


def test_every_room_of_the_tests_is_one_of_the_app() -> None:
    """Or one of the few with tests of another kind."""
    others = {"benchmarks", "browser", "chaos", "fuzz", "support"}
    folders = {path.parent.relative_to(ROOT / "tests") for path in TESTS}
    rooms = {folder for folder in folders if folder.parts and folder.parts[0] not in others}
    assert rooms == {path.parent.relative_to(ROOT / "app") for path in MODULES} - {Path()}


@pytest.mark.parametrize("room", ["utils", "web"])
def test_a_room_of_tests_can_be_run_as_a_module(room: str) -> None:
    """`python -m tests.web_tests` runs all tests in tests/web and the folders in there."""
    result = subprocess.run(
        [sys.executable, "-m", f"tests.{room}_tests", "--collect-only", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    collected = set(re.findall(r"^(tests/\S+_tests\.py)::", result.stdout, re.MULTILINE))
    assert collected == {
        relative_path(path) for path in (ROOT / "tests" / room).rglob("*_tests.py")
    }


def test_each_module_is_in_a_readme() -> None:
    """In the tree of the project's README, or in the table of its room's own."""
    tree = re.findall(r"^ +(\w+\.py) ", _section("README.md", "\napp/\n"), re.MULTILINE)
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        if path.name != "__init__.py" and not name.startswith(PLAIN_ROOMS):
            assert path.name in tree or path.name in _table(path.parent), f"describe {name}"
    assert set(tree) <= {path.name for path in MODULES}


@pytest.mark.parametrize(
    "readme", sorted((ROOT / "app").rglob("README.md")), ids=lambda path: path.parent.name
)
def test_a_room_lists_only_modules_that_it_has(readme: Path) -> None:
    """One that was renamed is renamed there, too."""
    assert set(_table(readme.parent)) <= {path.name for path in readme.parent.glob("*.py")}


def _table(room: Path) -> list[str]:
    """Return the modules in the first column of a room's table, if it has a README."""
    if not (room / "README.md").exists():
        return []
    rows = re.findall(
        r"^\| (`.*?`) \|", _section(room / "README.md", "## The modules"), re.MULTILINE
    )
    return re.findall(r"`(\w+\.py)`", " ".join(rows))


def _section(document: Path | str, start: str) -> str:
    return (ROOT / document).read_text().partition(start)[2]


def test_importing_changes_nothing() -> None:
    """Neither the environment nor signals nor the garbage collector; `app.app` may."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        if path.name not in ("__init__.py", "app.py")
    ]
    program = f"""
import gc, importlib, os, signal

def state():
    # scikit-learn itself sets variables for OpenMP.
    environment = {{name: text for name, text in os.environ.items() if "KMP" not in name}}
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    return environment, handlers, gc.get_threshold(), gc.get_freeze_count(), gc.isenabled()

before = state()
for name in {names}:
    importlib.import_module(name)
    assert state() == before, name
"""
    assert run_program(program) == ""
