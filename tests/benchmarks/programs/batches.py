"""Times a batch through our WSGI application and through its floor, in turn, in this process.

python -m tests.benchmarks.programs.batches SUBJECT ROUNDS ROWS …; prints the seconds as JSON:
for each number of rows, for each round, of ours and of the floor.
"""

import gc
import io
import json
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import joblib
import numpy as np
import orjson
import pandas as pd

from app.app import app

NAMES = ["x_1", "x_2", "x_3", "x_4"]
model = joblib.load(os.environ["BENCH_MODEL"])


def make_rows(count: int) -> list[dict[str, Any]]:
    """Return complete rows like those of the training data."""
    generator = random.Random(1)
    return [
        {"id": str(number), **{name: round(generator.gauss(0.0, 1.0), 6) for name in NAMES}}
        for number in range(count)
    ]


def as_json(rows: list[dict[str, Any]]) -> bytes:
    """Return the rows as an array; a single one as an object."""
    return orjson.dumps(rows if len(rows) > 1 else rows[0])


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return the rows as CSV."""
    lines = [",".join(map(str, row.values())) for row in rows]
    return "\n".join([",".join(rows[0]), *lines, ""]).encode()


def ours(body: bytes, content_type: str) -> bytes:
    """Return our application's answer, as a server would ask for it."""
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/v0/predict",
        "QUERY_STRING": "",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost:8080",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    status: list[str] = []

    def start_response(line: str, headers: object, error: object = None, /) -> Callable[..., Any]:
        status.append(line)
        return status.append

    answer = b"".join(app(environ, start_response))
    if status != ["200 OK"]:
        raise ValueError(f"{status}: {answer[:200]!r}")
    return answer


def json_floor(body: bytes) -> bytes:
    """Return the least that answers a batch: parsed, a matrix, one predict_proba, encoded."""
    rows = orjson.loads(body)
    rows = rows if isinstance(rows, list) else [rows]
    X = np.array([[row[name] for name in NAMES] for row in rows])
    predictions = model.predict_proba(X)[:, 1].round(4).tolist()
    answers = [
        {"id": row["id"], "prediction": prediction}
        for row, prediction in zip(rows, predictions, strict=True)
    ]
    return orjson.dumps(answers)


def csv_floor(body: bytes, decimals: int | None = None) -> bytes:
    """Return the least that answers a CSV: read_csv, predict_proba, to_csv."""
    frame = pd.read_csv(io.BytesIO(body))
    predictions = model.predict_proba(frame[NAMES].to_numpy())[:, 1]
    if decimals is not None:
        predictions = predictions.round(decimals)
    answer = pd.DataFrame({"id": frame["id"], "prediction": predictions})
    return answer.to_csv(index=False).encode()


def seconds(function: Callable[[], bytes], repetitions: int) -> float:
    """Return how long one call takes, the mean of some; what is logged and counted comes after."""
    app.extensions["services"].records.flush()
    gc.collect()
    started = time.perf_counter()
    for _ in range(repetitions):
        function()
    return (time.perf_counter() - started) / repetitions


Rows = list[dict[str, Any]]
SUBJECTS: dict[str, tuple[Callable[[Rows], bytes], str, Callable[[bytes], bytes]]] = {
    "json": (as_json, "application/json", json_floor),
    "csv": (as_csv, "text/csv", csv_floor),
    "csv, rounded": (as_csv, "text/csv", partial(csv_floor, decimals=4)),
}


def measure(subject: str, rounds: int, count: int) -> list[tuple[float, float]]:
    """Return the seconds of ours and of the floor, in turn, shape (rounds, 2)."""
    encode, content_type, floor = SUBJECTS[subject]
    body = encode(make_rows(count))
    repetitions = max(1, 1000 // count)
    times = []
    for _ in range(rounds + 1):  # the first warms up
        mine = seconds(lambda: ours(body, content_type), repetitions)
        least = seconds(lambda: floor(body), repetitions)
        times.append((mine, least))
    return times[1:]


if __name__ == "__main__":
    counts = [int(text) for text in sys.argv[3:]]
    print(json.dumps([measure(sys.argv[1], int(sys.argv[2]), count) for count in counts]))
