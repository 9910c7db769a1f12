"""A table with a column of every type: visits to a shop, which go by month, weekday and hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.csv_files import write_csv

HEADER = ["id", "since", "at", "age", "member", "plan", "city", "bought"]
START = datetime(2023, 1, 1)
N_ROWS = 800


def visit_rows(target: str = "classes", seed: int = 1) -> list[list[Any]]:
    """Return rows with days first, datetimes in ISO, gaps, and a city that is open.

    Parameters
    ----------
    target : "classes", "three" or "number"
    """
    draw = np.random.default_rng(seed)
    rows = []
    for k in range(N_ROWS):
        since = START + timedelta(days=int(draw.integers(730)))
        at = START + timedelta(minutes=int(draw.integers(730 * 24 * 60)))
        age = int(draw.integers(18, 90))
        city = f"Village {k}" if k % 20 == 0 else draw.choice(["Bree", "Dale"])
        score = (
            (since - START).days / 365
            + 2.0 * (at.month in (6, 7, 8))
            + 1.5 * (at.weekday() >= 5)
            - 2.0 * (at.hour < 8)
            + age / 50
            + draw.normal()
        )
        rows.append(
            [
                *(k, since.strftime("%d/%m/%Y"), None if k % 15 == 7 else at.isoformat(" ")),
                *(None if k % 12 == 5 else age, draw.choice(["yes", "no"])),
                *(draw.choice(["basic", "plus"]), city, _target(score, target)),
            ]
        )
    return rows


def _target(score: float, target: str) -> Any:
    if target == "number":
        return round(100 + 10 * score, 2)
    if target == "three":
        return ("none", "some", "many")[int(np.digitize(score, [1.5, 3.0]))]
    return "yes" if score > 2.2 else "no"


def write_visits(path: Path, target: str = "classes", rows: Sequence[Any] | None = None) -> Path:
    """Write the rows."""
    return write_csv(path, [HEADER, *(visit_rows(target) if rows is None else rows)])
