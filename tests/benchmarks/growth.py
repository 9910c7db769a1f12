"""How cost grows: with features, rows, workers and connections."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.costs import Training, measure_batches, measure_training
from tests.benchmarks.load import put_load
from tests.benchmarks.servers import Request, our_server, running
from tests.benchmarks.workbench import ONE_ROW, Workbench, json_row, median


@dataclass(frozen=True)
class Curve:
    """What was measured at each size.

    Attributes
    ----------
    title, unit : str
    sizes : str
        What the sizes count.
    points : list of (size, value)
    """

    title: str
    unit: str
    sizes: str
    points: list[tuple[int, float]]


def measure_growth(bench: Workbench) -> list[Curve]:
    """Return all curves."""
    return [
        *_by_features(bench, [4, 30] if bench.quick else [4, 30, 300]),
        *_by_batch(bench),
        *_by_training_rows(bench),
        *_by_connections(bench, [1, 16] if bench.quick else [1, 16, 256]),
    ]


def _by_features(bench: Workbench, counts: Sequence[int]) -> list[Curve]:
    for count in counts:
        bench.train(bench.write_rows(2000, count), f"v{count}")
    latencies, rates = [], []
    server = our_server(bench.production_python, bench.config)
    with running(*server, bench.directory, ONE_ROW) as running_server:
        for count in counts:
            request = Request(f"/v{count}/predict", json_row(count))
            running_server.until_answers(request)
            alone = put_load(running_server, request, bench.seconds, connections=1)
            loaded = put_load(running_server, request, bench.seconds)
            latencies.append((count, alone.median * 1e6))
            rates.append((count, loaded.per_second))
    return [
        Curve("One row, one connection: median latency", "µs", "features", latencies),
        Curve("One row, 16 connections", "requests/s", "features", rates),
    ]


def _by_batch(bench: Workbench) -> list[Curve]:
    counts = [1, 10, 100, 1000, 10_000]
    curves = []
    for subject in ("json", "csv"):
        sizes = counts if subject == "json" or bench.quick else [*counts, 100_000]
        times = measure_batches(bench, subject, sizes)
        values = [median([ours for ours, _ in rounds]) * 1e3 for rounds in times]
        title = f"{subject.upper()} batch, in process"
        curves.append(Curve(title, "ms", "rows", list(zip(sizes, values, strict=True))))
    return curves


def _by_training_rows(bench: Workbench) -> list[Curve]:
    sizes = [1000, 10_000] if bench.quick else [10_000, 100_000, 1_000_000]
    if bench.full:
        sizes.append(10_000_000)
    costs = [measure_training(bench, Training("C chosen"), size, 1)[0][0] for size in sizes]
    seconds = [cost.seconds for cost in costs]
    peaks = [cost.peak_bytes / 1e6 for cost in costs]
    return [
        Curve("Training", "s", "rows", list(zip(sizes, seconds, strict=True))),
        Curve("Training: peak memory", "MB", "rows", list(zip(sizes, peaks, strict=True))),
    ]


def _by_connections(bench: Workbench, counts: Sequence[int]) -> list[Curve]:
    curves = []
    for workers in (1, 2):
        server = our_server(bench.production_python, bench.config, WEB_CONCURRENCY=workers)
        with running(*server, bench.directory, ONE_ROW) as running_server:
            for _ in range(20 * workers):  # so that every worker has its model
                running_server.until_answers(ONE_ROW)
            loads = [put_load(running_server, ONE_ROW, bench.seconds, count) for count in counts]
        name = f"{workers} worker" + "s" * (workers > 1)
        for title, unit, values in (
            ("One row", "requests/s", [load.per_second for load in loads]),
            ("One row: median latency", "µs", [load.median * 1e6 for load in loads]),
        ):
            points = list(zip(counts, values, strict=True))
            curves.append(Curve(f"{title}, {name}", unit, "connections", points))
    return curves
