"""Notebooks: run from top to bottom as a user would, and what came of it."""

import base64
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
import numpy as np
from matplotlib.image import imread
from nbclient import NotebookClient
from nbformat import NotebookNode

MIN_WIDTH, MIN_HEIGHT = 600, 300  # pixels
MIN_COLORED = 0.003  # share of the pixels; axes, grids and words alone are black and grey
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""Of a notebook that any Python 3 kernel runs."""


def read_notebook(path: Path) -> NotebookNode:
    """Return a notebook as it is committed."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def make_matplotlib_config(directory: str) -> str:
    """Fill a directory with matplotlib's font cache, and return it.

    Making the cache may take long enough for a word on stderr: not in a cell, then.
    """
    environment = os.environ | {"MPLCONFIGDIR": directory}
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(command, env=environment, check=True)
    return directory


def environment_of_notebook(home: Path, matplotlib_config: str) -> dict[str, str]:
    """Return the variables that keep a notebook's models, keys and settings below a directory."""
    return {
        "MODELS_ROOT": str(home / "models"),
        "MODEL_SIGNING_KEY_FILE": str(home / "key"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": matplotlib_config,
    }


def execute(notebook: NotebookNode, directory: Path, check: str) -> None:
    """Run all cells, and a check, in a kernel that starts in a directory."""
    notebook.cells.append(nbformat.v4.new_code_cell(check, id="check"))
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


def assert_complete(notebook: NotebookNode, plots: Sequence[str], notes: str) -> None:
    """Every cell ran, in order, with nothing but notes on stderr, and every plot is one.

    Parameters
    ----------
    plots : sequence of str
        The ids of the cells that draw.
    notes : str
        A pattern of all that training notes.
    """
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert re.fullmatch(notes, printed(notebook, "stderr"))
    pngs = images(notebook)
    assert list(pngs) == list(plots)
    for name, png in pngs.items():
        pixels = imread(io.BytesIO(png))[..., :3]  # (height, width, 3), each 0 to 1
        height, width, _ = pixels.shape
        assert width >= MIN_WIDTH, name
        assert height >= MIN_HEIGHT, name
        assert (np.ptp(pixels, axis=2) > 0.2).mean() >= MIN_COLORED, name
