"""Every setting: an environment variable of the same name in capitals, or a line in `.env`.

Importing this module reads nothing. Only entry points read `current`; the rest of the code gets
values as arguments.
"""

import os
import sys
from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from environs import Env, EnvValidationError, validate

from app.utils.cores import core_count
from app.utils.url_paths import PREFIX

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# An empty text stands for the default.
_POSITIVE = validate.Regexp(r"(0*[1-9][0-9]{0,17})?\Z", error="must be a whole number above 0.")
_NOT_NEGATIVE = validate.Regexp(r"[0-9]{0,18}\Z", error="must be a whole number, 0 or above.")
_SWITCH = validate.Regexp(r"[01]?\Z", error="must be 0 or 1.")


def _setting(
    default: Any,
    meaning: str,
    *,
    shown: str | None = None,
    rule: validate.Regexp | None = None,
    secret: bool = False,
) -> Any:
    """Return a field; `shown` is its default as the documentation gives it, if not as it is.

    A default that can be called is called when it is needed.
    """
    rule = rule or (_POSITIVE if isinstance(default, int) else None)
    shown = str(default) if shown is None else shown
    metadata = {"meaning": meaning, "shown": shown, "rule": rule, "secret": secret}
    if callable(default):
        return field(default_factory=default, repr=not secret, metadata=metadata)
    return field(default=default, repr=not secret, metadata=metadata)


def _path(name: str, meaning: str) -> Any:
    return _setting(os.path.join(ROOT, name), meaning, shown=name)


@dataclass(frozen=True)
class Settings:
    """The values of all settings."""

    host: str = _setting("0.0.0.0", "address to listen on")  # noqa: S104 - a server in a container
    port: int = _setting(8080, "port to listen on")
    web_concurrency: int = _setting(
        core_count,
        "worker processes; empty: one per core, or as many as the container's CPU limit allows",
        shown="",
        rule=_POSITIVE,
    )
    blocking_threads: int = _setting(
        32, "threads per worker; each of them serves one request at a time"
    )
    cpu_affinity: int = _setting(
        1, "1: all threads of a worker share one core; 0: the system places them", rule=_SWITCH
    )
    fast_path: int = _setting(
        1, "1: single predictions skip Flask; 0: Flask answers them, too", rule=_SWITCH
    )
    keep_alive_timeout: int = _setting(
        620,
        "seconds after which an idle connection is closed; let load balancers close theirs first",
    )
    shutdown_timeout: int = _setting(
        30, "seconds that running requests get to finish after SIGTERM"
    )

    models_root: str = _path("trained-models", "directory of the trained models")
    max_loaded_models: int = _setting(
        16, "models that a worker keeps in memory; beyond that, the least recently used one goes"
    )
    unpickle: str = _setting(
        "needed",
        "`needed`: what is no linear model is unpickled to be served; `never`: it is unavailable",
        rule=validate.Regexp(r"(needed|never)?\Z", error="must be needed or never."),
    )
    model_signing_key: str = _setting(
        "", "keys that sign and verify models, one per line; the first one signs", secret=True
    )
    model_signing_key_file: str = _path(
        ".model-signing-key", "file with such keys; the first training creates it"
    )

    max_body_bytes: int = _setting(16 * 1024 * 1024, "largest request body, in bytes")
    max_json_rows: int = _setting(10_000, "largest number of rows in a JSON request")
    max_csv_rows: int = _setting(100_000, "largest number of rows in a CSV request")
    api_keys: str = _setting(
        "",
        "keys of which clients must send one, separated by commas; empty: no key is needed",
        secret=True,
    )

    trusted_hosts: str = _setting(
        "",
        "host names to answer to, separated by commas; `.example.com` includes its subdomains;"
        " empty: any",
    )
    trusted_proxies: int = _setting(
        0,
        "number of proxies in front whose X-Forwarded-For, -Proto and -Prefix are believed",
        rule=_NOT_NEGATIVE,
    )
    root_path: str = _setting(
        "",
        "path below which clients reach the server, such as `/ml`, if no proxy sends it in"
        " X-Forwarded-Prefix; empty: `/`",
        rule=validate.Regexp(rf"(?:{PREFIX})?/?\Z", error="must be a path such as /ml."),
    )
    cors_origins: str = _setting(
        "", "origins whose pages may call the API from a browser, separated by commas"
    )
    tls_certificate_file: str = _setting("", "PEM file with the certificate chain, to serve HTTPS")
    tls_key_file: str = _setting(
        "", "PEM file with the private key of that certificate, without a password"
    )
    tls_client_ca_file: str = _setting(
        "",
        "PEM file with certificate authorities; every client then needs a certificate from one",
    )

    logs_root: str = _path("logs", "directory of application.log; `-` writes the log to stdout")
    log_format: str = _setting(
        "text",
        "`text`, or `json`: one object per line",
        rule=validate.Regexp(r"(text|json)?\Z", error="must be text or json."),
    )
    log_max_bytes: int = _setting(
        10 * 1024 * 1024, "size in bytes at which the log file is rotated"
    )
    log_backup_count: int = _setting(5, "number of rotated, compressed log files to keep")

    @property
    def may_unpickle(self) -> bool:
        """Whether a version that has no weights may be unpickled."""
        return self.unpickle != "never"


