"""The notebook of models that predict a number: committed as it was written, and run."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.support.configs import SIGNING_KEY
from tests.support.csv_files import write_csv
from tests.support.houses import house_rows
from tests.support.notebooks import (
    METADATA,
    assert_complete,
    code_cells,
    environment_of_notebook,
    execute,
    make_matplotlib_config,
    read_notebook,
)
from tests.support.paths import ROOT

NOTEBOOK = ROOT / "notebooks/view-numbers.ipynb"
PLOTS = [
    "target-and-missing",
    "predictions-and-errors",
    "reliance",
    "contributions",
    "predicted-and-observed",
]
NOTES = (
    r"Note: Column 'price' holds .*, so a number is predicted; .*\n"
    r"Note: Column 'garden' is read as booleans .*\n"
    r"Note: C is .*\n"
)
CHECK = """
mean_absolute_error = np.abs(errors).mean()
np.testing.assert_allclose(mean_absolute_error, manifest.metrics.mean_absolute_error, rtol=1e-4)
"""


@pytest.fixture
def notebook() -> NotebookNode:
    """The notebook as it is committed."""
    return read_notebook(NOTEBOOK)


@pytest.fixture
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A directory of models, keys and settings of one's own, none of which is there yet."""
    for name in ("MODEL_SIGNING_KEY", "MPLBACKEND", "MATPLOTLIBRC"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "models").mkdir()
    matplotlib_config = make_matplotlib_config(str(tmp_path_factory.mktemp("matplotlib")))
    for name, value in environment_of_notebook(tmp_path, matplotlib_config).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_it_is_committed_without_results_and_of_no_machine(notebook: NotebookNode) -> None:
    """Any Python 3 kernel will do."""
    nbformat.validate(notebook)
    assert notebook.metadata == METADATA
    for cell in code_cells(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None), cell.id


@pytest.mark.slow
def test_it_trains_on_the_houses_and_draws_them(notebook: NotebookNode, home: Path) -> None:
    """Started in its own directory, without a model, as Jupyter does."""
    execute(notebook, NOTEBOOK.parent, CHECK)
    assert_complete(notebook, PLOTS, NOTES)
    assert list((home / "models").glob("trained-model-v*.p"))


@pytest.mark.slow
def test_it_adapts_to_another_table_and_to_a_model_that_is_there(
    notebook: NotebookNode, home: Path, houses_model: str
) -> None:
    """Started at the root; only the first cell is changed."""
    path = write_csv(home / "houses.csv", house_rows())
    shutil.copy(houses_model, home / "models")
    (home / "key").write_text(SIGNING_KEY)
    parameters = code_cells(notebook)[0]
    parameters.source = f"CSV, TARGET, OPTIONS, VERSION = {str(path)!r}, 'price', {{}}, 'v0'"
    execute(notebook, ROOT, CHECK)
    assert_complete(notebook, PLOTS, "")
