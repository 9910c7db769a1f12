"""Measures everything and writes what came out to README.md and growth.svg.

python -m tests.benchmarks.run [--quick | --full]
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import chart, report
from tests.benchmarks.costs import (
    BEFORE,
    FIRST_MODEL,
    Training,
    measure_batches,
    measure_first_requests,
    measure_memory,
    measure_start,
    measure_training,
)
from tests.benchmarks.growth import measure_growth
from tests.benchmarks.kills import measure_kills
from tests.benchmarks.kinds import measure_kinds
from tests.benchmarks.load import Load
from tests.benchmarks.report import Row
from tests.benchmarks.serving import make_subjects, measure_serving
from tests.benchmarks.workbench import TRAINING_CSV, Workbench, median, median_ratio, percent
from tests.support.paths import ROOT

CHART = Path(__file__).with_name("growth.svg")


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description="Measure everything; some 15 minutes.")
    parser.add_argument("--quick", action="store_true", help="a smoke run; writes nothing")
    parser.add_argument("--full", action="store_true", help="train on 10,000,000 rows, too")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each subject")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venv/benchmarks")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        bench = Workbench(
            Path(directory),
            options.venvs,
            options.rounds,
            options.seconds,
            options.quick,
            options.full,
        )
        _measure(bench)


def _measure(bench: Workbench) -> None:
    bench.train(TRAINING_CSV, "v0")
    subjects = make_subjects(bench)
    loads = measure_serving(bench, subjects)
    servers = report.loads_table(subjects, loads)
    _show(servers)
    rows = serving_rows(loads)
    _show(report.targets_table(rows))
    for measure in (kind_rows, batch_rows, training_rows, start_rows, memory_rows):
        some = measure(bench)
        _show(report.targets_table(some)[2:])
        rows += some
    curves = measure_growth(bench)
    growth = report.curves_table(curves)
    _show(growth)
    drawing = chart.draw(curves)
    if bench.quick:
        return
    machine = report.describe_machine([bench.production_python, bench.bench_python])
    report.replace_section("targets", [*machine, "", *report.targets_table(rows)])
    report.replace_section("servers", servers)
    report.replace_section("growth", growth)
    CHART.write_text(drawing)


def serving_rows(loads: Mapping[str, Sequence[Load]]) -> list[Row]:
    """Return the targets of single predictions."""
    rates = {key: [load.per_second for load in rounds] for key, rounds in loads.items()}
    wanted = [
        ("one row: 2 threads against an empty WSGI app", "two", "empty", 0.55, " ×"),
        (
            "one row: default settings (32 threads) against the empty app",
            "default",
            "empty",
            0.40,
            " ×",
        ),
        ("one row: 2 threads against the empty app on plain granian", "two", "granian", 0.55, " ×"),
        ("one row: default settings against FastAPI", "default", "fastapi", 8.0, " ×"),
        ("one row: 2 threads against FastAPI", "two", "fastapi", 12.0, " ×"),
        (
            "one row: default settings, fast path off, against FastAPI",
            "flask",
            "fastapi",
            1.6,
            " ×",
        ),
    ]
    rows = []
    for measure, ours, other, target, unit in wanted:
        if other in rates:
            ratio = median_ratio(rates[ours], rates[other])
            met = ratio >= target
            rows.append(Row(measure, f"≥ {target:g}{unit}", f"{ratio:.2f}{unit}", met))
    cost = 1 - median_ratio(rates["two"], rates["silent"])
    rows.append(
        Row("one row: cost of log and metrics, 2 threads", "≤ 20 %", percent(cost), cost <= 0.20)
    )
    return rows


def kind_rows(bench: Workbench) -> list[Row]:
    """Return the targets of rows with a date or a text."""
    loads = measure_kinds(bench)
    ratio = median_ratio(loads["number"].per_second, loads["date"].per_second)
    milliseconds = median(loads["text"].latency) * 1e3
    return [
        Row(
            "one row with a date: its time against four numbers",
            "≤ 1.2 ×",
            f"{ratio:.2f} ×",
            ratio <= 1.2,
        ),
        Row(
            "one row with a text of 40 words, as the client sees it",
            "≤ 1 ms",
            f"{milliseconds:.2f} ms",
            milliseconds <= 1,
        ),
    ]


def batch_rows(bench: Workbench) -> list[Row]:
    """Return the targets of batches."""
    rows = []
    for subject, count, target, floor_name in (
        ("json", 10_000, 1.5, "its floor"),
        ("csv", 100_000, 1.3, "its floor"),
        ("csv, rounded", 100_000, 1.3, "a floor that also rounds predictions"),
    ):
        [times] = measure_batches(bench, subject, [count])
        ours, floor = zip(*times, strict=True)
        ratio = median_ratio(ours, floor)
        figure = f"{ratio:.2f} × ({median(ours) * 1e3:.0f} and {median(floor) * 1e3:.0f} ms)"
        format_ = subject.partition(",")[0].upper()
        measure = f"{format_} batch of {count:,} rows against {floor_name}"
        rows.append(Row(measure, f"≤ {target} × its time", figure, ratio <= target))
    return rows


def training_rows(bench: Workbench) -> list[Row]:
    """Return the targets of training."""
    count = 10_000 if bench.quick else 1_000_000
    given = ("--C", "0.1", "--no-yardstick")
    rows: list[Row] = []
    for training, target in [
        (Training("C given, no yardstick", given), 1.3),
        (Training("C chosen, no yardstick", given[2:]), 1.6),
        (Training("with all of it"), 1.8),
        (Training("semicolons and decimal commas, C given", given, european=True), 1.6),
    ]:
        costs = measure_training(bench, training, count, 1 + bench.rounds)[1:]  # the first warms up
        kinds = [("wall time", target, "s", [[cost.seconds for cost in pair] for pair in costs])]
        if not rows:
            peaks = [[cost.peak_bytes / 1e6 for cost in pair] for pair in costs]
            kinds.append(("peak memory", 1.5, "MB", peaks))
        for name, limit, unit, pairs in kinds:
            ours, bare = zip(*pairs, strict=True)
            ratio = median_ratio(ours, bare)
            figures = " and ".join(chart.three_digits(median(values)) for values in (ours, bare))
            figure = f"{ratio:.2f} × ({figures} {unit})"
            measure = f"training on {count:,} rows, {training.name}, against a bare script: {name}"
            rows.append(Row(measure, f"≤ {limit} ×", figure, ratio <= limit))
    return rows


def start_rows(bench: Workbench) -> list[Row]:
    """Return the targets of starting, of the first request and of a worker's death."""
    ours, imports = zip(*measure_start(bench), strict=True)
    ratio = median_ratio(ours, imports)
    figure = f"{ratio:.2f} × ({median(ours):.2f} and {median(imports):.2f} s)"
    measure = "from start to first answer, against importing Flask and scikit-learn"
    first = median(measure_first_requests(bench)) * 1e3
    longest = max(measure_kills(bench))
    return [
        Row(measure, "≤ 0.45 ×", figure, ratio <= 0.45),
        Row(
            "a running server's first prediction, which loads the model",
            "≤ 20 ms",
            f"{first:.0f} ms",
            first <= 20,
        ),
        Row(
            "the longest wait for an answer when one of two workers is killed under load",
            "≤ 0.5 s",
            f"{longest:.2f} s",
            longest <= 0.5,
        ),
    ]


def memory_rows(bench: Workbench) -> list[Row]:
    """Return the targets of a worker's memory."""
    targets = {BEFORE: 60, FIRST_MODEL: 60}
    rows = []
    for moment, sizes in measure_memory(bench).items():
        resident, share = (number / 1e6 for number in sizes)
        figure = f"{resident:.0f} MB ({share:.0f} MB if shared memory is divided among its users)"
        measure = f"a worker's resident memory {moment}"
        target = targets.get(moment, 80)
        rows.append(Row(measure, f"≤ {target} MB", figure, resident <= target))
    return rows


def _show(lines: Sequence[str]) -> None:
    print("\n".join(lines), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
