"""The files that pages load: ours, and Swagger UI's from the package that has them."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from werkzeug.exceptions import NotFound

STATIC = Path(__file__).with_name("static")
_SWAGGER_UI = "swagger-ui/"


def find(name: str) -> tuple[Path, str]:
    """Return the directory of a file, and its name there."""
    if name.startswith(_SWAGGER_UI):
        return _swagger_ui(), name.removeprefix(_SWAGGER_UI)
    return STATIC, name


def digest_of_all(may_change: bool = False) -> str:
    """Return a digest of all files, made anew if they may change under a running server."""
    return _digest.__wrapped__() if may_change else _digest()


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for root in (STATIC, _swagger_ui()):
        for path in sorted(root.iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _swagger_ui() -> Path:
    """Return the directory of Swagger UI's files, without importing the package that has them."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or spec.origin is None:
        raise NotFound
    return Path(spec.origin).with_name("dist")
