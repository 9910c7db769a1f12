"""An example without the target: the model is adopted, and nobody knows how good it is."""

import shutil
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from app.app import create_app
from app.settings import Settings
from tests.support.foreign import CLASSIFIERS, ON_ARRAYS, REGRESSORS, Fit, write_example
from tests.support.metrics import parse
from tests.support.training import Run, read_manifest

PAGES = ("/v8", "/v8/report", "/v8/schema", "/v8/metadata", "/openapi.json", "/")


@pytest.mark.parametrize(
    ("fit", "target", "columns"),
    [
        (CLASSIFIERS["columns by name"], "left", ["a", "b", "color", "flag"]),
        (ON_ARRAYS["a bare logistic regression"], "left", ["b", "amount"]),
        (REGRESSORS["a forest"], "price", ["flag", "b", "a", "color"]),
    ],
)
def test_a_model_is_adopted_without_being_measured(
    fit: Fit,
    target: str,
    columns: list[str],
    config: Settings,
    run_versions: Run,
    tmp_path: Path,
    dummy_model: str,
) -> None:
    """It predicts, its pages say why nobody knows how good it is, and no figure is made up."""
    frame = write_example(tmp_path / "rows.csv")
    estimator = fit(frame)
    frame[columns].to_csv(tmp_path / "rows.csv", index=False)
    joblib.dump(estimator, tmp_path / "model.pkl")
    of_files = (f"{tmp_path}/model.pkl", "v8", "--example", f"{tmp_path}/rows.csv")
    result = run_versions("adopt", *of_files, "--trust", "--target", target)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "example has 200 rows"
    assert result.stdout.count("\n") == 2
    assert result.stderr.splitlines()[0] == (
        f"Warning: There is no column {target!r} in the example, so nobody knows how good the model"
        " is; --target names another."
    )

    shutil.copy(dummy_model, config.models_root)
    client = create_app(config).test_client()
    text = pd.read_csv(tmp_path / "rows.csv").to_csv(index=False)
    answer = client.post("/v8/predict", data=text, content_type="text/csv")
    assert answer.status_code == 200, answer.text
    predicted = [float(line.split(",")[1]) for line in answer.text.splitlines()[1:]]
    names = getattr(estimator, "feature_names_in_", None)
    X = frame[columns].to_numpy() if names is None else frame[list(names)]
    if target == "left":
        expected = estimator.predict_proba(X)[:, 1].round(4)
    else:
        expected = estimator.predict(X)
    np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-9)

    for path in PAGES:
        assert client.get(path, headers={"Accept": "text/html"}).status_code == 200
    page = client.get("/v8", headers={"Accept": "text/html"}).text
    assert "Nobody knows how good this model is: &#39;rows.csv&#39; has no target." in page
    assert "nan" not in page
    infos = (dict(labels) for name, labels in parse(client.get("/metrics").text) if "info" in name)
    (info,) = (labels for labels in infos if labels.get("version") == "v8")
    assert not info.get("roc_auc")
    assert not info.get("r2")
    assert "not measured" in run_versions().stdout
    assert "not measured: 'rows.csv' has no target" in run_versions("show", "v8").stdout
    assert not read_manifest(config, "v8").is_measured
