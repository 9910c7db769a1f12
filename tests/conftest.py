"""Fixtures: a configuration of its own for each test, a trained model, the app and its client."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings

ROOT = Path(__file__).parents[1]
TRAINING_CSV = str(ROOT / "data/raw/training.csv")
SIGNING_KEY = "a key that only these tests sign with"


def make_config(root: Path) -> Settings:
    """Return settings whose models, logs and keys are all below `root`."""
    (root / "models").mkdir()
    return Settings(
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key=SIGNING_KEY,
        model_signing_key_file=str(root / "no-key-file"),
    )


@contextmanager
def running_server(
    config: Settings, workers: int, **variables: str
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run `python -m app.app`, as users do, and give its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {knob.name.upper(): str(getattr(config, knob.name)) for knob in fields(config)}
    environment |= {"HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": str(workers)}
    server = subprocess.Popen(
        [sys.executable, "-m", "app.app"],
        cwd=ROOT,
        env=os.environ | environment | variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    with server.stdout as stdout:
        assert "Running on" in stdout.readline()
        try:
            yield port, server
        finally:
            server.send_signal(signal.SIGTERM)
            exit_status = server.wait(timeout=60)
        assert exit_status in (0, -signal.SIGKILL)  # killed by the test itself


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
def client_with_keys(config_with_v0: Settings) -> FlaskClient:
    """A client of the application with v0 and two API keys."""
    return create_app(replace(config_with_v0, api_keys="first-key, second-key")).test_client()
