"""Tables to train on: customers whose churn can be learned, and names that try to become markup."""

import math
import random
from typing import Any

HOSTILE = ["<script>alert(1)</script>", "a\"b'c", "عمر العميل", "🍏 $(id) `id`", "__proto__", "1"]


def make_customers(n_rows: int = 400) -> list[dict[str, Any]]:
    """Return rows of all types, with gaps, in which there is something to learn."""
    draw = random.Random(1)
    rows = []
    for k in range(n_rows):
        plan = draw.choice(["basic", "basic", "family", "plus", "student"])
        renews, tickets, age = draw.random() < 0.6, int(draw.expovariate(0.7)), draw.randint(18, 90)
        z = 0.5 * tickets - 1.3 * renews - 0.03 * (age - 44) + (plan == "student") - 0.5
        rows.append(
            {
                "customer": k,
                "age": "" if draw.random() < 0.08 else age,
                "monthly_spend": round(draw.lognormvariate(3.4, 0.6), 2),
                "plan": plan,
                "auto_renewal": str(renews).lower(),
                "support_tickets": tickets,
                "churned": "yes" if draw.random() < 1 / (1 + math.exp(-z)) else "no",
            }
        )
    return rows


def make_hostile_rows() -> list[dict[str, Any]]:
    """Return rows whose names, categories and classes try to become markup."""
    draw = random.Random(2)
    return [
        {
            **{name: draw.random() for name in HOSTILE},
            "kind": ["</script><script>alert(2)</script>", "שלום", " ", "it's"][k % 4],
            "many": f"<b>{k % 600}</b>",
            "town": f"<i>{k}</i>" if k % 20 == 0 else f"<i>town {k % 3}</i>",
            "target": draw.choice(["<img src=x onerror=alert(3)>", "it's"]),
        }
        for k in range(1200)
    ]
