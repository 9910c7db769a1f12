"""The pages: all versions, a model, its report, and the documentation of the API."""

import base64
import hashlib
import shlex
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask import send_from_directory as send
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from app.helpers.errors import UnavailableVersion, UnknownVersion
from app.helpers.files import VERSION_ID
from app.store.manifest import Manifest
from app.store.model_store import LATEST, ModelStore
from app.store.version_entry import VersionState
from app.utils.dataclass_json import to_json
from app.web.api import json_response, services
from app.web.assets import STATIC, digest_of_all, find
from app.web.report import axes
from app.web.report.model_view import is_comparable, view
from app.web.report.typeset import (
    amount,
    breakable,
    curl,
    decimals,
    grouped,
    log_odds,
    moment,
    number,
    percent,
    plain,
    quantity,
)

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

MAX_CLASSES = 12  # to draw; the JSON has all
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
UNREADABLE = "The file is damaged, or it is not signed with a key of this server."
UNPROVEN = (
    "The file is signed, but the model could not be loaded and checked on this server. The log says"
    " why. If a library has changed, train the model again."
)
OUTDATED = "The newer file cannot be loaded, so the older one is still served. The log says why."
NOT_LOADED = "Not in memory yet: the first request loads it."

pages = Blueprint("pages", __name__, template_folder="templates")
for _filter in (
    amount,
    asdict,
    breakable,
    decimals,
    grouped,
    log_odds,
    moment,
    number,
    percent,
    plain,
    quantity,
):
    pages.add_app_template_filter(_filter)
pages.add_app_template_filter(shlex.join, "shell")


class _VersionConverter(BaseConverter):
    """A version id or `latest`; other paths have no page."""

    regex = f"{VERSION_ID.pattern}|{LATEST}"


@dataclass(frozen=True)
class _Version:
    """One version in the list of all; `manifest` is None if its file cannot be read."""

    id: str
    state: str
    note: str
    manifest: Manifest | None


@pages.record_once
def _add_converter(setup: BlueprintSetupState) -> None:
    setup.app.url_map.converters["version"] = _VersionConverter


@pages.get("/")
def index() -> Response:
    """Show all versions."""
    store = services().store
    latest = None
    with suppress(UnknownVersion, UnavailableVersion):
        latest = store.get(LATEST).manifest.version
    versions = _versions(store)
    if _prefers_json():
        listed = [_version_json(version, version.id == latest) for version in versions]
        return _json({"latest": latest, "versions": listed})
    return _html("index.html", versions=versions, latest=latest)


@pages.get("/<version:version>")
def model(version: str) -> Response:
    """Show what one model learned, and try it."""
    trained = services().store.get(version)
    if _prefers_json():
        return _json(_model_json(trained))
    command = _train_again(trained.manifest, services().store)
    return _html("model.html", command=command, **_model_context(trained, version))


@pages.get("/<version:version>/report")
def report(version: str) -> Response:
    """Return the model's page as one file that needs no server."""
    style = "".join((STATIC / name).read_text() for name in ("base.css", "page.css"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    trained = services().store.get(version)
    context = _model_context(trained, trained.manifest.version)
    context["others"] = {
        id_: other
        for id_, other in context["others"].items()
        if is_comparable(trained.manifest, other)
    }
    policy = {"script-src": "'none'", "connect-src": "'none'", "style-src": f"'sha256-{digest}'"}
    response = _html("report.html", policy, style=style, **context)
    name = f"model-{trained.manifest.version}-report.html"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@pages.get("/docs")
def docs() -> Response:
    """Show the API's documentation."""
    return _html("docs.html")


@pages.get("/static/<digest>/<path:name>")
def static(digest: str, name: str) -> Response:
    """Return a file of the pages. Caches keep it forever: a changed file has a new address."""
    if digest != digest_of_all(current_app.debug):
        raise NotFound
    response = send(*find(name), max_age=365 * 24 * 3600)
    response.cache_control.public = False  # with API keys, it is only for those who have one
    response.cache_control.immutable = True
    return _secure(response)


def _prefers_json() -> bool:
    offered = ["text/html", "application/json"]
    return request.accept_mimetypes.best_match(offered, "text/html") == "application/json"


def _versions(store: ModelStore) -> list[_Version]:
    manifests, states = store.manifests(), store.states()
    return [
        _Version(version, *_state(state, manifests.get(version)), manifests.get(version))
        for version, state in states.items()
    ]


def _state(state: VersionState, manifest: Manifest | None) -> tuple[str, str]:
    """Return a version's state and a note about it, which gives no details away."""
    if state.outdated:
        return state.state, OUTDATED
    if state.state == "ready":
        return state.state, ""
    if manifest is None:
        return "unavailable", UNREADABLE
    return state.state, UNPROVEN if state.state == "unavailable" else NOT_LOADED


def _version_json(version: _Version, is_latest: bool) -> dict[str, Any]:
    known = {} if version.manifest is None else version.manifest.public()
    shown = (
        "created_at task target classes positive_class training_data metrics baseline_metrics"
        " estimator origin"
    )
    return {
        "version": version.id,
        "latest": is_latest,
        "state": version.state,
        "note": version.note,
        **({"training_note": known["note"]} if known else {}),
        **{key: known[key] for key in shown.split() if key in known},
    }


def _model_json(trained: "TrainedModel") -> dict[str, Any]:
    manifest, shown = trained.manifest, view(trained)
    return {
        **manifest.public(),
        "curves": to_json(manifest.curves),
        "effects": {
            label: [asdict(effect) for effect in effects]
            for label, effects in shown.effects.items()
        },
        "example": {"row": shown.row, "prediction": shown.prediction},
    }


def _model_context(trained: "TrainedModel", segment: str) -> dict[str, Any]:
    shared, manifest = services(), trained.manifest
    url = url_for("pages.model", version=segment, _external=True)
    needs_key, shown = shared.admission.api_keys.are_set, view(trained)
    others = {
        version: other
        for version, other in shared.store.manifests().items()
        if version != manifest.version and other.task == manifest.task
    }
    states = shared.store.states()
    return {
        "manifest": manifest,
        "digest": trained.digest,
        "view": shown,
        "others": others,
        "outdated": OUTDATED if states.get(manifest.version, VersionState("")).outdated else "",
        "curl": curl(f"{url}/predict", shown.row, needs_key),
        "url": url,
        "needs_key": needs_key,
        "segment": segment,
    }


def _train_again(manifest: Manifest, store: ModelStore) -> str:
    """Return the command that trains the next version like this one."""
    highest = max(int(version[1:]) for version in (*store.states(), manifest.version))
    file = shlex.quote(manifest.training_data.file_name)
    new = f"v{highest + 1} --like {manifest.version}"
    return f"python -m app.models.train_model {file} {new}"


def _html(template: str, policy: dict[str, str] | None = None, **context: Any) -> Response:
    shared = {"axes": axes, "MAX_CLASSES": MAX_CLASSES}
    response = Response(render_template(template, **shared, **context), mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept"
    return _secure(response, policy)


def _secure(response: Response, policy: dict[str, str] | None = None) -> Response:
    directives = {**POLICY, **(policy or {})}
    response.headers["Content-Security-Policy"] = "; ".join(
        f"{name} {value}" for name, value in directives.items()
    )
    return response


def _json(value: Any) -> Response:
    response = json_response(value)
    response.headers.update({"Cache-Control": "no-cache", "Vary": "Accept"})
    return response


@pages.app_template_global()
def asset(name: str) -> str:
    """Return the address of a file of the pages."""
    return url_for("pages.static", digest=digest_of_all(current_app.debug), name=name)
