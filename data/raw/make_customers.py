"""Make customers.csv: 400 made-up customers of a phone company, and who of them left.

It writes the same bytes every time: `python data/raw/make_customers.py`. See ../README.md.
"""

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

ROWS = 400
MISSING_AGE = 0.06
PLANS = {"basic": 0.8, "plus": 0.0, "premium": -1.0}
ZIP_CODES = {"01067": 0.6, "04109": 0.0, "06108": -0.3, "07743": 0.0, "08056": 0.3, "09111": -0.6}
"""The options of each column, with what they add to the log-odds of leaving."""


def make_rows() -> list[list[object]]:
    """Return the rows, in the order of the header."""
    generator = random.Random(1)  # noqa: S311 - the data is dummy on purpose
    ids = sorted(generator.sample(range(100_000, 200_000), ROWS))
    rows: list[list[object]] = []
    for customer_id in ids:
        signed_up = date(2021, 1, 1) + timedelta(days=generator.randrange(5 * 365))
        zip_code, plan = generator.choice(list(ZIP_CODES)), generator.choice(list(PLANS))
        age = min(max(round(generator.gauss(46, 15)), 18), 90)
        support_calls = min(int(generator.expovariate(0.5)), 9)
        z = -0.8 + PLANS[plan] + ZIP_CODES[zip_code] - 0.04 * (age - 46)
        z += 0.6 * (support_calls - 1.5)
        churned = "yes" if generator.random() < 1.0 / (1.0 + math.exp(-z)) else "no"
        known_age = "" if generator.random() < MISSING_AGE else age
        rows.append([customer_id, signed_up, zip_code, known_age, plan, support_calls, churned])
    return rows


if __name__ == "__main__":
    with open(Path(__file__).with_name("customers.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["customer_id", "signed_up", "zip_code", "age", "plan", "support_calls", "churned"]
        )
        writer.writerows(make_rows())
