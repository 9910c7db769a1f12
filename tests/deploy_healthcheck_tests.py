"""The image's health check finds the server wherever its settings let it listen."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.certificates import make_certificates
from tests.support.paths import ROOT
from tests.support.servers import running_server

Environment = dict[str, str]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a certificate for the server, of an authority's."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["plain", "closed", "TLS", "TLS for known clients"])
def environment(
    request: pytest.FixtureRequest, config: Settings, certificates: Path
) -> Iterator[Environment]:
    """The environment of a server that runs."""
    tls = {
        "TLS_CERTIFICATE_FILE": str(certificates / "server.pem"),
        "TLS_KEY_FILE": str(certificates / "server.key"),
    }
    variables = {
        "plain": {"HOST": "0.0.0.0"},
        "closed": {
            "API_KEYS": "only-for-these-tests",
            "TRUSTED_HOSTS": "example.com",
            "ROOT_PATH": "/ml",
            "http_proxy": "http://127.0.0.1:1",  # for what the server may ask of others
        },
        "TLS": tls,
        "TLS for known clients": tls | {"TLS_CLIENT_CA_FILE": str(certificates / "ca.pem")},
    }[request.param]
    with running_server(config, 1, **variables) as (port, _):
        yield {"HOST": "127.0.0.1", "PORT": str(port), **variables}


def check(environment: Environment) -> tuple[int, str]:
    """Run the health check; return its exit status and what it wrote to stderr."""
    ours = {name.upper() for name in Settings.__dataclass_fields__}
    others = {name: value for name, value in os.environ.items() if name not in ours}
    result = subprocess.run(
        [sys.executable, str(ROOT / "deploy/healthcheck.py")],
        env=others | {"PYTHONPATH": str(ROOT), "ENV_FILE": ""} | environment,
        capture_output=True,
        text=True,
    )
    return result.returncode, result.stderr


def test_a_server_that_runs_is_healthy(environment: Environment) -> None:
    """With TLS or without, with keys or without; and the check says nothing."""
    assert check(environment) == (0, "")


def test_a_server_that_is_not_there_is_not_healthy(port: str, certificates: Path) -> None:
    """And one line says why, for those who look at the container."""
    environment = {"HOST": "127.0.0.1", "PORT": port}
    ca = {
        "TLS_CERTIFICATE_FILE": str(certificates / "server.pem"),
        "TLS_KEY_FILE": str(certificates / "server.key"),
        "TLS_CLIENT_CA_FILE": str(certificates / "ca.pem"),
    }
    for more in ({}, ca):
        status, stderr = check(environment | more)
        assert status == 1
        reason = r"<urlopen error \[Errno 111\] Connection refused>"
        assert re.fullmatch(f"Error: the server does not answer: {reason}.\n", stderr)


def test_a_wrong_setting_is_told() -> None:
    """As by the server itself."""
    assert check({"PORT": "http"}) == (1, "Error: PORT must be a whole number above 0.\n")
