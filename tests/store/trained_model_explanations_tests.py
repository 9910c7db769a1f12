"""An explanation adds up to the prediction, and only linear models have one."""

import math
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import NotExplainable
from app.helpers.features import make_feature_columns
from tests.support.estimator_cases import LINEAR_CASES, OTHER_CASES, get_case, linear_cases, rows_of
from tests.support.estimators import TOLERANCE


def softmax(scores: Sequence[float]) -> list[float]:
    """Return e^z / Σ e^z."""
    exps = [math.exp(score - max(scores)) for score in scores]
    return [exp / math.fsum(exps) for exp in exps]


def sigmoid(z: float) -> float:
    """Return 1 / (1 + e^−z)."""
    return softmax([0.0, z])[1]


@settings(max_examples=300)
@given(st.data())
def test_an_explanation_adds_up_to_the_probability(data: st.DataObject) -> None:
    """As the sigmoid of baseline and contributions, or the softmax of each class's sum."""
    case = data.draw(linear_cases)
    row = data.draw(rows_of(case, data.draw(st.sampled_from([1.0, 1e6, math.inf]))))
    explanation = case.model.explain(row)
    explanations = [explanation] if case.positive is not None else list(explanation.values())
    if case.positive is None:
        assert list(explanation) == list(case.model.classes)
    names = [feature.name for feature in case.features]
    assert all(list(one["contributions"]) == names for one in explanations)
    assert all(set(one) == {"baseline", "contributions"} for one in explanations)
    scores = [one["baseline"] + math.fsum(one["contributions"].values()) for one in explanations]
    size = max(math.fsum(map(abs, one["contributions"].values())) for one in explanations)
    probabilities = [sigmoid(scores[0])] if len(scores) == 1 else softmax(scores)
    expected = case.model.outputs(make_feature_columns([row], case.features))[:, 0]
    assert probabilities == pytest.approx(expected.tolist(), rel=0, abs=TOLERANCE * (1 + size))


def test_an_explanation_by_hand() -> None:
    """One feature of each type, weighed as the coefficients say."""
    case = get_case("one-hot that refuses the unknown")
    columns, model = (step for _, step in case.estimator.steps)
    imputer, scaler = (step for _, step in columns.named_transformers_["leg0"].steps)
    # age, height, member, then blue, green, red, none, then round, square
    weights = model.coef_[0]
    row = {"age": None, "height": 4.0, "member": True, "color": None, "shape": "square"}
    frame = pd.DataFrame(case.training_rows)
    color_mean = weights[3:7] @ [
        (frame.color == "blue").mean(),
        (frame.color == "green").mean(),
        (frame.color == "red").mean(),
        frame.color.isna().mean(),
    ]
    shape_mean = weights[7:] @ [(frame["shape"] == name).mean() for name in ("round", "square")]
    assert case.model.explain(row) == {
        "baseline": pytest.approx(model.intercept_[0] + color_mean + shape_mean),
        "contributions": {
            "age": pytest.approx(
                (imputer.statistics_[0] - scaler.mean_[0]) / scaler.scale_[0] * weights[0],
                abs=1e-12,
            ),
            "height": pytest.approx((4.0 - scaler.mean_[1]) / scaler.scale_[1] * weights[1]),
            "member": pytest.approx((1.0 - scaler.mean_[2]) / scaler.scale_[2] * weights[2]),
            "color": pytest.approx(weights[6] - color_mean),
            "shape": pytest.approx(weights[8] - shape_mean),
        },
    }


def test_the_other_class_is_explained_by_the_opposite() -> None:
    """What speaks for one of two classes speaks against the other."""
    first, second = get_case("ours", 2, 0), get_case("ours", 2, 1)
    row = second.training_rows[0]
    against, pro = first.model.explain(row), second.model.explain(row)
    assert against["baseline"] == -pro["baseline"]
    assert against["contributions"] == {k: -c for k, c in pro["contributions"].items()}


@pytest.mark.parametrize("arguments", LINEAR_CASES, ids=str)
def test_what_is_linear_is_explained(arguments: tuple[str, int, int]) -> None:
    """So nothing that is on the list goes by the slow door."""
    case = get_case(*arguments)
    assert case.model.explain(case.training_rows[0])


@pytest.mark.parametrize("arguments", OTHER_CASES, ids=str)
def test_what_is_not_linear_is_not_explained(arguments: tuple[str, int, int]) -> None:
    """It says why."""
    case = get_case(*arguments)
    with pytest.raises(NotExplainable) as caught:
        case.model.explain(case.training_rows[0])
    assert str(caught.value) == (
        "Trained model version 'v7' cannot explain its predictions: it is not a linear model."
    )
