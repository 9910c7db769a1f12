"""Any regressor can take the place of ours: it is trained, served, scored and described."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.app import create_app
from app.models import estimators
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.csv_files import write_csv
from tests.support.houses import HOUSE, house_rows
from tests.support.pages import get_page
from tests.support.regression_cases import build_boosting
from tests.support.requests import post

ROW = {"id": 1, **HOUSE}


@pytest.fixture
def houses(tmp_path: Path) -> str:
    """The path of a table of houses."""
    return str(write_csv(tmp_path / "houses.csv", house_rows()))


def test_a_boosting_is_served_and_described(
    houses: str, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets columns of every type, and has intervals; only explanations are for linear models."""
    monkeypatch.setattr(estimators, "build_regressor", build_boosting)
    manifest = train(houses, "v0", columns=Columns("price"), config=config)
    assert manifest.weights is None
    assert manifest.figure > 0.6
    client = create_app(config).test_client()
    answer = post(client, ROW, "/v0/predict?interval=true").get_json()
    assert 150_000 < answer["prediction"] < 350_000
    low, high = answer["interval"]
    assert low < answer["prediction"] < high
    refused = post(client, ROW, "/v0/predict?explain=true")
    assert refused.status_code == 400
    words = get_page(client, "/v0").words
    assert "Predicted and true numbers" in words
    assert "This model is not linear" in words
    estimator = joblib.load(Path(config.models_root) / "trained-model-v0.p")
    frame = pd.DataFrame([HOUSE]).astype({"garden": np.float64})
    assert float(f"{estimator.predict(frame)[0]:.6g}") == answer["prediction"]


def test_ours_is_as_good_as_a_pipeline_by_hand(houses: str, config: Settings) -> None:
    """With scikit-learn's default strength, on the same rows, within 0.01 of R²."""
    ours = train(houses, "v0", columns=Columns("price"), config=config).figure
    frame = pd.read_csv(houses)
    numbers, categories = ["area", "rooms"], ["district", "garden"]
    X, X_test, y, y_test = train_test_split(
        frame[numbers + categories], frame["price"], test_size=0.25, random_state=1
    )
    by_hand = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore"), categories),
        ),
        Ridge(),
    ).fit(X, y)
    assert ours == pytest.approx(r2_score(y_test, by_hand.predict(X_test)), abs=0.01)
