"""Lets no one in: keys, hosts, proxies, other origins, TLS, headers, and what is never told."""

import http.client
import os
import pickle
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings, load
from app.web.access.response_headers import SAFE_HEADERS
from tests.support.paths import ROOT
from tests.support.servers import running_server

ROW = {"id": "2", "x_1": -2.0, "x_2": -0.414120, "x_3": 0.2131, "x_4": -1.2}
JSON = {"Content-Type": "application/json"}
SECRET = "correct-horse-battery-staple"

MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def make_client(config_with_v0: Settings) -> MakeClient:
    """Make a client of an application with v0 and the settings given."""
    return lambda **knobs: create_app(replace(config_with_v0, **knobs)).test_client()


def predict(client: FlaskClient, **more: Any) -> Any:
    """Post one row; twice, because only the second request may take the fast path."""
    more["headers"] = JSON | more.get("headers", {})
    first, second = (client.post("/v0/predict", json=ROW, **more) for _ in range(2))
    assert first.status == second.status
    return second


# Headers


ANSWERS = [
    ("GET", "/livez", b"", 200),
    ("GET", "/readyz", b"", 200),
    ("GET", "/metrics", b"", 200),
    ("GET", "/openapi.json", b"", 200),
    ("GET", "/v0/schema", b"", 200),
    ("GET", "/v0/metadata", b"", 200),
    ("GET", "/v9/metadata", b"", 404),
    ("GET", "/nowhere", b"", 404),
    ("GET", "/v0/predict", b"", 405),
    ("OPTIONS", "/v0/predict", b"", 200),
    ("HEAD", "/v0/schema", b"", 200),
    ("POST", "/v0/predict", orjson.dumps(ROW), 200),
    ("POST", "/v0/predict", b"{", 400),
    ("POST", "/v0/predict", b" " * 1000, 413),
    ("POST", "/v1/predict", orjson.dumps(ROW), 503),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ANSWERS)
def test_every_answer_has_the_safe_headers(
    make_client: MakeClient, config: Settings, method: str, path: str, body: bytes, status: int
) -> None:
    """Whatever its status."""
    Path(config.models_root, "trained-model-v1.p").write_bytes(b"garbage")
    client = make_client(max_body_bytes=500)
    for _ in range(2):  # only the second may take the fast path
        response = client.open(path, method=method, data=body, headers=JSON)
        assert response.status_code == status
        assert [(name, response.headers.getlist(name)) for name, _ in SAFE_HEADERS] == [
            (name, [value]) for name, value in SAFE_HEADERS
        ]


def test_a_failure_and_a_missing_key_have_them_too(make_client: MakeClient) -> None:
    """500 and 401."""
    client = make_client(api_keys=SECRET)
    client.application.view_functions["api.livez"] = lambda: 1 / 0
    for path, status in (("/livez", 500), ("/v0/schema", 401)):
        response = client.get(path)
        assert response.status_code == status
        assert dict(SAFE_HEADERS).items() <= dict(response.headers).items()


# Keys


def test_a_variable_of_keys_without_a_key_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone comma must not open the server."""
    monkeypatch.setenv("API_KEYS", " , ,")
    with pytest.raises(ValueError, match=r"^API_KEYS is set, but holds no key\.$"):
        load()


def test_secrets_are_told_nowhere(
    make_client: MakeClient, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to a view, a client, nor the log, where a traceback is."""
    monkeypatch.setenv("API_KEYS", SECRET)
    monkeypatch.setenv("MODEL_SIGNING_KEY", config.model_signing_key)
    client = make_client(api_keys=SECRET)
    told: list[str] = []
    headers = JSON | {"X-API-Key": SECRET}
    paths = ("/v0/metadata", "/v0/schema", "/metrics", "/openapi.json", "/", "/v0", "/v0/report")
    told.extend(client.get(path, headers=headers).text for path in paths)

    def fail(version: str) -> None:
        told.append(str(os.environ))
        raise RuntimeError("the reason")

    client.application.view_functions["api.predict"] = fail
    told.append(predict(client, headers=headers).text)
    told.append(client.get(f"/v0/schema?key={SECRET}", headers={"X-API-Key": "wrong"}).text)
    client.application.extensions["services"].records.flush()
    log = Path(config.logs_root, "application.log").read_text()
    assert "the reason" in log
    for text in (*told, log):
        assert SECRET not in text
        assert config.model_signing_key not in text


