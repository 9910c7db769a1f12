"""Fixtures: a configuration of its own for each test, a trained model, the app and its client."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from tests.support.configs import make_config
from tests.support.paths import TRAINING_CSV
from tests.support.requests import MakeClient

settings.register_profile("tests", deadline=None)  # the machine may be busy
settings.load_profile("tests")


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """Settings of a server without a model."""
    return make_config(tmp_path)


@pytest.fixture(scope="session")
def dummy_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of v0, trained once on the dummy data."""
    config = make_config(tmp_path_factory.mktemp("dummy"))
    train(TRAINING_CSV, "v0", config=config)
    return os.path.join(config.models_root, "trained-model-v0.p")


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
