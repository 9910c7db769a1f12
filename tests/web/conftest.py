"""Servers for the tests of the web: with colors, with many models, with low limits, or small."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sklearn.datasets import load_wine

from app.app import create_app
from app.settings import Settings
from app.store.manifest import Manifest
from app.tables.columns import Columns
from app.web.openapi import make_openapi
from tests.support.configs import SIGNING_KEY
from tests.support.openapi import LIMITS, Json, as_read, write_odd_csv
from tests.support.paths import TRAINING_CSV
from tests.support.supervisor import APPLICATION, Server
from tests.support.tables import customers, hostile_rows, write_csv
from tests.support.training import train


@pytest.fixture(scope="session")
def colors_csv(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three classes, a category, a boolean."""
    lines = ["color,flag,size,target"]
    for i in range(120):
        label = ("low", "mid", "high")[i % 3]
        lines.append(f"{('red', 'green')[i % 2]},{i % 5 == 0},{i % 3 + i / 100},{label}")
    path = tmp_path_factory.mktemp("colors") / "colors.csv"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def colors_client(config: Settings, colors_csv: str) -> FlaskClient:
    """A client of the application with a model of three classes as v0."""
    train(colors_csv, "v0", config=config)
    return create_app(config).test_client()


@pytest.fixture
def start(tmp_path: Path, port: str) -> Iterator[Callable[..., Server]]:
    """Start servers with the environment given; all of them are ended after the test."""
    (tmp_path / "application.py").write_text(APPLICATION)
    servers: list[Server] = []

    def start(**environment: str) -> Server:
        defaults = {"HOST": "127.0.0.1", "PORT": port, "WEB_CONCURRENCY": "2"}
        servers.append(Server(tmp_path, defaults | environment))
        return servers[-1]

    yield start
    (tmp_path / "release").touch()
    alive = [server for server in servers if server.process.poll() is None]
    for server in alive:
        server.process.kill()
    for server in alive:
        server.wait()
        server.until_quiet()  # its workers ended by themselves


@pytest.fixture(scope="session")
def page_models(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> Settings:
    """Settings of a server with two classes (v0), three (v1), all types (v2), hostile names (v3).

    v4 has forty classes and v5 is damaged.
    """
    root = tmp_path_factory.mktemp("pages")
    (root / "models").mkdir()
    config = Settings(
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key=SIGNING_KEY,
    )
    shutil.copy(dummy_model, config.models_root)
    wine = load_wine(as_frame=True).frame.assign(target=lambda frame: frame["target"].map(str))
    wine.to_csv(root / "wine.csv", index=False)
    train(str(root / "wine.csv"), "v1", config=config)
    train(
        write_csv(root / "customers.csv", customers()),
        "v2",
        columns=Columns(target="churned", id="customer"),
        positive_class="yes",
        config=config,
    )
    columns = Columns(categorical=("many",), closed=("many",))
    train(write_csv(root / "hostile.csv", hostile_rows()), "v3", columns=columns, config=config)
    many = [{"x": k % 40 + k / 1000, "target": f"class {k % 40}"} for k in range(400)]
    train(write_csv(root / "many.csv", many), "v4", config=config)
    Path(config.models_root, "trained-model-v5.p").write_bytes(b"garbage")
    return config


@pytest.fixture(scope="session")
def page_client(page_models: Settings) -> FlaskClient:
    """A client of the server with all these models."""
    return create_app(page_models).test_client()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, Manifest]]:
    """Settings of a server, and its versions: odd columns (v2), three classes (v1), two (v0)."""
    root = tmp_path_factory.mktemp("openapi")
    (root / "models").mkdir()
    config = replace(
        Settings(),
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key=SIGNING_KEY,
        model_signing_key_file=str(root / "no-key-file"),
        **asdict(LIMITS),
    )
    load_wine(as_frame=True).frame.to_csv(root / "wine.csv", index=False)
    write_odd_csv(root / "odd.csv")
    files = {"v2": root / "odd.csv", "v1": root / "wine.csv", "v0": TRAINING_CSV}
    return config, {v: train(str(path), v, config=config) for v, path in files.items()}


@pytest.fixture
def served_config(served: tuple[Settings, dict[str, Manifest]]) -> Settings:
    """Settings of a server with three versions and low limits."""
    return served[0]


@pytest.fixture
def manifests(served: tuple[Settings, dict[str, Manifest]]) -> dict[str, Manifest]:
    """The versions' manifests, the highest first."""
    return served[1]


@pytest.fixture
def document(manifests: dict[str, Manifest]) -> Json:
    """The document of that server, as a client reads it."""
    return as_read(make_openapi(manifests, LIMITS))


@pytest.fixture
def document_with_keys(manifests: dict[str, Manifest]) -> Json:
    """The document of that server when it asks for API keys."""
    return as_read(make_openapi(manifests, LIMITS, api_keys=True))
