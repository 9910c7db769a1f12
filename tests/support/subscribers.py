"""A table of subscribers with a column of every type; most of them tell who will leave."""

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from app.helpers.features import Feature
from tests.support.csv_files import write_csv

HEADER = ["age", "plan", "renews", "since", "comment", "luck", "target"]
CLASSES = ("loyal", "unsure", "leaving")
_WORDS = ("good", "bad", "slow", "fast", "quick", "service", "price", "nice")


def write_subscribers(path: Path, n_classes: int = 2, n_rows: int = 400) -> Path:
    """Write rows; with 0 classes the target is a number.

    The younger leave, those with the plan "pro", and those who joined in winter; `luck` tells
    nothing.
    """
    generator = np.random.default_rng(1)
    rows: list[list[Any]] = []
    scores = []
    for k in range(n_rows):
        age, plan = int(generator.integers(18, 90)), generator.choice(["basic", "plus", "pro"])
        renews, luck = bool(generator.random() < 0.5), generator.normal()
        since = date(2022, 1, 1) + timedelta(int(generator.integers(900)))
        comment = " ".join(generator.choice(_WORDS, 6))
        score = (54 - age) / 15 + 3.0 * (plan == "pro") - 0.5 * renews + comment.count("bad")
        score += (
            2.5 * math.cos(since.timetuple().tm_yday / 365 * 2 * math.pi) + generator.normal() / 2
        )
        scores.append(score)
        rows.append([None if k % 12 == 5 else age, plan, renews, since, comment, f"{luck:.4f}"])
    if n_classes == 0:
        targets: list[Any] = [f"{100 * score:.2f}" for score in scores]
    else:
        ranks = np.argsort(np.argsort(scores))
        targets = [CLASSES[rank * n_classes // n_rows] for rank in ranks]
    return write_csv(path, [HEADER, *([*row, y] for row, y in zip(rows, targets, strict=True))])


def build_boosting(features: tuple[Feature, ...], C: float = 0.1) -> Pipeline:
    """Return a classifier that is not linear and takes columns of every type."""
    return _boosting(features, HistGradientBoostingClassifier(max_iter=15, random_state=1))


def build_boosting_regressor(features: tuple[Feature, ...], C: float = 0.1) -> Pipeline:
    """Return a regressor of the same kind."""
    return _boosting(features, HistGradientBoostingRegressor(max_iter=15, random_state=1))


def _boosting(features: tuple[Feature, ...], model: Any) -> Pipeline:
    categories = [feature.name for feature in features if feature.type == "category"]
    numbers = [feature.name for feature in features if feature.type in ("number", "boolean")]
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    texts = [
        (TfidfVectorizer(vocabulary=feature.words), feature.name)
        for feature in features
        if feature.words
    ]
    columns = make_column_transformer(
        (codes, categories), ("passthrough", numbers), *texts, sparse_threshold=0
    )
    return make_pipeline(columns, model)
