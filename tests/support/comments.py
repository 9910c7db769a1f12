"""A generator of customers' comments: some of their words tell who will leave."""

import random
from typing import Any

LEAVE = ("cancel", "refund", "terrible", "unacceptable")
STAY = ("love", "excellent", "recommend", "delighted")
NEUTRAL = (
    *("the", "service", "and", "was", "my", "order", "with", "called", "support", "on", "monday"),
    *("invoice", "a", "new", "phone", "app", "to", "account", "it", "arrived", "package", "for"),
    *("we", "have", "this", "since", "update", "store", "asked", "price", "they", "again"),
)
COMMENTS = "comment"


def make_comment(draw: random.Random, leaves: bool) -> str:
    """Return a comment of 6 to 20 words; most have a word that tells what will happen."""
    words = [draw.choice(NEUTRAL) for _ in range(draw.randint(5, 19))]
    telling = (LEAVE if leaves else STAY) if draw.random() < 0.9 else NEUTRAL
    words.insert(draw.randint(0, len(words)), draw.choice(telling))
    return " ".join(words).capitalize() + draw.choice(".!?")


def comment_rows(n_rows: int = 400, seed: int = 1) -> list[dict[str, Any]]:
    """Return rows with a comment, some of them empty, a number, a category and a target."""
    draw = random.Random(seed)
    rows = []
    for k in range(n_rows):
        leaves = draw.random() < 0.4
        rows.append(
            {
                "comment": "" if k % 25 == 3 else make_comment(draw, leaves),
                "age": draw.randint(18, 90),
                "plan": draw.choice(["basic", "plus"]),
                "left": "yes" if leaves else "no",
            }
        )
    return rows
