"""Measures scoring whole files and searching parameters; writes README.md and bulk.svg.

python -m tests.benchmarks.bulk [--rows 100000]
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks import chart, report
from tests.benchmarks.growth import Curve
from tests.benchmarks.processes import Cost, run_and_measure
from tests.benchmarks.report import Row
from tests.benchmarks.workbench import TRAINING_CSV, Workbench, median, median_ratio
from tests.support.cluster import dask_cluster

CHART = Path(__file__).with_name("bulk.svg")
FULL_ROWS = 10_000_000
N_FILES = 100
SEARCH_ROWS = 100_000
FEW_ROWS = 1_000
MANY_ROWS = 2_000_000
EXTENSIONS = (".csv", ".parquet")
Subject = Callable[[str], Sequence[str]]  # a table's name without extension → a command


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description="Measure bulk scoring and search.")
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="fewer write nothing")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as directory:
        bench = Workbench(Path(directory), Path(directory), options.rounds, 0.0)
        bench.train(TRAINING_CSV, "v0")
        rows = [*_scoring_rows(bench, options.rows), *_whole_rows(bench)]
        rows += [_file_row(bench), *_search_rows(bench)]
        _show(report.targets_table(rows))
        curves = _growth(bench, options.rows)
        _show(report.curves_table(curves))
        memory = _training_memory(bench, options.rows // 10)
        _show([memory])
        if options.rows < FULL_ROWS:
            return
        machine = report.describe_machine([sys.executable])
        lines = [*machine, "", *report.targets_table(rows), "", *report.curves_table(curves)]
        report.replace_section("bulk", [*lines, "", memory])
        CHART.write_text(chart.draw(curves))


def _score(bench: Workbench, extension: str, *options: str) -> Subject:
    def command(name: str) -> Sequence[str]:
        source, output = (f"{bench.directory}/{stem}{extension}" for stem in (name, "output"))
        return [sys.executable, "-m", "app.models.score_file", source, output, "v0", *options]

    return command


def _script(bench: Workbench, name: str) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "tests.benchmarks.programs.pandas_scoring"),
        *(f"{bench.directory}/{name}.csv", f"{bench.directory}/output.csv"),
        f"{bench.directory}/models/trained-model-v0.p",
    ]


def _scoring_rows(bench: Workbench, count: int) -> list[Row]:
    """Return the targets of scoring, all against the script."""
    for extension in EXTENSIONS:
        _write_table(bench, "one", 1, extension)
        _write_table(bench, "warm", count // 4, extension)  # for both workers of a cluster
        _write_table(bench, "large", count, extension)
    with ExitStack() as stack:
        clusters = [stack.enter_context(dask_cluster(workers=n)) for n in (1, 2)]
        subjects: dict[str, Subject] = {
            "script": partial(_script, bench),
            "csv": _score(bench, ".csv"),
            "csv 2": _score(bench, ".csv", "--workers", "2"),
            "parquet": _score(bench, ".parquet"),
            "parquet 2": _score(bench, ".parquet", "--workers", "2"),
            "dask 1": _score(bench, ".csv", "--scheduler", clusters[0][0]),
            "dask 2": _score(bench, ".csv", "--scheduler", clusters[1][0]),
        }
        for subject in subjects.values():
            run_and_measure(subject("warm"), bench.config)
        costs: dict[str, list[Cost]] = {name: [] for name in subjects}
        for _ in range(bench.rounds):
            for name, subject in subjects.items():
                costs[name].append(_work(bench, subject, "large"))
        workers = [_peak_bytes(worker.pid) for _, own in clusters for worker in own]
    seconds = {name: [cost.seconds for cost in own] for name, own in costs.items()}
    wanted = [
        ("CSV to CSV, one process, against the script", "script", "csv", 2.0),
        ("CSV to CSV, two workers, against the script", "script", "csv 2", 3.0),
        ("Parquet to Parquet, one process, against the script", "script", "parquet", 8.0),
        ("Parquet to Parquet, two workers, against the script", "script", "parquet 2", 8.0),
        ("two Dask workers against one", "dask 1", "dask 2", 1.6),
    ]
    rows = []
    for measure, other, ours, target in wanted:
        ratio = median_ratio(seconds[other], seconds[ours])
        figures = " and ".join(f"{median(seconds[name]):.1f}" for name in (other, ours))
        figure = f"{ratio:.2f} × ({figures} s)"
        if "process" in measure:
            computed = [[cost.processor_seconds for cost in costs[name]] for name in (other, ours)]
            figures = " and ".join(f"{median(seconds_of_one):.1f}" for seconds_of_one in computed)
            figure += f"; {median_ratio(*computed):.2f} × by processor time ({figures} s)"
        measure = f"{count:,} rows × 4: {measure}"
        rows.append(Row(measure, f"≥ {target:g} ×", figure, ratio >= target))
    peaks = {name: max(cost.peak_bytes for cost in of_one) for name, of_one in costs.items()}
    names = ("csv", "csv 2", "parquet", "parquet 2", "script")
    rows += [_memory_row(name, peaks[name]) for name in names]
    return [*rows, _memory_row("a Dask worker", max(workers))]


def _memory_row(name: str, peak: float) -> Row:
    return Row(f"peak memory of a process: {name}", "≤ 400 MB", f"{peak / 1e6:.0f} MB", peak <= 4e8)


def _work(bench: Workbench, subject: Subject, name: str) -> Cost:
    """Return what a table took beyond what one row takes, which is the start-up."""
    start = run_and_measure(subject("one"), bench.config)
    cost = run_and_measure(subject(name), bench.config)
    return Cost(
        cost.seconds - start.seconds,
        cost.peak_bytes,
        cost.processor_seconds - start.processor_seconds,
    )


def _whole_rows(bench: Workbench) -> list[Row]:
    """Return the targets of whole processes, start-up included."""
    for extension in EXTENSIONS:
        _write_table(bench, "many", MANY_ROWS, extension)
    subjects = {extension: _score(bench, extension)("many") for extension in EXTENSIONS}
    subjects["script"] = _script(bench, "many")
    _write_table(bench, "few", FEW_ROWS, ".csv")
    subjects["few"] = _score(bench, ".csv")("few")
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(bench.rounds + 1):  # the first warms up
        for name, command in subjects.items():
            seconds[name].append(run_and_measure(command, bench.config).seconds)
    few = median(seconds["few"][1:])
    measure = f"{FEW_ROWS:,} rows × 4: CSV to CSV, start-up included"
    rows = [Row(measure, "≤ 0.5 s", f"{few:.2f} s", few <= 0.5)]
    for extension, target in zip(EXTENSIONS, (2.2, 3.0), strict=True):
        script, ours = seconds["script"][1:], seconds[extension][1:]
        ratio = median_ratio(script, ours)
        format_ = {".csv": "CSV", ".parquet": "Parquet"}[extension]
        measure = f"{MANY_ROWS:,} rows × 4: {format_}, start-up included, against the script"
        figure = f"{ratio:.2f} × ({median(script):.1f} and {median(ours):.1f} s)"
        rows.append(Row(measure, f"≥ {target} ×", figure, ratio >= target))
    return rows


def _file_row(bench: Workbench) -> Row:
    """Return the target of what each file costs."""
    for name, count in (("one file", 1), ("many files", N_FILES)):
        (bench.directory / name).mkdir()
        for i in range(count):
            source = _write_table(bench, "ten", 10, ".csv")
            shutil.copy(source, bench.directory / name / f"{i}.csv")
    subject = _score(bench, "")
    more = [
        run_and_measure(subject("many files"), bench.config).seconds
        - run_and_measure(subject("one file"), bench.config).seconds
        for _ in range(bench.rounds)
    ]
    each = median(more) / (N_FILES - 1)
    return Row("overhead per file", "≤ 50 ms", f"{each * 1e3:.1f} ms", each <= 0.05)


def _search_rows(bench: Workbench) -> list[Row]:
    """Return the target of searching on two cores."""
    path = _write_table(bench, "search", SEARCH_ROWS, ".csv", "--target")
    train = [sys.executable, "-m", "app.models.train_model", str(path), "v1"]
    seconds: dict[str, list[float]] = {"1": [], "2": []}
    for _ in range(bench.rounds):
        start = run_and_measure(train, bench.config).seconds
        for workers, own in seconds.items():
            search = [*train, "--search", "--workers", workers]
            own.append(run_and_measure(search, bench.config).seconds - start)
    ratio = median_ratio(seconds["1"], seconds["2"])
    figure = f"{ratio:.2f} × ({median(seconds['1']):.1f} and {median(seconds['2']):.1f} s)"
    measure = f"`--search` on {SEARCH_ROWS:,} rows, two cores against one"
    return [Row(measure, "≥ 1.6 ×", figure, ratio >= 1.6)]


def _growth(bench: Workbench, most: int) -> list[Curve]:
    """Return how time and memory grow with rows."""
    sizes = [most // 100, most // 10, most]
    curves = []
    for title, extension in zip(("CSV to CSV", "Parquet to Parquet"), EXTENSIONS, strict=True):
        for size in sizes:
            _write_table(bench, str(size), size, extension)
        subject = _score(bench, extension)
        costs = [run_and_measure(subject(str(size)), bench.config) for size in sizes]
        seconds = [(size, cost.seconds) for size, cost in zip(sizes, costs, strict=True)]
        peaks = [(size, cost.peak_bytes / 1e6) for size, cost in zip(sizes, costs, strict=True)]
        curves.append(Curve(f"{title}, start-up included", "s", "rows", seconds))
        curves.append(Curve(f"{title}: peak memory", "MB", "rows", peaks))
    return curves


def _training_memory(bench: Workbench, count: int) -> str:
    """Return how many rows train in a gigabyte more."""
    peaks = []
    for size in (count, 4 * count):
        path = _write_table(bench, f"training-{size}", size, ".csv", "--target")
        train = [sys.executable, "-m", "app.models.train_model", str(path), "v2"]
        peaks.append(run_and_measure(train, bench.config).peak_bytes)
    per_row = (peaks[1] - peaks[0]) / (3 * count)
    figures = " and ".join(f"{peak / 1e6:,.0f} MB" for peak in peaks)
    return (
        f"Training on {count:,} and {4 * count:,} rows × 4 takes {figures}:"
        f" {1e9 / per_row / 1e6:.1f} million rows per additional gigabyte."
    )


def _write_table(bench: Workbench, name: str, count: int, extension: str, *options: str) -> Path:
    """Return a table that was written once, in another process: this one is to stay small.

    A process's peak memory is never below what the one that started it had.
    """
    path = bench.directory / f"{name}{extension}"
    if not path.exists():
        program = [sys.executable, "-m", "tests.benchmarks.programs.make_table"]
        run_and_measure([*program, str(count), str(path), *options], bench.config)
    return path


def _peak_bytes(pid: int) -> int:
    """Return the most memory that a running process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
