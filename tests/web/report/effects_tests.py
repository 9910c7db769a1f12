"""What a linear model learned from each feature."""

import joblib
import pytest
from flask.testing import FlaskClient
from sklearn.tree import DecisionTreeClassifier

from app.app import create_app
from app.settings import Settings
from tests.support.pages import ACCEPT_JSON, get_page
from tests.support.paths import TRAINING_CSV
from tests.support.training import train


def test_effects_are_the_standardized_coefficients(
    page_client: FlaskClient, dummy_model: str
) -> None:
    """What one standard deviation adds is what the logistic regression learned."""
    coefficients = joblib.load(dummy_model)[-1].coef_[0]
    facts = page_client.get("/v0", headers=ACCEPT_JSON).get_json()
    slopes = {effect["feature"]: effect["slope"] for effect in facts["effects"]["1"]}
    assert [slopes[f"x_{k}"] for k in (2, 3, 4)] == pytest.approx(coefficients[1:], rel=1e-9)
    assert slopes["x_1"] == pytest.approx(coefficients[0], rel=0.02)  # it had gaps
    strengths = [effect["strength"] for effect in facts["effects"]["1"]]
    assert strengths == sorted(strengths, reverse=True)


def test_effects_of_categories_are_what_the_api_explains(page_client: FlaskClient) -> None:
    """Each category's contribution, and that of a missing one."""
    facts = page_client.get("/v2", headers=ACCEPT_JSON).get_json()
    by_name = {effect["feature"]: effect for effect in facts["effects"]["yes"]}
    assert by_name["age"]["levels"] == []
    named: dict[str, dict[str, object]] = {
        "plan": {"basic": "basic", "family": "family", "plus": "plus", "missing": None},
        "auto_renewal": {"true": True, "false": False},
    }
    for feature, names in named.items():
        levels = {level["name"]: level["effect"] for level in by_name[feature]["levels"]}
        assert levels.keys() == names.keys()
        for name, value in names.items():
            row = facts["example"]["row"] | {feature: value}
            answer = page_client.post("/v2/predict?explain=true", json=row).get_json()
            assert levels[name] == answer["explanation"]["contributions"][feature]


def test_a_model_that_is_not_linear_says_so(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no coefficients and no waterfall; the page shows what its features do."""
    monkeypatch.setattr(
        "app.models.estimators.build_classifier",
        lambda *_, **__: DecisionTreeClassifier(max_depth=3),
    )
    train(TRAINING_CSV, "v0", config=config)
    page = get_page(create_app(config).test_client(), "/v0")
    assert "log-odds of the probability" not in page.words
    assert "What its most important features do" in page.words
    assert "This model is not linear, so it has no exact contributions to show." in page.words
    assert "waterfall" not in [attributes.get("id") for _, attributes in page.elements]
