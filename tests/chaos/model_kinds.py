"""Trains models of several kinds, or asks them; run by Pythons that have other libraries.

python -m tests.chaos.model_kinds train DIRECTORY
python -m tests.chaos.model_kinds predict DIRECTORY
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.app import create_app
from app.models import estimators
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns

ROWS = [
    {"id": 1, "age": 31.5, "town": "b", "member": True},
    {"id": 2, "age": None, "town": None, "member": False},
    {"id": 3, "age": 80.0, "town": "rare or new", "member": True},
]


def with_numbers(make_model: Callable[[], Any]) -> Callable[..., Any]:
    """Return what builds a pipeline that makes numbers of all columns for a model."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    def build(*_: Any, **__: Any) -> Any:
        is_number = make_column_selector(dtype_include="number")
        is_text = make_column_selector(dtype_exclude="number")
        columns = make_column_transformer(
            (SimpleImputer(), is_number),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), is_text),
        )
        return make_pipeline(columns, make_model())

    return build


def kinds() -> dict[str, Callable[..., Any]]:
    """Return builders by name; those of regressors end with `regressor`."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import (
        ExtraTreesRegressor,
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        StackingClassifier,
    )
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, SplineTransformer
    from sklearn.svm import SVR
    from sklearn.tree import DecisionTreeClassifier

    return {
        "linear": estimators.build_classifier,
        "linear regressor": estimators.build_regressor,
        "forest": with_numbers(lambda: RandomForestClassifier(50, random_state=0)),
        "extra trees regressor": with_numbers(lambda: ExtraTreesRegressor(50, random_state=0)),
        "tree": with_numbers(lambda: DecisionTreeClassifier(max_depth=4)),
        "boosting": with_numbers(lambda: GradientBoostingClassifier(random_state=0)),
        "histogram boosting": with_numbers(lambda: HistGradientBoostingClassifier(max_iter=30)),
        "histogram boosting regressor": with_numbers(lambda: HistGradientBoostingRegressor()),
        "neighbours": with_numbers(lambda: KNeighborsClassifier(7)),
        "naive Bayes": with_numbers(GaussianNB),
        "network": with_numbers(lambda: MLPClassifier((5,), max_iter=50, random_state=0)),
        "calibrated": with_numbers(lambda: CalibratedClassifierCV(LogisticRegression(), cv=3)),
        "stacked": with_numbers(
            lambda: StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())])
        ),
        "splines": with_numbers(lambda: make_pipeline(SplineTransformer(), LogisticRegression())),
        "support vectors regressor": with_numbers(lambda: SVR()),
        "own function": with_numbers(
            lambda: make_pipeline(FunctionTransformer(halve), RandomForestClassifier(9))
        ),
    }


def halve(X: Any) -> Any:
    """Return the half; the model carries this function."""
    return X * 0.5


def write_tables(directory: Path) -> None:
    """Write a table of classes and one of numbers."""
    import numpy as np

    generator = np.random.default_rng(0)
    lines = []
    for _ in range(400):
        age, town = generator.normal(40, 15), "abcd"[generator.integers(4)]
        member = generator.random() < 0.4
        score = age / 20 + "abcd".index(town) + member + generator.normal()
        shown = "" if generator.random() < 0.1 else f"{age:.2f}"
        place = "" if generator.random() < 0.1 else town
        label = "no" if score < 4 else "yes"
        lines.append((f"{shown},{place},{str(member).lower()}", label, f"{score:.3f}"))
    for name, column in (("classes", 1), ("numbers", 2)):
        rows = [f"{line[0]},{line[column]}" for line in lines]
        content = "\n".join(["age,town,member,target", *rows, ""])
        (directory / f"{name}.csv").write_text(content)


def config_of(directory: Path) -> Settings:
    """Return the settings of a server of the directory."""
    return Settings(
        models_root=str(directory / "models"),
        logs_root=str(directory / "logs"),
        model_signing_key_file=str(directory / "key"),
    )


def train_all(directory: Path) -> None:
    """Train a version of each kind."""
    write_tables(directory)
    for number, (name, build) in enumerate(kinds().items()):
        is_regressor = name.endswith("regressor")
        estimators.build_regressor = estimators.build_classifier = build
        table = directory / f"{'numbers' if is_regressor else 'classes'}.csv"
        task: Any = "regression" if is_regressor else "classification"
        columns = Columns(task=task, open=("town",))
        train(str(table), f"v{number}", columns=columns, C=0.1, config=config_of(directory))


def predict_all(directory: Path) -> dict[str, Any]:
    """Return each kind's predictions, or None if it is unavailable."""
    client = create_app(config_of(directory)).test_client()
    answers = {}
    for number, name in enumerate(kinds()):
        answer = client.post(f"/v{number}/predict", json=ROWS)
        assert answer.status_code in (200, 503), answer.text
        rows: Any = answer.json
        is_served = answer.status_code == 200
        answers[name] = [row["prediction"] for row in rows] if is_served else None
    return answers


if __name__ == "__main__":
    command, root = sys.argv[1], Path(sys.argv[2])
    if command == "train":
        train_all(root)
    print(json.dumps(predict_all(root)))
