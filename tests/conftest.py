"""Fixtures: a configuration of its own for each test, a trained model, the app and its client."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from threadpoolctl import threadpool_limits

from app.app import create_app
from app.models import estimators
from app.models.train_model import main
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.comments import comment_rows
from tests.support.configs import make_config
from tests.support.csv_files import write_csv
from tests.support.houses import house_rows
from tests.support.paths import TRAINING_CSV
from tests.support.requests import MakeClient
from tests.support.subscribers import (
    build_boosting,
    build_boosting_regressor,
    write_subscribers,
)
from tests.support.training import Run, train

settings.register_profile("tests", deadline=None)  # the machine may be busy
settings.load_profile("tests")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Linear algebra in one thread: on a busy machine, several take ten times as long."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    with threadpool_limits(1):
        yield


@pytest.fixture
def port() -> str:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """Settings of a server without a model."""
    return make_config(tmp_path)


@pytest.fixture(scope="session")
def dummy_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of v0, trained once on the dummy data."""
    config = make_config(tmp_path_factory.mktemp("dummy"))
    train(TRAINING_CSV, "v0", C=None, yardstick=True, config=config)  # as `make run` does
    return os.path.join(config.models_root, "trained-model-v0.p")


@pytest.fixture(scope="session")
def houses_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a model that predicts a number, trained once."""
    root = tmp_path_factory.mktemp("houses")
    config = make_config(root)
    path = write_csv(root / "houses.csv", house_rows())
    train(str(path), "v0", columns=Columns("price"), config=config)
    return os.path.join(config.models_root, "trained-model-v0.p")


@pytest.fixture
def houses_config(config: Settings, houses_model: str) -> Settings:
    """Settings of a server with a model that predicts a number as v0."""
    shutil.copy(houses_model, config.models_root)
    return config


@pytest.fixture
def houses_client(houses_config: Settings) -> FlaskClient:
    """A client of the application with that model."""
    return create_app(houses_config).test_client()


@pytest.fixture(scope="session")
def comments_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a model that learned from texts, trained once."""
    root = tmp_path_factory.mktemp("comments")
    config = make_config(root)
    rows = comment_rows()
    path = write_csv(root / "comments.csv", [list(rows[0]), *(list(row.values()) for row in rows)])
    train(str(path), "v0", columns=Columns("left"), config=config)
    return os.path.join(config.models_root, "trained-model-v0.p")


@pytest.fixture
def comments_config(config: Settings, comments_model: str) -> Settings:
    """Settings of a server with that model as v0."""
    shutil.copy(comments_model, config.models_root)
    return config


@pytest.fixture(scope="session")
def boosted_models(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a server with gradient boosting: two classes (v2), three (v3), a number (v0)."""
    root = tmp_path_factory.mktemp("boosted")
    config = make_config(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimators, "build_classifier", build_boosting)
        patch.setattr(estimators, "build_regressor", build_boosting_regressor)
        for n_classes in (0, 2, 3):
            path = write_subscribers(root / "subscribers.csv", n_classes)
            train(str(path), f"v{n_classes}", config=config)
    return config


@pytest.fixture
def config_with_v0(config: Settings, dummy_model: str) -> Settings:
    """Settings of a server with v0."""
    shutil.copy(dummy_model, config.models_root)
    return config


@pytest.fixture
def app(config_with_v0: Settings) -> Flask:
    """The application with v0."""
    return create_app(config_with_v0)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application with v0."""
    return app.test_client()


@pytest.fixture
def make_client(config_with_v0: Settings) -> MakeClient:
    """Make a client of an application with v0 and the settings given."""
    return lambda **knobs: create_app(replace(config_with_v0, **knobs)).test_client()


@pytest.fixture
def client_with_keys(make_client: MakeClient) -> FlaskClient:
    """A client of the application with v0 and two API keys."""
    return make_client(api_keys="first-key, second-key")


@pytest.fixture
def run_training(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: run_training(path, *options) trains v0."""
    monkeypatch.setattr("app.settings.current", config)

    def run_training(
        path: str | Path, *options: str, version: str = "v0", yardstick: bool = False
    ) -> Result:
        if not {"--C", "--search"}.intersection(options):
            options = ("--C", "0.1", *options)  # to choose it takes time
        if not yardstick:
            options = ("--no-yardstick", *options)
        return CliRunner().invoke(main, [str(path), version, *options], catch_exceptions=False)

    return run_training


@pytest.fixture
def refused_training(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A training that must be refused: refused_training(path, *options) is the message."""
    config = replace(config, model_signing_key="")
    monkeypatch.setattr("app.settings.current", config)
    old_model = Path(config.models_root, "trained-model-v0.p")
    old_model.write_bytes(b"the old model")

    def refused_training(path: str | Path, *options: str, version: str = "v0") -> str:
        result = CliRunner().invoke(main, [str(path), version, *options], catch_exceptions=False)
        assert result.exit_code == 2
        assert old_model.read_bytes() == b"the old model"
        assert os.listdir(config.models_root) == [old_model.name]
        assert not os.path.exists(config.model_signing_key_file)
        assert result.stderr.startswith("Error: ")
        assert result.stderr.endswith("\n")
        return result.stderr.removeprefix("Error: ").removesuffix("\n")

    return refused_training


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
def train_made_csv(run_training: Run, made_csv: Path) -> Run:
    """Train v0 on the CSV of `made_csv`: train_made_csv(*options)."""
    return partial(run_training, made_csv, "--workers", "1")


@pytest.fixture(scope="session")
def mixed_config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of v0, of a number, a boolean and a category with gaps, and v1, of three classes."""
    root = tmp_path_factory.mktemp("mixed")
    lines = ["x,on,color,target"]
    for i in range(80):
        x = "" if i % 9 == 0 else i % 13 - 6 + i / 7
        on = ("true", "false", "")[i % 3]
        color = ("red", "green", "dark blue", "é", "")[i % 5]
        lines.append(f"{x},{on},{color},{int(i % 13 > 6)}")
    (root / "mixed.csv").write_text("\n".join(lines) + "\n")
    config = make_config(root)
    train(str(root / "mixed.csv"), "v0", config=config)
    iris = ["a,b,target", *(f"{i % 7},{i % 5 - i % 3},{'uvw'[i % 3]}" for i in range(60))]
    (root / "iris.csv").write_text("\n".join(iris) + "\n")
    train(str(root / "iris.csv"), "v1", config=config)
    return config


@pytest.fixture
def mixed_client(mixed_config: Settings) -> FlaskClient:
    """A client of the API with the same models."""
    return create_app(mixed_config).test_client()


@pytest.fixture
def run_scoring(mixed_config: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: run(input, output, *options) scores with v0."""
    # Not above: these need pyarrow, which is not installed wherever tests run.
    from app.bulk import csv_blocks
    from app.models import score_file
    from tests.support.scored_files import BLOCKS

    monkeypatch.setattr("app.settings.current", mixed_config)
    monkeypatch.setattr(csv_blocks, "BLOCK_SIZE", BLOCKS)
    monkeypatch.setattr(csv_blocks, "PIECE_SIZE", BLOCKS // 2)
    monkeypatch.setattr(csv_blocks, "HEAD_SIZE", BLOCKS)
    monkeypatch.setattr(score_file, "TASK_SIZE", 2 * BLOCKS)

    def run_scoring(
        source: Any, target: Any, *options: str, version: str = "v0", **rest: Any
    ) -> Result:
        arguments = [str(source), str(target), version, *options]
        return CliRunner().invoke(score_file.main, arguments, catch_exceptions=False, **rest)

    return run_scoring
