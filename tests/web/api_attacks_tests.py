"""No route opens a path or a pickle that a client names."""

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from tests.support.requests import (
    JSON,
)


class _Opened:
    """The paths that this process opens, while it watches."""

    def __init__(self) -> None:
        self.paths: list[str] | None = None
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.paths is not None and event in ("open", "os.listdir", "os.scandir"):
            self.paths.append(str(arguments[0]))


opened = _Opened()  # a hook cannot be removed, so there is one for all tests

NAMES = ["../v0", "..%2Fv0", "%2Fetc%2Fpasswd", "v0%00", "file:%2F%2F%2Fetc", "v0\\..", "V0", "ｖ0"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "route", ["/schema", "/metadata", "/healthcheck", "/readyz", "/predict", "", "/report"]
)
def test_a_name_of_a_version_never_becomes_a_path(
    client: FlaskClient, config: Settings, name: str, route: str
) -> None:
    """Only what a version's name allows is looked for, in the directory of the models."""
    client.get("/v0/schema")
    opened.paths = []
    try:
        for method in ("GET", "POST"):
            answer = client.open(f"/{name}{route}", method=method, headers=JSON, data=b"{}")
            assert answer.status_code in (404, 405) or answer.text == "Not OK"
    finally:
        paths, opened.paths = opened.paths, None
    logs = ("application.log", "application.lock")  # written while they are watched
    elsewhere = [path for path in paths if not path.startswith(config.models_root)]
    assert [path for path in elsewhere if not path.endswith(logs)] == []


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("exploded",)


def test_no_route_takes_a_pickle(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is called, it is refused and not run."""
    monkeypatch.chdir(tmp_path)
    body = pickle.dumps(_Bomb())
    for rule in client.application.url_map.iter_rules():
        path = rule.rule.replace("<version>", "v0").replace("<version:version>", "v0")
        for media_type in ("application/octet-stream", "application/json", "text/csv"):
            answer = client.post(path, data=body, headers={"Content-Type": media_type})
            assert answer.status_code in (400, 404, 405, 415)
    assert not os.path.exists("exploded")
