"""The versions in a directory: loaded on first use, swapped when their file changes, and proven."""

import contextlib
import logging
import math
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.helpers.errors import (
    ApplicationError,
    InvalidVersionId,
    UnavailableVersion,
    UnknownVersion,
)
from app.helpers.files import FILENAME_PATTERN, make_filename, parse_version_id, version_number
from app.store.loading import load_trained_model
from app.store.manifest import Manifest
from app.store.manifest_cache import ManifestCache
from app.store.model_file import open_model_file
from app.store.signing_key import SigningKeys
from app.store.version_entry import Entry, VersionState
from app.utils.files import FileIdentity, find_file, get_files_matching, identify

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel

LATEST = "latest"
FRESH_SECONDS = 1.0  # how long a look at the directory holds
RETRY_SECONDS = 30.0  # how long a failed load is remembered, unless the file changes

log = logging.getLogger(__name__)


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
    on_load : callable
        Told the version and `loaded` or `failed` after each try to load a file.
    may_unpickle : bool
        Whether versions without weights may be unpickled; else they are unavailable.
    """

    def __init__(
        self,
        root: str,
        keys: SigningKeys,
        max_loaded: int,
        clock: Callable[[], float] = time.monotonic,
        on_load: Callable[[str, str], object] = lambda version, outcome: None,
        *,
        may_unpickle: bool = True,
    ) -> None:
        self._root = os.path.abspath(root)
        self._keys = keys
        self._max_loaded = max_loaded
        self._clock = clock
        self._on_load = on_load
        self._may_unpickle = may_unpickle
        self._entries: dict[str, Entry] = {}
        self._manifests = ManifestCache()
        self._listing: tuple[float, list[str]] = (-math.inf, [])
        self._warned_at = -math.inf

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
        model = self._refresh(version)
        self._entries[version].used_at = self._clock()
        return model

    def loaded(self, version: str) -> "TrainedModel | None":
        """Return the model if it is in memory and was looked at lately; touches no file."""
        now = self._clock()
        if version == LATEST:  # the highest only: that another stands in for it takes a closer look
            listed_at, versions = self._listing
            version = versions[0] if versions and now - listed_at < FRESH_SECONDS else ""
        entry = self._entries.get(version)
        if entry is None or (model := entry.model) is None:
            return None
        if now - entry.checked_at >= FRESH_SECONDS:
            return None
        entry.used_at = now
        return model

    def versions(self) -> list[str]:
        """Return the ids of all files, the highest first; the last known if it cannot be read."""
        listed_at, versions = self._listing
        return versions if self._clock() - listed_at < FRESH_SECONDS else self._list()

    def manifests(self) -> dict[str, Manifest]:
        """Return the manifest of each version that is signed, the highest first; loads no model.

        Those that are not loaded have no weights.
        """
        manifests = {}
        for version in self.versions():
            try:
                manifests[version] = self._manifest(version)
            except (ApplicationError, OSError):
                continue  # its state tells
        self._manifests.forget_others(manifests)
        return manifests

    def states(self) -> dict[str, VersionState]:
        """Return each version's state; looks again at those tried before, loads no other."""
        states = {}
        for version in self.versions():
            with contextlib.suppress(UnknownVersion):  # it was deleted since they were listed
                states[version] = self._state(version)
        return states

    def outdated(self) -> list[str]:
        """Return the versions whose older file is served here; touches no file."""
        return [
            version
            for version, entry in list(self._entries.items())
            if entry.model is not None and entry.failure is not None
        ]

    def _list(self) -> list[str]:
        now = self._clock()
        try:
            paths = get_files_matching(self._root, FILENAME_PATTERN)
            ids = {parse_version_id(os.path.basename(path)) for path in paths}
        except OSError as error:
            self._warn(error)
            loaded = [version for version, entry in list(self._entries.items()) if entry.model]
            ids = {*self._listing[1], *loaded}
        versions = sorted(ids, key=version_number, reverse=True)
        self._listing = (now, versions)
        return versions

    def _latest(self) -> "TrainedModel":
        # Listed anew before giving up: the one that was listed may have made way for another.
        for list_versions in (self.versions, self._list):
            for version in list_versions():
                with contextlib.suppress(UnknownVersion, UnavailableVersion):
                    return self.get(version)
        raise UnknownVersion(LATEST)

    def _manifest(self, version: str) -> Manifest:
        entry = self._entries.get(version)
        if entry is not None and entry.model is not None:
            return self._refresh(version).manifest
        return self._manifests.read(self._path(version), version, self._keys.read())

    def _state(self, version: str) -> VersionState:
        entry = self._entries.get(version)
        if entry is None or (entry.model is None and entry.failure is None):
            return VersionState("not loaded")
        try:
            self._refresh(version)
        except UnavailableVersion:
            return VersionState("unavailable")
        return VersionState("ready", outdated=entry.failure is not None)

    def _refresh(self, version: str) -> "TrainedModel":
        """Return the model after a look at its file, if nobody had one lately."""
        entry = self._entries.get(version)
        if entry is None:
            if self._identify(version) is None:
                raise UnknownVersion(version)  # and leave no entry behind
            entry = self._entries.setdefault(version, Entry())
        model = entry.model
        if model is None:
            entry.lock.acquire()
        elif not entry.lock.acquire(blocking=False):
            return model  # another thread is loading its replacement
        try:
            return self._look(version, entry)
        finally:
            entry.lock.release()

    def _look(self, version: str, entry: Entry) -> "TrainedModel":
        """Load the file if it is new or changed, or if it is time to try it again."""
        now, model = self._clock(), entry.model
        untried = model is None and entry.failure is None
        if untried or now - entry.checked_at >= FRESH_SECONDS:
            try:
                identity = self._identify(version)
            except UnavailableVersion:
                if model is None:
                    raise
                identity = entry.identity  # nobody knows what is there: nothing is retired
            if identity is None:
                self._retire(version, entry)
                raise UnknownVersion(version)
            # Before it loads: until then the others go on with the old model, and what is published
            # while it loads is seen in time.
            entry.checked_at = now
            again = entry.failure is not None and now - entry.failed_at >= RETRY_SECONDS
            if untried or again or identity != entry.identity:
                model = self._load(version, entry, identity) or model
        if model is None:
            raise UnavailableVersion(version, entry.failure or "")
        return model

    def _load(
        self, version: str, entry: Entry, identity: FileIdentity | None
    ) -> "TrainedModel | None":
        """Return the new model, None if it cannot be loaded."""
        try:
            keys = self._keys.read()
            with open_model_file(self._path(version)) as file:
                identity = identify(os.fstat(file.fileno()))
                model = load_trained_model(file, version, keys, may_unpickle=self._may_unpickle)
        except Exception as error:  # whatever it is, it is this version's trouble alone
            told = isinstance(error, ApplicationError | OSError)
            failure = str(error) if told else repr(error)
            entry.identity, entry.failure, entry.failed_at = identity, failure, self._clock()
            consequence = "" if entry.model is None else ", its older file is served on"
            log.error("%s cannot be loaded%s: %s", version, consequence, failure)
            self._on_load(version, "failed")
            return None
        entry.used_at = self._clock()
        entry.model, entry.identity, entry.failure = model, identity, None
        log.info("%s is loaded: %s", version, model.digest)
        self._on_load(version, "loaded")
        self._make_room(entry)
        return model

    def _make_room(self, newest: Entry) -> None:
        """Evict the least recently used models, but last those that could not be loaded again."""
        others = [
            entry
            for entry in list(self._entries.values())
            if entry.model is not None and entry is not newest
        ]
        others.sort(key=lambda entry: (entry.failure is not None, entry.used_at))
        for entry in others[: max(0, len(others) + 1 - self._max_loaded)]:
            entry.model = None

    def _retire(self, version: str, entry: Entry) -> None:
        if entry.identity is not None:
            log.info("%s is retired: its file is gone", version)
        entry.model = entry.identity = entry.failure = None

    def _path(self, version: str) -> str:
        return os.path.join(self._root, make_filename(version))

    def _identify(self, version: str) -> FileIdentity | None:
        """Return the identity of the version's file, which changes with it; None if it is gone.

        Raises
        ------
        UnknownVersion
            If it is no version id.
        UnavailableVersion
            If the directory cannot be read.
        """
        try:
            filename = make_filename(version)
        except InvalidVersionId as error:
            raise UnknownVersion(version) from error
        try:
            return find_file(self._root, filename)
        except OSError as error:
            self._warn(error)
            raise UnavailableVersion(version, str(error)) from error

    def _warn(self, error: OSError) -> None:
        now = self._clock()
        if now - self._warned_at >= RETRY_SECONDS:
            self._warned_at = now
            log.warning("the models' directory cannot be read: %s", error)
