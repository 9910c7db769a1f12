"""Tables to train on: customers with columns of all types, and hostile names."""

import csv
import random
from pathlib import Path
from typing import Any

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "a\"b'c",
    "عمر العميل",
    "🍏",
    "line\nbreak",
    "x" * 200,
    "__proto__",
    "{{ 7*7 }}",
    "--><b>",
]
HOSTILE_CATEGORIES = ["</script><script>alert(2)</script>", "שלום", " ", "a'b", '"><i>']
HOSTILE_CLASS = "<img src=x onerror=alert(3)>"


def write_csv(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write rows that share their keys."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def customers() -> list[dict[str, Any]]:
    """Return rows with columns of all types, some with gaps."""
    draw = random.Random(1)
    return [
        {
            "customer": k,
            "age": "" if k % 12 == 0 else draw.randint(18, 90),
            "plan": "" if k % 30 == 0 else draw.choice(["basic", "family", "plus"]),
            "auto_renewal": draw.choice(["true", "false"]),
            "churned": draw.choice(["yes", "no"]),
        }
        for k in range(400)
    ]


def hostile_rows() -> list[dict[str, Any]]:
    """Return rows whose names, categories and classes would do harm if they became markup."""
    draw = random.Random(2)
    return [
        {
            **{name: draw.random() for name in HOSTILE_NAMES},
            "kind": HOSTILE_CATEGORIES[k % len(HOSTILE_CATEGORIES)],
            "many": f"<b>{k % 600}</b>",
            "target": HOSTILE_CLASS if draw.random() < 0.5 else "it's",
        }
        for k in range(1200)
    ]
