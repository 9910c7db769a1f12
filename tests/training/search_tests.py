"""The search for parameters, and the refit on all rows: what is chosen, and what is said of it."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from app import settings
from app.app import create_app
from app.models import train_model
from app.models.train_model import main
from app.settings import Settings
from app.store.manifest import Manifest
from app.store.trained_model import load_trained_model
from app.training import search
from tests.support.cluster import dask_cluster
from tests.support.configs import SIGNING_KEY

Run = Callable[..., Result]


@pytest.fixture
def made_csv(tmp_path: Path) -> Path:
    """A CSV of which one column of five tells a little."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(200, 5))
    y = X[:, 0] + generator.normal(size=200) > 0
    path = tmp_path / "made.csv"
    frame = pd.DataFrame(X.round(6), columns=list("abcde")).assign(target=y.astype(int))
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def run(config: Settings, monkeypatch: pytest.MonkeyPatch, made_csv: Path) -> Run:
    """The command line in this process: run(*options) trains v0."""
    monkeypatch.setattr(settings, "current", config)

    def run(*options: str, version: str = "v0") -> Result:
        arguments = [str(made_csv), version, "--workers", "1", *options]
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    return run


def load(config: Settings, version: str = "v0") -> Any:
    """Return a model that is proven."""
    with open(Path(config.models_root) / f"trained-model-{version}.p", "rb") as file:
        return load_trained_model(file, version, [SIGNING_KEY.encode()])


def split(path: Path) -> list[Any]:
    """Return the rows to train on and those to validate with, as training splits them."""
    frame = pd.read_csv(path)
    X, y = frame.drop(columns="target"), frame["target"]
    return list(train_test_split(X, y, test_size=0.25, random_state=1, stratify=y))


def test_the_least_log_loss_in_cross_validation_is_chosen(
    run: Run, config: Settings, made_csv: Path
) -> None:
    """On the training set alone, as scikit-learn's own cross-validation finds it."""
    result = run("--search")
    assert result.exit_code == 0
    manifest = load(config).manifest
    assert manifest.search is not None
    trials = manifest.search["trials"]
    best = trials[0]
    assert manifest.search["folds"] == 5
    assert [trial["log_loss"] for trial in trials] == sorted(t["log_loss"] for t in trials)
    asked = [(t["parameters"]["C"], t["parameters"]["l1_ratio"]) for t in trials]
    assert sorted(asked) == sorted((C, l1) for C in search.STRENGTHS for l1 in search.L1_RATIOS)
    assert best["parameters"].items() <= manifest.parameters.items()

    X, _, y, _ = split(made_csv)
    for trial in trials:
        model = LogisticRegression(max_iter=1000, random_state=1, **trial["parameters"])
        scores = cross_val_score(
            make_pipeline(StandardScaler(), model),
            X,
            y,
            scoring="neg_log_loss",
            cv=StratifiedKFold(5, shuffle=True, random_state=1),
        )
        assert trial["log_loss"] == pytest.approx(-scores.mean(), abs=1e-4)
        assert trial["deviation"] == pytest.approx(scores.std(), abs=1e-4)
    assert result.stderr == (
        "Of 12 choices in 5-fold cross-validation the best is "
        + ", ".join(f"{name} {value}" for name, value in best["parameters"].items())
        + f": log loss {best['log_loss']:.4f}.\n"
    )


def test_the_validation_set_has_no_say_in_the_choice(
    run: Run, config: Settings, made_csv: Path
) -> None:
    """Other targets there, and the same is chosen."""
    run("--search")
    chosen = load(config).manifest.search
    frame = pd.read_csv(made_csv)
    _, X_validation, _, _ = split(made_csv)
    # Swapped within the validation set, so that the split by the classes' shares stays.
    frame.loc[X_validation.index, list("abcde")] = X_validation.to_numpy()[::-1]
    frame.to_csv(made_csv, index=False)
    run("--search")
    assert load(config).manifest.search == chosen


