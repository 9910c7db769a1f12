"""Numbers, dates and names as people read them, written by the server and by the browser."""

import doctest
import json
import random
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from app.web.assets import STATIC
from app.web.report import typeset

TIES = (0.03125, 0.09375, 0.28125, 0.90625, 0.96875, 0.5, 1.5, 2.5, 1000500.0, 1001500.0)
EDGES = (0.0, 1e-9, 4.9e-5, 5e-5, 0.99995, 999999.99994, 999999.99996, 1e6, 1e20)


def test_numbers_are_written_as_their_docstrings_say() -> None:
    """The examples of app/web/report/typeset.py."""
    assert doctest.testmod(typeset) == (0, 11)


def make_samples() -> list[float]:
    """Return ties, edges and random numbers of all sizes, of both signs."""
    draw = random.Random(1)
    sizes = [*TIES, *EDGES, *(10 ** draw.uniform(-6, 18) for _ in range(3000))]
    sizes += [k / 64 for k in range(640)]
    return [*sizes, *(-size for size in sizes)]


def by_the_browser(script: str, samples: Sequence[float | str]) -> list[str]:
    """Return what a JavaScript expression of `x` makes of each sample, with numbers.js."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js to run the pages' JavaScript")
    program = (STATIC / "numbers.js").read_text() + (
        f"console.log(JSON.stringify({json.dumps(samples)}.map((x) => {script})));"
    )
    command = [node, "--input-type=module"]
    written = subprocess.run(command, input=program, capture_output=True, text=True, check=True)
    texts: list[str] = json.loads(written.stdout)
    return texts


def test_the_browser_writes_log_odds_as_the_server_does() -> None:
    """Of all sizes, ties and signs."""
    samples = make_samples()
    assert by_the_browser("logOdds(x)", samples) == list(map(typeset.log_odds, samples))


@pytest.mark.parametrize("places", [0, 3, 4])
def test_the_browser_writes_decimals_as_the_server_does(places: int) -> None:
    """Of all sizes, ties and signs."""
    samples = make_samples()
    expected = [typeset.decimals(sample, places) for sample in samples]
    assert by_the_browser(f"decimals(x, {places})", samples) == expected


@pytest.mark.parametrize("name", ["quantity", "amount"])
def test_the_browser_writes_quantities_as_the_server_does(name: str) -> None:
    """Of all sizes, ties and signs."""
    samples = [0.0, *make_samples()]
    expected = [getattr(typeset, name)(sample) for sample in samples]
    assert by_the_browser(f"{name}(x)", samples) == expected


def test_the_browser_writes_shares_as_the_server_does() -> None:
    """From 0 to 1, ties and what is almost 0 or 1."""
    samples = [*TIES[:6], 0.0, 1e-9, 0.0004999, 0.0005, 0.9994, 0.9995, 0.99999, 1.0]
    samples += [k / 1024 for k in range(1025)] + [k / 2000 for k in range(2001)]
    assert by_the_browser("percent(x)", samples) == list(map(typeset.percent, samples))


def test_the_browser_writes_counts_as_the_server_does() -> None:
    """Of all sizes."""
    samples = [0, 7, 999, 1000, 12345, 123456, 1234567, 10**9]
    assert by_the_browser("grouped(x)", samples) == list(map(typeset.grouped, samples))


def test_the_browser_breaks_names_where_the_server_does() -> None:
    """After signs that stand between words, and before a capital within a word; digits stay."""
    names = ["a_b", "camelCase", "HTTPStatus", "3.5", "a.b/c-d:e", "__proto__", "größeÄnderung", ""]
    parts = by_the_browser("wordParts(x).join('|')", names)
    assert parts == ["|".join(typeset.word_parts(name)) for name in names]
    assert all("".join(typeset.word_parts(name)) == name for name in names)


def test_the_browser_writes_predictions_as_the_server_does() -> None:
    """Every rounded probability, and numbers of six significant digits."""
    samples = [k / 10_000 for k in range(10_001)]
    samples += [float(f"{x:.6g}") for x in make_samples() if x == 0 or 1e-4 <= abs(x) < 1e16]
    assert by_the_browser("plain(x)", samples) == list(map(typeset.plain, samples))
