"""The versions in a directory: loaded on first use, swapped when their file changes, and proven."""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.helpers.errors import (
    InvalidModelFile,
    InvalidVersionId,
    SigningKeyError,
    UnavailableVersion,
    UnknownVersion,
)
from app.helpers.files import FILENAME_PATTERN, make_filename, parse_version_id, version_number
from app.models.manifest import Manifest
from app.models.model_file import open_model_file, read_manifest
from app.models.signing_key import SigningKeys
from app.utils.files import get_files_matching

if TYPE_CHECKING:
    from app.models.trained_model import TrainedModel

LATEST = "latest"
FRESH_SECONDS = 1.0  # how long a look at the directory holds
RETRY_SECONDS = 30.0  # how long a failed load is remembered, unless the file changes

Identity = tuple[int, int, int, int, int]

log = logging.getLogger(__name__)


@dataclass
class _Entry:
    """What a process knows of one version; written only by the thread that holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    model: "TrainedModel | None" = None
    identity: Identity | None = None  # of the file that `model` came from
    checked_at: float = 0.0
    used_at: float = 0.0
    failure: str | None = None  # why the file that is there now cannot be loaded
    failed_identity: Identity | None = None
    failed_at: float = 0.0


@dataclass(frozen=True)
class VersionState:
    """`ready`, `not loaded` or `unavailable`; outdated if its newer file cannot be loaded."""

    state: str
    outdated: bool = False


class ModelStore:
    """The models of one directory.

    Safe for threads. Processes that share the directory need no other word between them: a file is
    published whole, and each process sees the new one within a second.

    Parameters
    ----------
    root : str
        The directory.
    keys : SigningKeys
    max_loaded : int
        How many models stay in memory; the least recently used go first.
    clock : callable
        Seconds that never jump.
    """

    def __init__(
        self,
        root: str,
        keys: SigningKeys,
        max_loaded: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._keys = keys
        self._max_loaded = max_loaded
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._eviction = threading.Lock()
        self._listing: tuple[float, list[str]] = (-FRESH_SECONDS, [])

    def get(self, version: str) -> "TrainedModel":
        """Return the model of a version id, or of the highest that loads for `latest`.

        Raises
        ------
        UnknownVersion
            If there is no such file.
        UnavailableVersion
            If there is, but no model that could be proven ever came from it.
        """
        if (model := self.loaded(version)) is not None:
            return model
        if version == LATEST:
            return self._latest()
        return self._refresh(version)

    def loaded(self, version: str) -> "TrainedModel | None":
        """Return the model if it is in memory and was looked at lately; touches no file."""
        entry = self._entries.get(version)
        if entry is None or (model := entry.model) is None:
            return None
        now = self._clock()
        if now - entry.checked_at >= FRESH_SECONDS:
            return None
        entry.used_at = now
        return model

    def versions(self) -> list[str]:
        """Return the ids of all files, the highest first; the last known if it cannot be read."""
        listed_at, versions = self._listing
        now = self._clock()
        if now - listed_at >= FRESH_SECONDS:
            try:
                paths = get_files_matching(self._root, FILENAME_PATTERN)
                ids = [parse_version_id(os.path.basename(path)) for path in paths]
                versions = sorted(ids, key=version_number, reverse=True)
            except OSError as error:
                log.warning("the models' directory cannot be read: %s", error)
            self._listing = (now, versions)
        return versions

    def manifests(self) -> dict[str, Manifest]:
        """Return the manifest of each version that is signed, the highest first; loads no model."""
        manifests = {}
        for version in self.versions():
            try:
                manifests[version] = self._manifest(version)
            except (InvalidModelFile, SigningKeyError, OSError):
                continue  # its state tells
        return manifests

    def _manifest(self, version: str) -> Manifest:
        if (model := self.loaded(version)) is not None:
            return model.manifest
        with open_model_file(os.path.join(self._root, make_filename(version))) as file:
            return read_manifest(file, version, self._keys.read())

    def states(self) -> dict[str, VersionState]:
        """Return each version's state; looks again at those used before, loads no other."""
        return {version: self._state(version) for version in self.versions()}

    def _state(self, version: str) -> VersionState:
        entry = self._entries.get(version)
        if entry is None or (entry.model is None and entry.failure is None):
            return VersionState("not loaded")
        try:
            self._refresh(version)
        except (UnknownVersion, UnavailableVersion):
            return VersionState("unavailable")
        return VersionState("ready", outdated=entry.failure is not None)

    def _latest(self) -> "TrainedModel":
        for version in self.versions():
            try:
                return self.get(version)
            except (UnknownVersion, UnavailableVersion):
                continue
        raise UnknownVersion(LATEST)

    def _refresh(self, version: str) -> "TrainedModel":
        """Look at the file, and load it if it is new or changed."""
        try:
            path = os.path.join(self._root, make_filename(version))
        except InvalidVersionId as error:
            raise UnknownVersion(version) from error
        try:
            identity = self._identify(path)
        except OSError as error:  # nobody knows what is there: nothing is retired
            return self._last_good(version, str(error))
        if identity is None:
            if self._entries.pop(version, None) is not None:
                log.info("%s is retired: its file is gone", version)
            raise UnknownVersion(version)
        entry = self._entries.setdefault(version, _Entry())
        old_model = entry.model
        if not entry.lock.acquire(blocking=old_model is None):
            assert old_model is not None  # noqa: S101 - or it would have waited
            return old_model  # another thread is loading its replacement
        try:
            return self._load_if_changed(version, path, entry, identity)
        finally:
            entry.lock.release()

    def _identify(self, path: str) -> Identity | None:
        """Return what changes whenever the file does, None if there is none."""
        try:
            return _identity(os.stat(path))
        except FileNotFoundError:
            if os.path.lexists(path):
                return _identity(os.lstat(path))  # a dangling link: there, but cannot be served
            if not os.path.isdir(self._root):
                raise
            return None

    def _last_good(self, version: str, reason: str) -> "TrainedModel":
        entry = self._entries.get(version)
        if entry is None or (model := entry.model) is None:
            raise UnavailableVersion(version, reason)
        entry.checked_at = self._clock()
        return model

    def _load_if_changed(
        self, version: str, path: str, entry: _Entry, identity: Identity
    ) -> "TrainedModel":
        now, model = self._clock(), entry.model  # another thread may evict it meanwhile
        if model is not None and entry.identity == identity:
            entry.checked_at, entry.failure = now, None
            return model
        known_bad = entry.failure is not None and entry.failed_identity == identity
        if not known_bad or now - entry.failed_at >= RETRY_SECONDS:
            model = self._load(version, path, entry, identity)
        if model is None:
            raise UnavailableVersion(version, entry.failure or "")
        entry.checked_at = entry.used_at = self._clock()
        return model

    def _load(
        self, version: str, path: str, entry: _Entry, identity: Identity
    ) -> "TrainedModel | None":
        """Return the new model or, if it cannot be loaded, the old one, if any."""
        # Here and not above: scikit-learn and pandas come with the first model.
        from app.models.trained_model import load_trained_model

        old_model = entry.model
        try:
            keys = self._keys.read()
            with open_model_file(path) as file:
                identity = _identity(os.fstat(file.fileno()))
                model = load_trained_model(file, version, keys)
        except Exception as error:  # whatever it is, it is this version's trouble alone
            entry.failure, entry.failed_identity = str(error) or repr(error), identity
            entry.failed_at = self._clock()
            consequence = "" if old_model is None else ", its older file is served on"
            log.error("%s cannot be loaded%s: %s", version, consequence, entry.failure)
            return old_model
        entry.model, entry.identity, entry.failure = model, identity, None
        entry.used_at = self._clock()
        log.info("%s is loaded: %s", version, model.digest)
        self._evict()
        return model

    def _evict(self) -> None:
        with self._eviction:
            loaded = [entry for entry in list(self._entries.values()) if entry.model is not None]
            loaded.sort(key=lambda entry: entry.used_at)
            for entry in loaded[: -self._max_loaded]:
                entry.model = entry.identity = None


def _identity(status: os.stat_result) -> Identity:
    """Return (dev, inode, size, mtime, ctime); inodes are reused, so without ctime it could lie."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
