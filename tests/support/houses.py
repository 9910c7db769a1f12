"""A table of houses whose price is to be predicted: every type of column, gaps, and a number."""

from typing import Any

import numpy as np

NAMES = ["area", "rooms", "district", "garden"]
NOISE = 20_000.0  # standard deviation of what no column tells


def house_rows(n_rows: int = 600) -> list[list[Any]]:
    """Return a header and rows; the price is linear in what the other columns say."""
    generator = np.random.default_rng(3)
    rows: list[list[Any]] = [[*NAMES, "price"]]
    for i in range(n_rows):
        area, rooms = generator.normal(80, 20), int(generator.integers(1, 6))
        district, garden = i % 3, bool(generator.random() < 0.5)
        price = 2000 * area + 9000 * rooms + 30_000 * district + 15_000 * garden
        price += generator.normal(0, NOISE)
        shown = None if i % 50 == 7 else f"{area:.1f}"
        rows.append(
            [shown, rooms, ["north", "south", "west"][district], str(garden), f"{price:.2f}"]
        )
    return rows


def houses_csv(n_rows: int) -> str:
    """Return houses without their price, with ids."""
    lines = [
        f"house {i},{row[0] or ''},{','.join(map(str, row[1:-1]))}\n"
        for i, row in enumerate(house_rows(n_rows)[1:])
    ]
    return f"id,{','.join(NAMES)}\n" + "".join(lines)


HOUSE: dict[str, Any] = {"area": 81.5, "rooms": 3, "district": "south", "garden": True}
