"""A new version becomes a file, once it is proven; and what that changes for clients is told."""

import os
from collections.abc import Sequence
from typing import Any

import click

from app.helpers.errors import InvalidModelFile
from app.helpers.files import make_filename
from app.store.loading import model_of, prove
from app.store.manifest import Manifest
from app.store.model_file import write_model_file
from app.training.continuity import describe_changes, find_predecessor
from app.utils.notes import note


def publish(
    manifest: Manifest,
    estimator: Any,
    models_root: str,
    keys: Sequence[bytes],
    *,
    trained: bool = True,
    like: str | None = None,
) -> Manifest:
    """Write a version's file, and tell what changes for clients.

    If it was just trained, it is told, too, how training can avoid such changes; but not if it was
    trained `like` that version already.

    Raises
    ------
    InvalidModelFile
        If the model does not give its self-check rows the recorded outputs, or cannot be pickled.
    OSError
        If the file cannot be written; an older one is then intact.
    """
    try:
        prove(model_of(manifest, estimator))
    except InvalidModelFile as error:
        raise InvalidModelFile(f"The model could not be served: {error}.") from error
    root = os.path.abspath(models_root)
    path = os.path.join(root, make_filename(manifest.version))
    os.makedirs(root, exist_ok=True)
    predecessor = find_predecessor(root, manifest.version, keys)
    manifest = write_model_file(path, estimator, manifest, keys[0])
    if predecessor:
        advise = trained and predecessor.version != like
        if changed := describe_changes(predecessor, manifest, advise=advise):
            note(f"Warning: {changed}")
    click.echo(f"Successfully saved model at {displayable(path)}")
    return manifest


def displayable(path: str) -> str:
    """Return an absolute path as text, even if its bytes are not valid text."""
    return click.format_filename(os.path.abspath(path))
