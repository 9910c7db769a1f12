"""Folding: a folded pipeline gives the numbers of its estimator, wherever the rows lie."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.helpers.errors import InvalidModelFile
from app.helpers.features import Feature
from app.models.estimators import build_classifier
from app.store.linear_fold import fold
from tests.support.estimator_cases import assert_equal_to_estimator, get_case, linear_cases, rows_of
from tests.support.estimators import (
    GAPS,
    MIXED,
    ONE_HOT,
    OPEN,
    N,
    legs,
    make_case,
    make_rows,
    scaled,
)


@settings(max_examples=200)
@given(st.data())
def test_a_folded_pipeline_predicts_what_it_predicts_far_outside_of_what_it_saw(
    data: st.DataObject,
) -> None:
    """Within 1e-9 up to a million times as far.

    Not where numbers near 1e12 go on to 1e15: two such that cancel leave nobody any digits.
    """
    case = data.draw(linear_cases.filter(lambda case: case.features[0].name != "unix time"))
    assert_equal_to_estimator(case, data.draw(st.lists(rows_of(case, 1e6), min_size=1, max_size=8)))


def test_a_pipeline_with_a_cache_is_folded(tmp_path: Path) -> None:
    """What it holds are fitted transformers all the same."""
    steps = legs((scaled(), N), ONE_HOT).steps
    case = make_case(Pipeline(steps, memory=str(tmp_path)), MIXED, make_rows(MIXED), 2)
    assert_equal_to_estimator(case, case.training_rows)
    assert case.model.explain(case.training_rows[0])


def test_a_column_that_training_never_saw_is_imputed_all_the_same() -> None:
    """The CSV had values, the rows that were trained on had none."""
    rows = [{**row, "x": None} for row in make_rows(GAPS)]
    case = make_case(build_classifier(GAPS), GAPS, rows, 2)
    assert case.features[0].mean is None
    assert_equal_to_estimator(case, [*rows[:10], {"x": 5.0, "y": 1.0}])
    assert case.model.explain({"x": 5.0, "y": None})["contributions"]["x"] == 0.0


def test_a_category_that_training_never_saw_is_scored_where_the_encoder_can() -> None:
    """Ours knows every category of the CSV; one that learns them by itself may refuse."""
    features = (Feature("x", "number"), Feature("color", "category", categories=("blue", "red")))
    rows = [{**row, "color": "blue"} for row in make_rows(features)]
    unseen = {"x": 0.5, "color": "red"}
    for estimator in (
        build_classifier(features),
        legs((StandardScaler(), ["x"]), (OneHotEncoder(handle_unknown="ignore"), ["color"])),
    ):
        case = make_case(estimator, features, rows, 2)
        assert_equal_to_estimator(case, [*rows[:10], unseen])
        assert case.model.explain(unseen)
    case = make_case(legs((OneHotEncoder(), ["color"])), features, rows, 2)
    with pytest.raises(ValueError, match="Found unknown categories"):
        case.model.predict(unseen)


def test_a_missing_category_that_training_never_saw_is_not_scored_where_the_encoder_refuses() -> (
    None
):
    """It is the encoder's to decide, not ours."""
    features = (Feature("color", "category", nullable=True, categories=("blue", "red")),)
    rows = [{"color": color} for color in ("blue", "red") * 20]
    case = make_case(legs((OneHotEncoder(), ["color"])), features, rows, 2)
    with pytest.raises(ValueError, match="Found unknown categories"):
        case.model.predict({"color": None})


def test_rare_levels_may_have_weights_of_their_own() -> None:
    """If the encoder ignores what it does not know, and knows all levels of an open column."""
    ignores = OneHotEncoder(handle_unknown="ignore")
    case = make_case(legs((ignores, ["town", "shape"])), OPEN, make_rows(OPEN), 3)
    assert len(case.features[1].categories) < len(OPEN[1].categories)
    assert_equal_to_estimator(case, [*case.training_rows, case.training_rows[0] | {"town": "new"}])
    assert case.model.explain(case.training_rows[0])


def test_classes_are_found_by_their_labels() -> None:
    """Or by numbers, as in older pickles. Of others nobody could say which is which."""
    case = get_case("no pipeline")
    classes = case.model.classes
    assert fold(case.estimator, case.features, classes, 1) is not None
    assert fold(case.estimator, case.features, classes, None) is None
    x = [Feature("x", "number")]
    labelled = LogisticRegression().fit([[0.0], [1.0]], ["10.5", "2.5"])
    by_label = fold(labelled, x, ("2.5", "10.5"), 1)
    assert by_label is not None
    assert by_label.of_row([0.0]) == pytest.approx(labelled.predict_proba([[0.0]])[0, :1])
    with pytest.raises(InvalidModelFile, match="has other classes than its manifest"):
        fold(labelled, x, ("2.5", "10"), 1)
