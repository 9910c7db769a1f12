"""Single predictions of rows with a date or a text, beside rows of numbers alone."""

import csv
import json
import math
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.benchmarks.load import put_load
from tests.benchmarks.servers import Request, our_server, running
from tests.benchmarks.workbench import Workbench

ROWS = 2000
WORDS = 500
TEXT_WORDS = 40  # of a text: a short message


@dataclass(frozen=True)
class KindLoads:
    """What a server does with rows of one kind.

    Attributes
    ----------
    per_second : list of float, shape (rounds,)
        Requests a second over 16 connections.
    latency : list of float, shape (rounds,)
        Median seconds of one request after the other, as the client sees it.
    """

    per_second: list[float]
    latency: list[float]


def measure_kinds(bench: Workbench) -> dict[str, KindLoads]:
    """Return the loads of rows of four numbers, and of three and a date or a text."""
    requests = {}
    for version, kind in [("v0", "number"), ("v1", "date"), ("v2", "text")]:
        path, row = _write_rows(bench.directory / f"{kind}.csv", kind)
        bench.train(path, version)
        requests[kind] = Request(f"/{version}/predict", row)
    loads = {kind: KindLoads([], []) for kind in requests}
    server = our_server(bench.production_python, bench.config)
    with running(*server, bench.directory, requests["number"]) as running_server:
        for _ in range(bench.rounds):
            for kind, request in requests.items():
                load = put_load(running_server, request, bench.seconds)
                loads[kind].per_second.append(load.per_second)
                load = put_load(running_server, request, bench.seconds, connections=1)
                loads[kind].latency.append(load.median)
    return loads


def _write_rows(path: Path, kind: str) -> tuple[Path, bytes]:
    """Return a table whose last column is of a kind, and a row of it as JSON."""
    generator = random.Random(1)
    row: dict[str, float | str] = {}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["x_1", "x_2", "x_3", "x_4", "target"])
        for _ in range(ROWS):
            numbers = [round(generator.gauss(0.0, 1.0), 6) for _ in range(3)]
            z, last = _draw(generator, kind)
            is_one = generator.random() < 1.0 / (1.0 + math.exp(-z - sum(numbers)))
            row = {f"x_{place + 1}": number for place, number in enumerate(numbers)}
            row["x_4"] = last
            writer.writerow([*row.values(), int(is_one)])
    return path, json.dumps({"id": "2"} | row).encode()


def _draw(generator: random.Random, kind: str) -> tuple[float, float | str]:
    """Return what a value does to the target, and the value."""
    if kind == "date":
        days = generator.randrange(1000)
        return days / 500 - 1, (date(2024, 1, 1) + timedelta(days)).isoformat()
    if kind == "text":
        words = generator.choices(range(WORDS), k=TEXT_WORDS)
        return words[0] / WORDS, " ".join(f"word{word}" for word in words)
    number = round(generator.gauss(0.0, 1.0), 6)
    return number, number
