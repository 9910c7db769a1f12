"""Fixtures: the command line about published versions, and the directory that it works on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.models.versions import main
from app.settings import Settings
from tests.support.training import Run


@pytest.fixture
def models_root(config: Settings) -> Path:
    """The directory of the versions."""
    return Path(config.models_root)


@pytest.fixture
def run_versions(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: run_versions(*arguments, **settings)."""

    def run_versions(*arguments: str, **settings: Any) -> Result:
        monkeypatch.setattr("app.settings.current", replace(config, **settings))
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    return run_versions
