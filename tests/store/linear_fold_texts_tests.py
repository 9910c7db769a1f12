"""Folding a vectorizer: weights and estimator give a text the same numbers."""

from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from app.helpers.features import Feature, make_feature_columns
from app.settings import Settings
from app.store.fitted_estimator import make_frame
from app.store.linear_fold import fold
from app.store.trained_model import TrainedModel
from app.tables.columns import Columns
from tests.support.comments import LEAVE, NEUTRAL, STAY, comment_rows
from tests.support.configs import make_config
from tests.support.tables import write_csv
from tests.support.training import load_model, train

some_texts = st.text(max_size=200) | st.lists(
    st.sampled_from([*LEAVE, *STAY, *NEUTRAL, "CANCEL,", "unknown", "é", "\n"]), max_size=40
).map(" ".join)
rows = st.fixed_dictionaries(
    {
        "comment": st.none() | some_texts,
        "age": st.floats(-1e6, 1e6),
        "plan": st.sampled_from(["basic", "plus"]),
    }
)


def with_target(kind: str) -> list[dict[str, Any]]:
    """Return the rows of the comments with two classes, with three, or with a number to predict."""
    made = comment_rows(300)
    for k, row in enumerate(made):
        left = row.pop("left")
        row["target"] = {"two": left, "three": left if k % 3 else "later", "number": k % 97 + 0.5}[
            kind
        ]
    return made


@pytest.fixture(scope="module", params=["two", "three", "number"])
def config(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a model that learned from texts."""
    root = tmp_path_factory.mktemp("comments")
    config = make_config(root)
    path = write_csv(root / "comments.csv", with_target(request.param))
    train(path, "v0", columns=Columns("target"), config=config)
    return config


@pytest.fixture(scope="module")
def model(config: Settings) -> TrainedModel:
    """The model, from its weights."""
    model = load_model(config)
    assert model.manifest.weights is not None
    return model


@pytest.fixture(scope="module")
def estimator(config: Settings) -> Any:
    """The pipeline in the same file."""
    return joblib.load(f"{config.models_root}/trained-model-v0.p")


@given(data=st.data())
def test_weights_and_pipeline_agree(
    data: st.DataObject, model: TrainedModel, estimator: Any
) -> None:
    """Within 1e-9 over random texts; one row and many rows to the last digit."""
    drawn = data.draw(st.lists(rows, min_size=1, max_size=5))
    columns = make_feature_columns(drawn, model.features)
    frame = make_frame(columns, model.features)
    if model.manifest.task == "regression":
        expected = estimator.predict(frame).reshape(-1, 1)
    else:
        expected = estimator.predict_proba(frame)[:, -1:]
        expected = estimator.predict_proba(frame) if len(model.classes) > 2 else expected
    alone = np.array(model.outputs_of_rows(drawn))
    scale = 1.0 if model.classes else 97.0 + abs(frame["age"]).max()
    assert alone == pytest.approx(expected, abs=1e-9 * scale)
    assert alone.T.tolist() == model.outputs(columns).tolist()


def test_texts_contribute_relative_to_their_mean_in_training(
    model: TrainedModel, config: Settings
) -> None:
    """Over all texts, in training and validation set, contributions are about zero."""
    explained = [model.explain(row) for row in with_target("two")]
    if len(model.classes) > 2:
        explained = [each["later"] for each in explained]
    contributions = [each["contributions"]["comment"] for each in explained]
    assert abs(np.mean(contributions)) < 0.2 * np.std(contributions)


FEATURE = Feature("comment", "text", words=("cancel", "love"))
TEXTS = ["cancel it", "love it", "cancel cancel", "love love love"] * 3


def is_folded(*legs: Any, feature: Feature = FEATURE) -> bool:
    """Whether a classifier of such columns is folded."""
    estimator = make_pipeline(make_column_transformer(*legs), LogisticRegression())
    estimator.fit(make_frame([TEXTS], [feature]), [1, 0] * 6)
    return fold(estimator, [feature], ("no", "yes"), 1) is not None


def test_only_the_vectorizer_that_can_be_computed_exactly_is_folded() -> None:
    """With any other setting, class or vocabulary the estimator itself predicts."""
    ours: dict[str, Any] = {"vocabulary": FEATURE.words, "sublinear_tf": True}
    assert is_folded((TfidfVectorizer(**ours), "comment"))
    others: Sequence[dict[str, Any]] = (
        {"sublinear_tf": False},
        {"norm": "l1"},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"binary": True},
        {"token_pattern": r"\w+"},
        {"stop_words": ["love"]},
        {"analyzer": "char"},
        {"vocabulary": ("love", "cancel")},
        {"vocabulary": None},
    )
    for other in others:
        assert not is_folded((TfidfVectorizer(**ours | other), "comment")), other
    assert not is_folded((CountVectorizer(vocabulary=FEATURE.words), "comment"))
    twice = [(TfidfVectorizer(**ours), "comment")] * 2
    assert not is_folded(*twice)
