"""The laws of the house: what may import what, and how large a room may grow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

MODULES = sorted((ROOT / "app").rglob("*.py"))
HEAVY = {"pandas", "sklearn", "scipy", "numpy", "joblib", "pyarrow", "dask", "distributed"}


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_over_300_lines(path: Path) -> None:
    """Two rooms are better."""
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
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
