"""Make houses.csv: 400 made-up houses, and the price that each was sold for.

It writes the same bytes every time: `python data/raw/make_houses.py`. See ../README.md.
"""

import csv
import random
from pathlib import Path

ROWS = 400
MISSING_YEAR = 0.05
DISTRICTS = {"harbour": 60_000, "hills": 40_000, "old town": 90_000, "station": 0}
"""What a district adds to the price."""


def make_rows() -> list[list[object]]:
    """Return the rows, in the order of the header."""
    generator = random.Random(5)  # noqa: S311 - the data is dummy on purpose
    rows: list[list[object]] = []
    for _ in range(ROWS):
        area = max(round(generator.gauss(95, 30)), 35)
        rooms = max(round(area / 26 + generator.gauss(0, 0.8)), 1)
        built = generator.randint(1900, 2020)
        district = generator.choice(list(DISTRICTS))
        garden = generator.random() < (0.7 if district == "hills" else 0.3)
        price = 40_000 + 2_400 * area + 9_000 * rooms + 500 * (built - 1900)
        price = (price + DISTRICTS[district] + 25_000 * garden) * generator.gauss(1, 0.1)
        known_year = "" if generator.random() < MISSING_YEAR else built
        sold_for = round(price / 100) * 100
        rows.append([area, rooms, known_year, district, "yes" if garden else "no", sold_for])
    return rows


if __name__ == "__main__":
    with open(Path(__file__).with_name("houses.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["area", "rooms", "built", "district", "garden", "price"])
        writer.writerows(make_rows())
