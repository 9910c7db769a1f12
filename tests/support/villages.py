"""A table with an open column: two towns, and villages that are named once each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.csv_files import write_csv

VILLAGES = [f"Village {k}" for k in range(20)]
TYPO = "bassic"
HEADER = ["city", "plan", "age", "target"]


def village_rows(classes: Sequence[str] = ("no", "yes"), seed: int = 1) -> list[list[Any]]:
    """Return rows: the city sometimes missing, a typo among the plans, which stay closed."""
    draw = np.random.default_rng(seed)
    rows = []
    for k in range(400):
        city = VILLAGES[k // 20] if k % 20 == 0 else draw.choice(["Bree", "Dale"])
        age = int(draw.integers(18, 90))
        place = int((age > 50) + (city == "Bree") + draw.integers(len(classes))) % len(classes)
        plan = draw.choice(["basic", "plus"])
        rows.append([None if k % 15 == 7 else city, plan, age, classes[place]])
    rows[33][1] = TYPO
    return rows


def write_villages(path: Path, **options: Any) -> Path:
    """Write the rows."""
    return write_csv(path, [HEADER, *village_rows(**options)])
