"""Texts for any estimator: a fork's boosting gets them as text, and vectorizes them by itself."""

from collections.abc import Sequence
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from app.app import create_app
from app.helpers.features import Feature
from app.models import estimators
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.comments import comment_rows
from tests.support.pages import get_page
from tests.support.requests import post
from tests.support.tables import write_csv
from tests.support.training import train

ROW = {"id": 1, "comment": "Cancel, refund!", "age": 40, "plan": "plus"}


def boosting(model: Any) -> Any:
    """Return a fork's build function: words as it finds them, and a boosting of any kind."""

    def build(features: Sequence[Feature], C: float = 0.1) -> Any:
        names = {kind: [each.name for each in features if each.type == kind] for kind in KINDS}
        columns = make_column_transformer(
            *((TfidfVectorizer(min_df=5), name) for name in names["text"]),
            (OrdinalEncoder(), names["category"]),
            remainder="passthrough",
            sparse_threshold=0.0,
        )
        return make_pipeline(columns, model)

    return build


KINDS = ("number", "boolean", "category", "text")


def test_a_boosting_gets_texts_as_text(
    config: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is served and described; a missing text is the empty one."""
    model = HistGradientBoostingClassifier(max_iter=30, random_state=1)
    monkeypatch.setattr(estimators, "build_classifier", boosting(model))
    path = write_csv(tmp_path / "comments.csv", comment_rows())
    manifest = train(path, "v0", columns=Columns("left"), config=config)
    assert manifest.weights is None
    assert manifest.figure > 0.8
    client = create_app(config).test_client()
    leaving = post(client, ROW).get_json()["prediction"]
    staying = post(client, ROW | {"comment": "I love it, excellent"}).get_json()["prediction"]
    missing = post(client, ROW | {"comment": None}).get_json()["prediction"]
    assert staying < missing < leaving
    assert missing == post(client, ROW | {"comment": ""}).get_json()["prediction"]
    assert "This model is not linear" in get_page(client, "/v0").words
    estimator = joblib.load(f"{config.models_root}/trained-model-v0.p")
    frame = pd.DataFrame([ROW]).drop(columns="id")
    assert round(estimator.predict_proba(frame)[0, 1], 4) == leaving


def test_a_boosting_predicts_a_number_from_texts(
    config: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same in a regression."""
    model = HistGradientBoostingRegressor(max_iter=30, random_state=1)
    monkeypatch.setattr(estimators, "build_regressor", boosting(model))
    rows = [
        {**row, "left": row["age"] / 2 + (50.25 if row["left"] == "yes" else 0.0)}
        for row in comment_rows()
    ]
    path = write_csv(tmp_path / "comments.csv", rows)
    assert train(path, "v0", columns=Columns("left"), config=config).figure > 0.5
    client = create_app(config).test_client()
    leaving = post(client, ROW).get_json()["prediction"]
    assert leaving > post(client, ROW | {"comment": "I love it"}).get_json()["prediction"] + 20


def test_ours_is_as_good_as_a_pipeline_by_hand(config: Settings, tmp_path: Any) -> None:
    """With scikit-learn's default strength and the same information, within 0.01 of ROC AUC."""
    path = write_csv(tmp_path / "comments.csv", comment_rows(800))
    ours = train(path, "v0", columns=Columns("left"), config=config, C=1.0).figure
    frame = pd.read_csv(path, keep_default_na=False)
    X, X_test, y, y_test = train_test_split(
        frame[["comment", "age", "plan"]],
        frame["left"],
        test_size=0.25,
        random_state=1,
        stratify=frame["left"],
    )
    by_hand = make_pipeline(
        make_column_transformer(
            (TfidfVectorizer(sublinear_tf=True), "comment"),
            (StandardScaler(), ["age"]),
            (OneHotEncoder(), ["plan"]),
        ),
        LogisticRegression(),
    ).fit(X, y)
    auc = roc_auc_score(y_test == "yes", by_hand.predict_proba(X_test)[:, 1])
    assert ours == pytest.approx(auc, abs=0.01)
