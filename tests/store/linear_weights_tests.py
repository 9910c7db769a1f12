"""Weights: what comes back from a manifest scores exactly as what was folded."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.features import Feature, make_feature_columns, make_feature_vector
from app.store.linear_weights import CategoryWeights, LinearWeights, NumberWeights, to_scorer
from app.store.linear_weights import to_weights as make_weights
from app.utils.dataclass_json import from_json, to_json
from tests.support.estimator_cases import linear_cases, rows_of

COLOR = Feature("color", "category", categories=("blue", "red"))
OPEN = Feature("town", "category", categories=("Bonn",), open=True)
X = Feature("x", "number", nullable=True)
WEIGHTS = LinearWeights(
    baselines=(0.5, -1.0),
    numbers={"x": NumberWeights(slopes=(2.0, -3.0), center=1.0, fill=4.0)},
    categories={
        "town": CategoryWeights(("Bonn",), ((0.125,), (0.25,)), (1.0, 2.0), (3.0, 4.0)),
        "color": CategoryWeights(("red", "blue"), ((8.0, 16.0), (-8.0, -16.0)), (0.0, 0.0)),
    },
)
FEATURES = (COLOR, X, OPEN)


@settings(max_examples=200)
@given(st.data())
def test_weights_from_a_manifest_score_as_the_folded_pipeline(data: st.DataObject) -> None:
    """Exactly, one row and many, contribution by contribution."""
    case = data.draw(linear_cases)
    rows = data.draw(st.lists(rows_of(case, math.inf), min_size=1, max_size=4))
    folded = case.scorer()
    weights = from_json(LinearWeights, to_json(make_weights(folded, case.features)))
    scorer = to_scorer(weights, case.features)
    for row in rows:
        vector = make_feature_vector(row, case.features)
        assert scorer.of_row(vector) == folded.of_row(vector)
        for ours, theirs in zip(scorer.scores, folded.scores, strict=True):
            assert ours.baseline == theirs.baseline
            assert ours.contributions(vector) == theirs.contributions(vector)
    columns = make_feature_columns(rows, case.features)
    assert scorer.of_columns(columns).tolist() == folded.of_columns(columns).tolist()


@pytest.mark.parametrize(
    ("vector", "contributions"),
    [
        (["red", 2.0, "Bonn"], [[8.0, 2.0, 0.125], [-8.0, -3.0, 0.25]]),
        (["blue", None, "Köln"], [[16.0, 6.0, 3.0], [-16.0, -9.0, 4.0]]),
        ([None, 1.0, None], [[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]]),
    ],
)
def test_weights_add_what_they_say(vector: list[object], contributions: list[list[float]]) -> None:
    """By the features' names: their order in the manifest is theirs, not the weights'."""
    scorer = to_scorer(WEIGHTS, FEATURES)
    assert [score.contributions(vector) for score in scorer.scores] == contributions
    assert [score.of_row(vector) for score in scorer.scores] == [
        0.5 + sum(contributions[0]),
        -1.0 + sum(contributions[1]),
    ]


def test_weights_are_counted() -> None:
    """One for a number and one for each level, in each of two scores."""
    assert WEIGHTS.count() == 8
    assert make_weights(to_scorer(WEIGHTS, FEATURES), FEATURES) == WEIGHTS


def test_weights_for_other_features_are_refused() -> None:
    """A feature without weights has none to be scored with."""
    with pytest.raises(KeyError):
        to_scorer(WEIGHTS, (*FEATURES, Feature("y", "number")))