# Hosts, proxies, other origins


@pytest.mark.parametrize("host", ["example.com", "EXAMPLE.com:8080", "a.b.example.org", "[::1]:80"])
def test_a_trusted_host(make_client: MakeClient, host: str) -> None:
    """In any case, on any port."""
    client = make_client(trusted_hosts="example.com, .example.org,[::1]")
    assert predict(client, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.com", "example.com.evil.com", "example.org", "xexample.org"]
)
def test_a_host_that_is_not_trusted(make_client: MakeClient, host: str) -> None:
    """It is refused, but for probes, which call by address."""
    client = make_client(trusted_hosts="example.com,.example.org")
    response = predict(client, headers={"Host": host})
    assert response.status_code == 400
    assert response.json == {"message": "The Host header names no host that is served here."}
    assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "logged"), [(0, "127.0.0.1 POST http"), (1, "10.0.0.2 POST https")]
)
def test_forwarded_headers_are_believed_of_known_proxies_alone(
    make_client: MakeClient, config: Settings, proxies: int, logged: str
) -> None:
    """What the nearest proxy says counts, not what the client said to it."""
    client = make_client(trusted_proxies=proxies)
    forwarded = {"X-Forwarded-For": "6.6.6.6, 10.0.0.2", "X-Forwarded-Proto": "https"}
    predict(client, headers=forwarded)
    client.application.extensions["services"].records.flush()
    assert logged in Path(config.logs_root, "application.log").read_text()


PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}


def test_other_origins_are_told_nothing_unless_configured(make_client: MakeClient) -> None:
    """CORS is off; an origin that is not listed is in the same place."""
    for client in (make_client(), make_client(cors_origins="https://b.example")):
        for response in (
            predict(client, headers={"Origin": "https://a.example"}),
            client.options("/v0/predict", headers=PREFLIGHT),
        ):
            assert not [name for name, _ in response.headers if name.startswith("Access-")]


def test_an_origin_that_is_configured_may_ask(make_client: MakeClient) -> None:
    """The browser's question needs no key, the request does."""
    client = make_client(cors_origins="https://b.example, https://a.example", api_keys=SECRET)
    response = client.options("/v0/predict", headers=PREFLIGHT)
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    origin = {"Origin": "https://a.example"}
    assert predict(client, headers=origin).status_code == 401
    response = predict(client, headers=origin | {"X-API-Key": SECRET})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert response.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in response.headers


# Files


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
    "route", ["/schema", "/metadata", "/healthcheck", "/predict", "", "/report"]
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
    elsewhere = [path for path in paths if not path.startswith(config.models_root)]
    assert [path for path in elsewhere if "application.log" not in path] == []


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


# The wire


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a certificate of an authority's, for the server and for a client."""
    if shutil.which("openssl") is None:
        pytest.skip("apt-get install openssl")
    root = tmp_path_factory.mktemp("certificates")
    for name, more in {
        "ca": "",
        "server": "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -CA ca.pem -CAkey ca.key",
        "client": "-CA ca.pem -CAkey ca.key",
    }.items():
        subprocess.run(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
            f" -subj /CN={name} -keyout {name}.key -out {name}.pem {more}".split()
            + ([] if name == "ca" else ["-addext", "basicConstraints=critical,CA:FALSE"]),
            cwd=root,
            check=True,
            capture_output=True,
        )
    return root


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


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
