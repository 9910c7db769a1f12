"""The published versions of a directory, and what can be done with them without loading any."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from app.helpers.errors import InvalidModelFile, RefusedOperation, UnknownVersion, quote
from app.helpers.files import FILENAME_PATTERN, make_filename, parse_version_id, version_number
from app.store.loading import check_unpickling, make_trained_model
from app.store.manifest import Manifest
from app.store.model_file import (
    check_pickle,
    open_model_file,
    read_chunks,
    read_signed,
    write_parts,
)
from app.utils.files import flush_directory, get_files_matching, identify


@dataclass(frozen=True)
class PublishedVersion:
    """What is known of a version from its file alone.

    Attributes
    ----------
    version : str
    state : str
        `ready` if its weights were proven, `not loaded` if only its pickle could tell more,
        `unavailable` if it cannot be served.
    reason : str
        Why it is unavailable.
    manifest : Manifest or None
        None if it was not signed with one of the keys.
    key_place : int or None
        The place of the key that signed it among these.
    """

    version: str
    state: str
    reason: str = ""
    manifest: Manifest | None = None
    key_place: int | None = None


def find_versions(root: str) -> list[str]:
    """Return the ids of all files in a directory, the highest first; OSError if it has none."""
    paths = get_files_matching(os.path.abspath(root), FILENAME_PATTERN)
    ids = {parse_version_id(os.path.basename(path)) for path in paths}
    return sorted(ids, key=version_number, reverse=True)


def look_at(
    root: str, version: str, keys: Sequence[bytes], *, may_unpickle: bool = True
) -> PublishedVersion:
    """Return what a version's file says, once it was checked; nothing is unpickled.

    Parameters
    ----------
    root : str
        The directory.
    version : str
    keys : sequence of bytes
        To verify with.
    may_unpickle : bool
        Whether a server may; else versions without weights are unavailable.

    Raises
    ------
    UnknownVersion
        If there is no such file.
    """
    path, known = model_path(root, version), PublishedVersion(version, "unavailable")
    if not os.path.lexists(path):
        raise UnknownVersion(version)
    try:
        with open_model_file(path) as file:
            signed = read_signed(file, version, keys)
            known = dataclasses.replace(known, manifest=signed.manifest, key_place=signed.key_place)
            check_pickle(file, signed.manifest)
        if signed.manifest.weights is None:
            check_unpickling(signed.manifest, may_unpickle=may_unpickle)
            return dataclasses.replace(known, state="not loaded")
        make_trained_model(signed.manifest, None)
    except InvalidModelFile as error:
        return dataclasses.replace(known, reason=str(error))
    except OSError as error:
        return dataclasses.replace(known, reason=f"it cannot be read: {error.strerror}")
    return dataclasses.replace(known, state="ready")


def copy_version(
    root: str, source: str, target: str, keys: Sequence[bytes], *, replace: bool = False
) -> Manifest:
    """Publish a version's model again under another id; only the id in its manifest changes.

    Raises
    ------
    ApplicationError
        If there is no such version, it cannot be used, or `target` exists and is not to be
        replaced.
    OSError
        If the file cannot be written; an older one is then intact.
    """
    path = model_path(root, target)
    if not replace:
        check_is_free(root, target)
    with open_version(root, source) as file:
        signed = read_signed(file, source, keys)
        text = orjson.dumps(orjson.loads(signed.text) | {"version": target})
        chunks = read_chunks(file, signed.manifest)
        try:
            write_parts(path, chunks, text, target, keys[0], replace=replace)
        except FileExistsError as error:  # since a moment
            raise _is_there(target) from error
    return dataclasses.replace(signed.manifest, version=target)


def check_is_free(root: str, version: str) -> None:
    """Raise RefusedOperation if there is such a version."""
    if os.path.lexists(model_path(root, version)):
        raise _is_there(version)


def sign_version(root: str, version: str, keys: Sequence[bytes]) -> bool:
    """Sign a version again with the first key; return whether another key had signed it.

    Raises
    ------
    ApplicationError
        If there is no such version, or none of the keys signed it.
    OSError
        If the file cannot be written; the older one is then intact.
    """
    path = model_path(root, version)
    with open_version(root, version) as file:
        signed = read_signed(file, version, keys)
        if signed.key_place == 0:
            return False
        chunks = read_chunks(file, signed.manifest)
        identity = identify(os.fstat(file.fileno()))
        try:
            write_parts(path, chunks, signed.text, version, keys[0], replace=identity)
        except FileExistsError as error:
            raise RefusedOperation(f"{version} was replaced while it was signed.") from error
    return True


def remove_version(root: str, version: str) -> None:
    """Delete a version's file, whatever is in it; UnknownVersion if there is none."""
    path = model_path(root, version)
    try:
        os.unlink(path)
    except FileNotFoundError as error:
        raise UnknownVersion(version) from error
    flush_directory(os.path.dirname(path))


@contextmanager
def open_version(root: str, version: str) -> Iterator[BinaryIO]:
    """Open a version's file; what is found wrong while it is open is told with the version's name.

    Raises
    ------
    UnknownVersion
        If there is no such file.
    InvalidModelFile
        If it cannot be opened, or must not be used.
    """
    try:
        file = open_model_file(model_path(root, version))
    except FileNotFoundError as error:
        raise UnknownVersion(version) from error
    except (InvalidModelFile, OSError) as error:
        raise _unusable(version, error) from error
    with file:
        try:
            yield file
        except InvalidModelFile as error:
            raise _unusable(version, error) from error


def model_path(root: str, version: str) -> str:
    """Return the absolute path of a version's file; InvalidVersionId if it is no version id."""
    return os.path.join(os.path.abspath(root), make_filename(version))


def _unusable(version: str, error: InvalidModelFile | OSError) -> InvalidModelFile:
    reason = error.strerror if isinstance(error, OSError) else error
    return InvalidModelFile(f"Trained model version {quote(version)} cannot be used: {reason}.")


def _is_there(version: str) -> RefusedOperation:
    return RefusedOperation(f"{version} exists already; --replace replaces it.")
