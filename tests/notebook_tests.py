"""The notebook: committed as it was written, and run from top to bottom as a user would."""

import csv
import random
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.support.notebooks import (
    METADATA,
    assert_complete,
    code_cells,
    environment_of_notebook,
    execute,
    make_matplotlib_config,
    printed,
    read_notebook,
)
from tests.support.paths import ROOT

NOTEBOOK = ROOT / "notebooks/view-data.ipynb"
PLOTS = [
    "classes-and-missing",
    "distributions",
    "correlations",
    "metrics",
    "curves",
    "threshold",
    "confusion",
    "reliance",
    "contributions",
    "predicted-and-observed",
    "explanations",
]

NOTES = r"Note: C is [0-9.]+, chosen by 5-fold [a-z-]+; --C decides .*\n"

# What must hold beside what is drawn, in the notebook's own variables.
CHECK = """
brier_score = ((probabilities - np.eye(len(dataset.classes))[y_validation]) ** 2).sum(axis=1).mean()
if manifest.positive_class is not None:
    brier_score /= 2
np.testing.assert_allclose(brier_score, manifest.metrics.brier_score, rtol=0, atol=1e-5)
"""


@pytest.fixture
def notebook() -> NotebookNode:
    """The notebook as it is committed."""
    return read_notebook(NOTEBOOK)


@pytest.fixture(scope="module")
def matplotlib_config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory of matplotlib's defaults and of its font cache."""
    return make_matplotlib_config(str(tmp_path_factory.mktemp("matplotlib")))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matplotlib_config: str) -> Path:
    """A directory of models, keys and settings of one's own, none of which is there yet."""
    for name in ("MODEL_SIGNING_KEY", "MPLBACKEND", "MATPLOTLIBRC"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "models").mkdir()
    for name, value in environment_of_notebook(tmp_path, matplotlib_config).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def write_mixed_table(path: Path) -> None:
    """Write a table of all types, with missing values, three classes and awkward names."""
    generator = random.Random(1)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "Preis in $ (kein US$)", "it's new", "Größe", "rooms", "_class"])
        for i in range(400):
            price, new = round(generator.lognormvariate(3, 1), 2), generator.random() < 0.6
            size, rooms = generator.choice(["klein", "groß", "$x$", "_"]), generator.randint(1, 5)
            score = price / 20 + 2 * new - rooms / 2 + generator.gauss(0, 1)
            label = "$low$" if score < -0.5 else "_mid" if score < 1.5 else "high"
            row = [price, new, size, rooms]
            shown = ["" if generator.random() < 0.05 else value for value in row[:3]]
            writer.writerow([f"row {i}", *shown, rooms, label])


def test_the_notebook_is_committed_without_results(notebook: NotebookNode) -> None:
    """Outputs and execution counts would change with every run."""
    for cell in code_cells(notebook):
        assert cell.outputs == [], cell.id
        assert cell.execution_count is None, cell.id


def test_the_notebook_is_of_no_machine_in_particular(notebook: NotebookNode) -> None:
    """Any Python 3 kernel will do; cells are called by what they do."""
    nbformat.validate(notebook)
    assert notebook.metadata == METADATA
    assert set(PLOTS) < {cell.id for cell in code_cells(notebook)}


@pytest.mark.slow
def test_the_notebook_trains_v0_and_draws_it(notebook: NotebookNode, home: Path) -> None:
    """Started in its own directory, without a model, as Jupyter does."""
    execute(notebook, NOTEBOOK.parent, CHECK)
    assert_complete(notebook, PLOTS, NOTES)
    assert (home / "models/trained-model-v0.p").is_file()
    assert "\nSuccessfully saved model at " in printed(notebook, "stdout")


@pytest.mark.slow
def test_the_notebook_adapts_to_another_table(notebook: NotebookNode, home: Path) -> None:
    """Started at the root, on columns of all types; only the first cell is changed."""
    write_mixed_table(home / "mixed.csv")
    parameters = code_cells(notebook)[0]
    assert parameters.id == "parameters"
    parameters.source = (
        f"CSV = {str(home / 'mixed.csv')!r}\n"
        "TARGET = '_class'\n"
        "OPTIONS = {'drop': ['key']}\n"
        "VERSION = 'v7'\n"
    )
    execute(notebook, ROOT, CHECK)
    of_classes = [name for name in PLOTS if name != "threshold"]  # which is for two
    few = r"Warning: Only 24 rows of class .* are held out: .*\n"
    assert_complete(notebook, of_classes, NOTES + few)
    assert (home / "models/trained-model-v7.p").is_file()
