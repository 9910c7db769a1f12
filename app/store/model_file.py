"""A trained model is one file: a pickle, then a signed manifest as its trailer.

    pickle | manifest (UTF-8 JSON) | HMAC-SHA256 (32 bytes) | manifest length (8 bytes, big-endian)
    | magic (8 bytes)

`joblib.load` opens it like any other pickle. The signature covers a domain prefix, the version id
and the manifest; the manifest holds the pickle's size and SHA-256. A pickle can run code when it is
loaded, so only bytes that were signed for this version are ever unpickled.
"""

import hashlib
import hmac
import io
import itertools
import os
import stat
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import orjson

from app.helpers.errors import InvalidModelFile
from app.store.manifest import Manifest
from app.store.upgrades import upgrade
from app.utils.files import FileIdentity, write_atomically

MAGIC = b"SKLSEED1"
MAX_MANIFEST_SIZE = 16 * 1024 * 1024  # bytes
_CHUNK_SIZE = 256 * 1024  # bytes of a pickle that are hashed at once
# Part of what is signed, not the name of the project: models stay valid when that changes.
_DOMAIN = b"flask-sklearn-seed/trained-model/1"
_TRAILER_SIZE = 32 + 8 + len(MAGIC)


def write_model_file(path: str, estimator: Any, manifest: Manifest, key: bytes) -> Manifest:
    """Publish an estimator with its manifest in one file, which appears complete or not at all.

    Returns
    -------
    Manifest
        The manifest as readers will get it, with the pickle's size and SHA-256.

    Raises
    ------
    InvalidModelFile
        If the manifest is larger than readers accept, or the estimator cannot be pickled.
    OSError
        If the file cannot be written; an older one is then intact.
    """
    from app.store.pickling import carries_code, to_pickle

    try:
        pickle = to_pickle(estimator)
    except Exception as error:  # pickling runs the estimator's code, which may raise anything
        raise InvalidModelFile(f"The model cannot be pickled: {error}.") from error
    manifest = replace(
        manifest,
        carries_code=carries_code(pickle),
        size=len(pickle),
        sha256=hashlib.sha256(pickle).hexdigest(),
    )
    text = orjson.dumps(manifest.to_json())
    if len(text) > MAX_MANIFEST_SIZE:
        raise InvalidModelFile(
            f"The manifest has {len(text)} bytes, more than {MAX_MANIFEST_SIZE}:"
            " drop the columns with the most or the longest categories."
        )
    write_parts(path, [pickle], text, manifest.version, key)
    return parse_manifest(text)


def write_parts(
    path: str,
    pickle: Iterable[bytes],
    text: bytes,
    version: str,
    key: bytes,
    *,
    replace: bool | FileIdentity = True,
) -> None:
    """Publish a pickle and the text of its manifest in one file, signed for a version.

    `replace` and errors are those of `open_atomically`; what the pickle's parts raise is raised,
    too, and leaves an older file intact.
    """
    trailer = _sign(version, text, key) + len(text).to_bytes(8, "big") + MAGIC
    parts = itertools.chain(pickle, [text, trailer])
    write_atomically(path, parts, shared=True, replace=replace)


def open_model_file(path: str) -> BinaryIO:
    """Open a model file; InvalidModelFile if it is a FIFO, a directory or a device."""
    # Without O_NONBLOCK, opening a FIFO would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidModelFile("it is not a regular file")
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_pickle(file: BinaryIO, manifest: Manifest) -> bytes:
    """Return the bytes of the pickle, not yet unpickled; InvalidModelFile if they were altered."""
    file.seek(0)
    pickle = file.read(manifest.size)
    _check_digest(hashlib.sha256(pickle), manifest)
    return pickle


def check_pickle(file: BinaryIO, manifest: Manifest) -> None:
    """Raise InvalidModelFile if the pickle was altered; keep none of its bytes."""
    for _ in read_chunks(file, manifest):
        pass


def read_chunks(file: BinaryIO, manifest: Manifest) -> Iterator[bytes]:
    """Yield the bytes of the pickle; InvalidModelFile at the end if they were altered."""
    file.seek(0)
    digest, left = hashlib.sha256(), manifest.size
    while left > 0 and (chunk := file.read(min(left, _CHUNK_SIZE))):
        digest.update(chunk)
        left -= len(chunk)
        yield chunk
    _check_digest(digest, manifest)


def _check_digest(digest: "hashlib._Hash", manifest: Manifest) -> None:
    if digest.hexdigest() != manifest.sha256:
        raise InvalidModelFile("its pickle was altered")


@dataclass(frozen=True)
class SignedManifest:
    """A verified manifest.

    Attributes
    ----------
    manifest : Manifest
    text : bytes
        As it stands in the file.
    key_place : int
        The place of the key that signed it among those it was verified with.
    """

    manifest: Manifest
    text: bytes
    key_place: int


def read_manifest(file: BinaryIO, version: str, keys: Sequence[bytes]) -> Manifest:
    """Return the verified manifest; parameters and errors are those of `read_signed`."""
    return read_signed(file, version, keys).manifest


def read_signed(file: BinaryIO, version: str, keys: Sequence[bytes]) -> SignedManifest:
    """Return the verified manifest and who signed it, without reading the pickle.

    Raises
    ------
    InvalidModelFile
        If the manifest was not signed for this version with one of the keys.
    OSError
        If the file cannot be read.
    """
    file_size = file.seek(0, os.SEEK_END)
    if file_size < _TRAILER_SIZE:
        raise InvalidModelFile("it has no signed manifest")
    file.seek(file_size - _TRAILER_SIZE)
    trailer = file.read(_TRAILER_SIZE)
    signature, length, magic = trailer[:32], int.from_bytes(trailer[32:40], "big"), trailer[40:]
    if magic != MAGIC:
        raise InvalidModelFile("it has no signed manifest")
    if length > min(MAX_MANIFEST_SIZE, file_size - _TRAILER_SIZE):
        raise InvalidModelFile("its manifest is too large")
    file.seek(file_size - _TRAILER_SIZE - length)
    text = file.read(length)
    matches = [hmac.compare_digest(_sign(version, text, key), signature) for key in keys]
    if not any(matches):
        raise InvalidModelFile(f"it was not signed as {version} with a key of ours")
    # From here on, the manifest is known to come from someone who has the key.
    manifest = parse_manifest(text)
    if manifest.size != file_size - _TRAILER_SIZE - length:
        raise InvalidModelFile("its size is not the signed one")
    return SignedManifest(manifest, text, matches.index(True))


def unpickle(pickle: bytes) -> Any:
    """Return the estimator in verified bytes; InvalidModelFile if anything goes wrong."""
    import joblib
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with warnings.catch_warnings():  # of another version we warn in the log
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            return joblib.load(io.BytesIO(pickle))
    except (Exception, SystemExit) as error:  # it runs a fork's code, which may even exit
        raise InvalidModelFile(f"its pickle cannot be loaded: {error!r}") from error


def parse_manifest(text: bytes) -> Manifest:
    """Return what a verified text says; InvalidModelFile if it cannot be read."""
    try:
        return Manifest.from_json(upgrade(orjson.loads(text)))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidModelFile(f"its manifest cannot be read: {error!r}") from error


def _sign(version: str, text: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"\0".join((_DOMAIN, version.encode(), text)), "sha256")
