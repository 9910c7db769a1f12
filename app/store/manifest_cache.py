"""Manifests that were read and verified before, each as long as its file stays as it was."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.store.manifest import Manifest
from app.store.model_file import open_model_file, read_manifest
from app.utils.files import FileIdentity, identify

_Stamp = tuple[FileIdentity, tuple[bytes, ...]]  # the file, and the keys it was verified with


@dataclass(frozen=True)
class ManifestCache:
    """The manifests of versions that are not in memory, without their weights.

    Reading one again takes a look at its file, some 1 % of the time that verifying it takes. Safe
    for threads.
    """

    _known: dict[str, tuple[_Stamp, Manifest]] = field(default_factory=dict)

    def read(self, path: str, version: str, keys: Sequence[bytes]) -> Manifest:
        """Return the manifest of a model file; parameters and errors are as in `read_manifest`."""
        with open_model_file(path) as file:
            stamp = identify(os.fstat(file.fileno())), tuple(keys)
            known = self._known.get(version)
            if known is None or known[0] != stamp:
                manifest = replace(read_manifest(file, version, keys), weights=None)
                known = self._known[version] = stamp, manifest
        return known[1]

    def forget_others(self, versions: Iterable[str]) -> None:
        """Keep only the manifests of these versions."""
        for version in self._known.keys() - set(versions):
            self._known.pop(version, None)
