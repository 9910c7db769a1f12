"""The models themselves: the one place to edit to change them."""

import math
from collections.abc import Sequence

from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.helpers.features import MIN_LEVEL_ROWS, Feature


def build_classifier(features: Sequence[Feature], C: float = 0.1) -> Pipeline | ClassifierMixin:
    """Return an unfitted classifier: anything with `fit` and `predict_proba`.

    It will be given a DataFrame of shape (n_samples, n_features) with one column per feature:
    float64 for numbers and booleans (1.0 is true), text for categories and texts; where a value is
    missing NaN, or the empty text. A date or datetime comes as its parts: the days since the first
    one, a number, and the month, the day of the week and the hour, categories (`feature.part`).
    An open category (`feature.open`) holds other texts than `feature.categories`, too: rare ones in
    training, and new ones when it predicts. The target is the labels of the CSV: ints if all of
    them are whole numbers, else text. Whatever happens to the data between the CSV and the model
    belongs in here, so that serving does exactly the same.

    Parameters
    ----------
    features : shape (n_features,)
        The columns of that DataFrame.
    C : float
        Inverse of the regularization's strength, of `--C`.
    """
    return make_pipeline(_make_columns(features), LogisticRegression(C=C, max_iter=1000))


def build_regressor(features: Sequence[Feature], C: float = 0.1) -> Pipeline | RegressorMixin:
    """Return an unfitted regressor: anything with `fit` and `predict`.

    It will be given the same as a classifier, and numbers as target.

    Parameters
    ----------
    features : shape (n_features,)
    C : float
        Inverse of the regularization's strength, of `--C`.
    """
    # Where columns are sparse, Ridge stops iterating at its tolerance.
    return make_pipeline(_make_columns(features), Ridge(alpha=1.0 / C, tol=1e-8))


def _make_columns(features: Sequence[Feature]) -> ColumnTransformer:
    """Return what turns the DataFrame into numbers for a linear model."""
    numbers = [feature.name for feature in features if feature.type in ("number", "boolean")]
    closed = [feature for feature in features if feature.type == "category" and not feature.open]
    open_ = [feature for feature in features if feature.open]
    return make_column_transformer(
        (
            make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
            ),
            numbers,
        ),
        (
            # A missing category is a category of its own.
            OneHotEncoder(
                categories=[
                    [*feature.categories, *([math.nan] if feature.nullable else [])]
                    for feature in closed
                ]
            ),
            [feature.name for feature in closed],
        ),
        (
            # The rare ones share one weight, and what is new gets it, too.
            OneHotEncoder(min_frequency=MIN_LEVEL_ROWS, handle_unknown="infrequent_if_exist"),
            [feature.name for feature in open_],
        ),
        *(
            # Of each text how much it is about each word, by TF-IDF.
            (TfidfVectorizer(vocabulary=feature.words, sublinear_tf=True), feature.name)
            for feature in features
            if feature.words
        ),
    )