def test_a_refit_is_a_model_of_all_rows_with_the_figures_of_the_validation_set(
    run: Run, config: Settings, made_csv: Path
) -> None:
    """What is published learned from each row; what is said of it is of rows that were unseen."""
    plain, refit = run(), run("--refit-on-all", version="v1")
    assert refit.stdout == plain.stdout.replace("v0", "v1")
    before, after = load(config), load(config, "v1")
    assert after.manifest.metrics == before.manifest.metrics
    assert after.manifest.curves == before.manifest.curves
    assert after.manifest.parameters == before.manifest.parameters | {"refit_on_all": True}
    frame = pd.read_csv(made_csv)
    X, y = frame.drop(columns="target"), frame["target"]
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(X, y)
    columns = X.to_numpy().T.tolist()
    assert after.probabilities(columns)[0] == pytest.approx(
        expected.predict_proba(X)[:, 1], abs=1e-4
    )
    assert log_loss(y, after.probabilities(columns)[0]) != pytest.approx(
        log_loss(y, before.probabilities(columns)[0]), abs=1e-5
    )
    means = [feature.mean for feature in after.features]
    assert means == pytest.approx(X.mean().tolist())


def test_the_page_shows_what_was_tried(run: Run, config: Settings) -> None:
    """And that it was fitted anew; the JSON has it all."""
    run("--search", "--refit-on-all")
    client = create_app(config).test_client()
    page = client.get("/v0").text
    trials = load(config).manifest.search["trials"]
    assert "How its parameters were chosen" in page
    for trial in trials:
        assert f"<td>{trial['log_loss']:.4f}</td>" in page
    assert "Then it was fitted anew on all 200." in page
    assert client.get("/v0/metadata").json["search"]["trials"] == trials
    assert "How its parameters were chosen" in client.get("/v0/report").text


def test_a_model_without_a_search_has_its_page(run: Run, config: Settings) -> None:
    """Also one of before there was such a thing."""
    run()
    page = create_app(config).test_client().get("/v0").text
    assert "How its parameters were chosen" not in page
    assert "fitted anew" not in page


def test_an_older_manifest_is_read(run: Run, config: Settings) -> None:
    """It knows neither the search nor the refit."""
    run()
    manifest = load(config).manifest
    older = json.loads(json.dumps(asdict(manifest)))
    del older["search"], older["parameters"]["refit_on_all"]
    read = Manifest.from_json(older)
    assert replace(read, parameters=manifest.parameters) == manifest


@pytest.mark.parametrize(
    ("estimator", "found"), [(GaussianNB(), "no such parameter"), (None, "several")], ids=str
)
def test_a_model_without_c_is_refused_in_a_line(
    run: Run, config: Settings, monkeypatch: pytest.MonkeyPatch, estimator: Any, found: str
) -> None:
    """Whoever edits build_classifier() learns that there is nothing to search."""
    several = make_pipeline(LinearSVC(), LogisticRegression())
    monkeypatch.setattr(train_model, "build_classifier", lambda *_, **__: estimator or several)
    result = run("--search")
    assert result.stderr == (
        "Error: --search tries values of C, and the model of build_classifier() has"
        f" {found}; train it without.\n"
    )
    assert result.exit_code == 2
    assert not any(Path(config.models_root).iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler is for --search."),
        (["--search", "--C", "0.1"], "--search chooses C; say one or the other."),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    run: Run, options: list[str], message: str
) -> None:
    """One of them would do nothing."""
    result = run(*options)
    assert result.stderr.endswith(f"Error: {message}\n")
    assert result.exit_code == 2


def test_a_model_of_c_alone_is_searched(
    run: Run, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in it that is."""

    class Plain(LogisticRegression):
        def __init__(self, C: float = 1.0) -> None:
            super().__init__(C=C)

    monkeypatch.setattr(train_model, "build_classifier", lambda *_, **__: Plain())
    monkeypatch.setattr(
        train_model, "write_model_file", lambda path, estimator, manifest, key: manifest
    )
    assert run("--search").exit_code == 0


@pytest.mark.slow
def test_workers_and_a_cluster_find_what_one_process_finds(run: Run, config: Settings) -> None:
    """The same trials, to the last digit but rounding."""
    run("--search")
    expected = load(config).manifest.search["trials"]
    assert run("--search", "--workers", "2").exit_code == 0
    assert load(config).manifest.search["trials"] == expected
    with dask_cluster(workers=2) as (address, _):
        result = run("--search", "--scheduler", address)
        assert result.exit_code == 0
    assert load(config).manifest.search["trials"] == expected


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