SECRETS = tuple(setting.name.upper() for setting in fields(Settings) if setting.metadata["secret"])
"""The variables that must be out of the environment before a request is served."""


def load() -> Settings:
    """Return the settings of the environment and, where that has none, of the `.env` file.

    Raises
    ------
    ValueError
        If a variable is wrong; the message names every one that is.
    """
    env = Env()
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    if path := _env_file():
        try:
            env.read_env(path, recurse=False)
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not UTF-8.") from None
    for setting in fields(Settings):
        name, rule = setting.name.upper(), setting.metadata["rule"]
        try:
            text = env.str(name, "", validate=rule)
            # Some editors write a byte order mark, which is then part of the first name.
            text = text or env.str(f"\ufeff{name}", "", validate=rule)
        except EnvValidationError as error:
            mistakes += [f"{name} {reason}" for reason in error.error_messages]
            continue
        if text:
            values[setting.name] = int(text) if setting.type is int else text
    if mistakes:
        raise ValueError(" ".join(mistakes))
    settings = Settings(**values)
    _check(settings)
    return settings


def _env_file() -> str:
    """Return the path of the file to read: ENV_FILE, else `.env` in the project's root, if any."""
    path = os.environ.get("ENV_FILE")
    if path is None:
        path = os.path.join(ROOT, ".env")
        return path if os.path.isfile(path) else ""
    if path and (not os.path.exists(path) or os.path.isdir(path)):
        raise ValueError("ENV_FILE must be the path of a file, or empty.")
    return path


def _check(settings: Settings) -> None:
    # Whoever sets a variable wants its effect: a typing error must not open the server.
    if settings.api_keys and not settings.api_keys.replace(",", "").strip():
        raise ValueError("API_KEYS is set, but holds no key.")
    if bool(settings.tls_certificate_file) != bool(settings.tls_key_file):
        raise ValueError("TLS_CERTIFICATE_FILE and TLS_KEY_FILE need each other.")
    if settings.tls_client_ca_file and not settings.tls_key_file:
        raise ValueError("TLS_CLIENT_CA_FILE needs TLS_CERTIFICATE_FILE and TLS_KEY_FILE.")


current: Settings
"""What load() returned when this was first read; reading it raises ValueError as load() does."""
MODELS_ROOT: str
"""Its directory of the trained models."""

if not TYPE_CHECKING:
    _load_once = cache(load)

    def __getattr__(name: str) -> object:
        if name == "current":
            return _load_once()
        if name == "MODELS_ROOT":
            return _load_once().models_root
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def current_or_exit() -> Settings:
    """Return `current`; SystemExit with the reason on stderr if a setting is wrong."""
    try:
        settings: Settings = sys.modules[__name__].current  # __getattr__ needs to be asked
    except ValueError as error:
        raise SystemExit(f"Error: {error}") from None
    return settings
