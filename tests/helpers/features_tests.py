"""Rows as vectors of values, in the order of a model's features."""

import pytest

from app.helpers.features import Feature, make_feature_vector


@pytest.mark.parametrize("names", [["a"], ["b", "a"]])
def test_a_vector_has_the_values_in_feature_order(names: list[str]) -> None:
    """However many features there are; what else the row has is left out."""
    features = [Feature(name, "number") for name in names]
    row = {"id": "1", "a": 1.5, "b": None}
    assert make_feature_vector(row, features) == tuple(row[name] for name in names)
