"""The notebook: committed as it was written, and run from top to bottom as a user would."""

import base64
import csv
import io
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib.image import imread
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.support.paths import ROOT

NOTEBOOK = ROOT / "notebooks/view-data.ipynb"
PLOTS = [
    "classes-and-missing",
    "distributions",
    "correlations",
    "metrics",
    "curves",
    "confusion",
    "contributions",
    "predicted-and-observed",
    "explanations",
]
MIN_WIDTH, MIN_HEIGHT = 600, 300  # pixels
MIN_COLORED = 0.003  # share of the pixels; axes, grids and words alone are black and grey

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
    notebook: NotebookNode = nbformat.read(NOTEBOOK, as_version=4)
    return notebook


@pytest.fixture(scope="module")
def matplotlib_config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory of matplotlib's defaults and of its font cache.

    Making the cache may take long enough for a word on stderr: not in a cell, then.
    """
    directory = str(tmp_path_factory.mktemp("matplotlib"))
    environment = os.environ | {"MPLCONFIGDIR": directory}
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(command, env=environment, check=True)
    return directory


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, matplotlib_config: str) -> Path:
    """A directory of models, keys and settings of one's own, none of which is there yet."""
    for name in ("MODEL_SIGNING_KEY", "MPLBACKEND", "MATPLOTLIBRC"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("MODELS_ROOT", str(tmp_path / "models"))
    monkeypatch.setenv("MODEL_SIGNING_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib_config)
    return tmp_path


def execute(notebook: NotebookNode, directory: Path) -> None:
    """Run all cells, and `CHECK`, in a kernel that starts in a directory."""
    notebook.cells.append(nbformat.v4.new_code_cell(CHECK, id="check"))
    resources = {"metadata": {"path": str(directory)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def images(notebook: NotebookNode) -> dict[str, bytes]:
    """Return the PNG of each cell that draws, by the cell's id."""
    return {
        cell.id: base64.b64decode(output.data["image/png"])
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    }


def printed(notebook: NotebookNode, stream: str) -> str:
    """Return what all cells wrote to a stream."""
    return "".join(
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == stream
    )


def assert_complete(notebook: NotebookNode) -> None:
    """Every cell ran, in order, with nothing but what C is on stderr, and every plot is one."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    stderr = printed(notebook, "stderr")
    assert re.fullmatch(r"Note: C is [0-9.]+, chosen by 5-fold [a-z-]+; --C decides .*\n", stderr)
    pngs = images(notebook)
    assert list(pngs) == PLOTS
    for name, png in pngs.items():
        pixels = imread(io.BytesIO(png))[..., :3]  # (height, width, 3), each 0 to 1
        height, width, _ = pixels.shape
        assert width >= MIN_WIDTH, name
        assert height >= MIN_HEIGHT, name
        assert (np.ptp(pixels, axis=2) > 0.2).mean() >= MIN_COLORED, name


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
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert set(PLOTS) < {cell.id for cell in code_cells(notebook)}


@pytest.mark.slow
def test_the_notebook_trains_v0_and_draws_it(notebook: NotebookNode, home: Path) -> None:
    """Started in its own directory, without a model, as Jupyter does."""
    execute(notebook, NOTEBOOK.parent)
    assert_complete(notebook)
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
    execute(notebook, ROOT)
    assert_complete(notebook)
    assert (home / "models/trained-model-v7.p").is_file()
