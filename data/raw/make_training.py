"""Make training.csv: 10,000 rows whose target follows a known logistic model.

The same bytes whenever it runs: `python data/raw/make_training.py`. See ../README.md.
"""

import csv
import math
import random
from pathlib import Path

ROWS = 10_000
INTERCEPT = -0.9
WEIGHTS = (-3.9, -5.1, 2.8, 5.9)
MISSING_X_1 = 0.02


def make_rows() -> list[list[str]]:
    """Return the rows, x_1 … x_4 and target, as text."""
    generator = random.Random(1)  # noqa: S311 - the data is dummy on purpose
    rows = []
    for _ in range(ROWS):
        x = [generator.gauss(0.0, 1.0) for _ in WEIGHTS]
        z = INTERCEPT + sum(w * x_i for w, x_i in zip(WEIGHTS, x, strict=True))
        target = int(generator.random() < 1.0 / (1.0 + math.exp(-z)))
        texts = [f"{x_i:.6f}" for x_i in x]
        if generator.random() < MISSING_X_1:
            texts[0] = ""
        rows.append([*texts, str(target)])
    return rows


if __name__ == "__main__":
    with open(Path(__file__).with_name("training.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["x_1", "x_2", "x_3", "x_4", "target"])
        writer.writerows(make_rows())
