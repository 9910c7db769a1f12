"""What was measured as text: tables, the machine, and the sections of the README that hold them."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import venvs
from tests.benchmarks.chart import three_digits
from tests.benchmarks.growth import Curve
from tests.benchmarks.load import Load
from tests.benchmarks.serving import Subject
from tests.benchmarks.workbench import median, median_ratio

README = Path(__file__).with_name("README.md")
LIBRARIES = (
    "flask",
    "granian",
    "orjson",
    "jsonschema-rs",
    "scikit-learn",
    "numpy",
    "pandas",
    "fastapi",
    "pydantic",
    "uvicorn",
    "uvloop",
    "httptools",
    "gunicorn",
    "jsonschema",
    "pyarrow",
    "dask",
)


@dataclass(frozen=True)
class Row:
    """One measure beside its target."""

    measure: str
    target: str
    figure: str
    met: bool


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def targets_table(rows: Sequence[Row]) -> list[str]:
    """Return the measures beside their targets."""
    cells = [[r.measure, r.target, r.figure, "yes" if r.met else "**no**"] for r in rows]
    return table(["measure", "target", "measured", "reached"], cells)


def loads_table(subjects: Mapping[str, Subject], loads: Mapping[str, Sequence[Load]]) -> list[str]:
    """Return what each server did, the medians of the rounds."""
    default = [load.per_second for load in loads["default"]]
    cells = [
        [
            subjects[key].name,
            f"{median([load.per_second for load in rounds]):,.0f}",
            f"{median([load.cpu for load in rounds]) * 1e6:,.0f} µs",
            f"{median([load.median for load in rounds]) * 1e3:.2f} ms",
            f"{median([load.p99 for load in rounds]) * 1e3:.1f} ms",
            f"{median_ratio(default, [load.per_second for load in rounds]):.2f} ×",
        ]
        for key, rounds in loads.items()
    ]
    header = ["server", "requests per second", "CPU time per request", "median latency", "p99"]
    return table([*header, "ours (default settings) does"], cells)


def curves_table(curves: Sequence[Curve]) -> list[str]:
    """Return what was measured at each size."""
    cells = [
        [
            curve.title,
            ", ".join(f"{size:,}: {three_digits(value)}" for size, value in curve.points)
            + f" {curve.unit}",
            curve.sizes,
        ]
        for curve in curves
    ]
    return table(["what", "measured", "by"], cells)


def describe_machine(pythons: Sequence[str]) -> list[str]:
    """Return when and on what this was measured."""
    found: dict[str, str] = {}
    for python in pythons:
        found |= venvs.library_versions(python, LIBRARIES)
    versions = ", ".join(f"{name} {found[name]}" for name in LIBRARIES if name in found)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {os.cpu_count()} cores"
        f" ({_cpu_model()}), {memory:.0f} GiB of memory, Linux {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}, {versions}.",
    ]


def _cpu_model() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def replace_section(name: str, lines: Sequence[str]) -> None:
    """Write lines between the README's two comments of that name."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, _, rest = README.read_text().partition(begin)
    _, _, after = rest.partition(end)
    README.write_text(before + begin + "\n".join(lines) + "\n" + end + after)
