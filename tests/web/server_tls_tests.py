"""TLS, with certificates for the server and its clients."""

import http.client
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.certificates import make_certificates
from tests.support.paths import ROOT
from tests.support.servers import running_server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a certificate of an authority's, for the server and for a client."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls_port(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[int]:
    """The port of a server that wants certificates of its clients."""
    root = tmp_path_factory.mktemp("tls")
    config = Settings(models_root=str(root), logs_root=str(root / "logs"))
    with running_server(
        config,
        workers=1,
        TLS_CERTIFICATE_FILE=str(certificates / "server.pem"),
        TLS_KEY_FILE=str(certificates / "server.key"),
        TLS_CLIENT_CA_FILE=str(certificates / "ca.pem"),
    ) as (port, _):
        yield port


def ask_with_tls(port: int, certificates: Path, client: bool) -> http.client.HTTPResponse:
    """Return the answer to a GET over TLS."""
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    if client:
        context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    with closing(connection):
        connection.request("GET", "/livez")
        response = connection.getresponse()
        response.read()
    return response


def test_tls_with_a_certificate_of_the_client(tls_port: int, certificates: Path) -> None:
    """It is answered, and no header tells what version of what answers."""
    response = ask_with_tls(tls_port, certificates, client=True)
    assert response.status == 200
    assert response.headers.get_all("Server") == ["granian"]
    assert "X-Powered-By" not in response.headers


def test_tls_without_a_certificate_of_the_client(tls_port: int, certificates: Path) -> None:
    """It is not."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask_with_tls(tls_port, certificates, client=False)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TLS_KEY_FILE": "k"}, "TLS_CERTIFICATE_FILE and TLS_KEY_FILE need each other."),
        (
            {"TLS_CLIENT_CA_FILE": "c"},
            "TLS_CLIENT_CA_FILE needs TLS_CERTIFICATE_FILE and TLS_KEY_FILE.",
        ),
        (
            {"TLS_CERTIFICATE_FILE": "none", "TLS_KEY_FILE": "none"},
            "the TLS_ files cannot be used: [Errno 2] No such file or directory.",
        ),
    ],
)
def test_wrong_tls_settings_are_one_line(environment: dict[str, str], message: str) -> None:
    """The server does not start without the TLS that somebody wants."""
    result = subprocess.run(
        [sys.executable, "-m", "app.app"],
        cwd=ROOT,
        env=os.environ | {"HOST": "127.0.0.1", "PORT": "18765"} | environment,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (1, f"Error: {message}\n")
