"""Every knob: the environment variable of the same name in capitals, its default and its unit.

Only entry points read this module; values travel from there as arguments.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from app.utils.cores import usable_cores

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _knob(default: Any, meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"meaning": meaning, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The values of all knobs."""

    host: str = _knob("0.0.0.0", "address to listen on")  # noqa: S104 - a server in a container
    port: int = _knob(8080, "port to listen on")
    web_concurrency: int = _knob(len(usable_cores()), "worker processes; the number of cores")
    blocking_threads: int = _knob(32, "threads a worker; each serves one request at a time")
    cpu_affinity: int = _knob(1, "1: a worker's threads share a core; 0: the system places them")
    fast_path: int = _knob(1, "1: single predictions skip Flask; 0: Flask answers them too")
    shutdown_timeout: int = _knob(30, "seconds that requests in hand get to finish on SIGTERM")

    models_root: str = _knob(os.path.join(ROOT, "trained-models"), "directory of the models")
    max_loaded_models: int = _knob(16, "models in a worker's memory, least recently used out")
    model_signing_key: str = _knob(
        "", "keys that sign and verify models, one a line; the first signs", secret=True
    )
    model_signing_key_file: str = _knob(
        os.path.join(ROOT, ".model-signing-key"), "file of such keys, made by the first training"
    )

    max_body_bytes: int = _knob(16 * 1024 * 1024, "bytes of a request's body")
    max_json_rows: int = _knob(10_000, "rows of a JSON request")
    max_csv_rows: int = _knob(100_000, "rows of a CSV request")
    api_keys: str = _knob(
        "", "keys that clients must send one of, separated by commas; empty: none", secret=True
    )

    trusted_hosts: str = _knob(
        "", "names that a Host header may have, separated by commas; `.example.com` for subdomains"
    )
    trusted_proxies: int = _knob(0, "proxies whose X-Forwarded-For and -Proto are believed")
    cors_origins: str = _knob(
        "", "origins whose pages may call the API from a browser, separated by commas"
    )
    tls_certificate_file: str = _knob("", "PEM file of the certificate chain to serve HTTPS with")
    tls_key_file: str = _knob("", "PEM file of the certificate's private key, without a password")
    tls_client_ca_file: str = _knob(
        "", "PEM file of authorities; clients must have one's certificate"
    )

    logs_root: str = _knob(os.path.join(ROOT, "logs"), "directory of application.log")
    log_max_bytes: int = _knob(10 * 1024 * 1024, "bytes of a log file before it is rotated")
    log_backup_count: int = _knob(5, "rotated, gzipped log files that are kept")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings of an environment; ValueError naming the variable that is wrong."""
        values: dict[str, Any] = {}
        for knob in fields(cls):
            text = environment.get(knob.name.upper())
            if text is None or (text == "" and not knob.metadata["secret"]):
                continue
            values[knob.name] = _to_int(knob.name, text) if knob.type is int else text
        settings = cls(**values)
        _check(settings)
        return settings


def _check(settings: Settings) -> None:
    # Who sets a variable wants what it is for: a typing error must not open the server.
    if settings.api_keys and not settings.api_keys.replace(",", "").strip():
        raise ValueError("API_KEYS is set, but holds no key.")
    if bool(settings.tls_certificate_file) != bool(settings.tls_key_file):
        raise ValueError("TLS_CERTIFICATE_FILE and TLS_KEY_FILE need each other.")
    if settings.tls_client_ca_file and not settings.tls_key_file:
        raise ValueError("TLS_CLIENT_CA_FILE needs TLS_CERTIFICATE_FILE and TLS_KEY_FILE.")


_MAY_BE_0 = ("cpu_affinity", "fast_path", "trusted_proxies")


def _to_int(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or (int(text) == 0 and name not in _MAY_BE_0):
        raise ValueError(f"{name.upper()} must be a whole number above 0.")
    return int(text)


SECRETS = tuple(knob.name.upper() for knob in fields(Settings) if knob.metadata["secret"])
"""The variables that must be out of the environment before a request is served."""

try:
    current = Settings.from_environment(os.environ)
except ValueError as error:
    raise SystemExit(f"Error: {error}") from None

MODELS_ROOT = current.models_root
