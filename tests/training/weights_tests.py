"""What training writes of a linear model, and where it does not."""

from pathlib import Path
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier

from app.models import estimators
from app.settings import Settings
from app.store.linear_weights import LinearWeights
from app.store.model_file import open_model_file, read_manifest
from app.training import weights
from tests.support.training import Run, load_model, noted


def read_weights(config: Settings) -> LinearWeights | None:
    """Return the weights in the file of v0."""
    with open_model_file(str(Path(config.models_root, "trained-model-v0.p"))) as file:
        return read_manifest(file, "v0", [config.model_signing_key.encode()]).weights


def test_a_linear_model_is_published_with_its_weights(
    train_made_csv: Run, config: Settings
) -> None:
    """One for each of its five features."""
    result = train_made_csv()
    assert (result.exit_code, noted(result.stderr)) == (0, "")
    found = read_weights(config)
    assert found is not None
    assert (found.count(), sorted(found.numbers), found.categories) == (5, list("abcde"), {})


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [("MAX_WEIGHTS", 4, "more than 4"), ("MAX_MANIFEST_SIZE", 2000, "too much for the manifest")],
)
def test_a_model_with_too_many_weights_is_served_from_its_pickle(
    limit: str,
    value: int,
    reason: str,
    train_made_csv: Run,
    config: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It predicts and explains all the same, and a note says so."""
    monkeypatch.setattr(weights, limit, value)
    result = train_made_csv()
    assert (result.exit_code, noted(result.stderr)) == (
        0,
        f"Note: The model has 5 weights, {reason}: servers will unpickle it, which takes more"
        " memory and a second more when it is loaded.\n",
    )
    assert read_weights(config) is None
    assert load_model(config).explain(dict.fromkeys("abcde", 0.0))["contributions"].keys() == set(
        "abcde"
    )


def test_a_model_that_is_not_linear_has_no_weights(
    train_made_csv: Run, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is that worth a note."""

    def build_forest(*_: Any, **__: Any) -> RandomForestClassifier:
        return RandomForestClassifier(5, random_state=1)

    monkeypatch.setattr(estimators, "build_classifier", build_forest)
    result = train_made_csv()
    assert (result.exit_code, noted(result.stderr)) == (0, "")
    assert read_weights(config) is None
