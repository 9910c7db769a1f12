"""Fixtures: the application that is asked; the figures are printed after the tests."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.app import create_app
from tests.fuzz.judge import KEY, LIMIT, ask, tally
from tests.support.configs import make_config


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the figures for the README's table."""
    statuses = dict(sorted(tally.statuses.items()))
    terminalreporter.write_line(
        f"{tally.statuses.total() + tally.described:,} cases, {tally.described:,} of them made from"
        f" the OpenAPI document; slowest {tally.slowest * 1000:.0f} ms; {statuses}"
    )


@pytest.fixture(scope="session")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, dummy_model: str) -> Flask:
    """An application with a good version, a bad one, keys, hosts and everything else turned on."""
    config = make_config(tmp_path_factory.mktemp("fuzz"))
    shutil.copy(dummy_model, config.models_root)
    Path(config.models_root, "trained-model-v7.p").write_bytes(b"garbage")
    app = create_app(
        replace(
            config,
            api_keys=KEY,
            max_body_bytes=LIMIT,
            trusted_proxies=1,
            cors_origins="https://page.example",
        )
    )
    ask(app, body=b"{}")  # imports what predicting and refusing need
    return app
