"""A verified model on its way to the processes and machines that score with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.store.manifest import Manifest

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel


@dataclass(frozen=True)
class PackedModel:
    """A verified model on its way to where it is used.

    Attributes
    ----------
    manifest : Manifest
    pickle : bytes or None
        None if the manifest has weights: then nobody needs scikit-learn.
    """

    manifest: Manifest
    pickle: bytes | None

    def unpack(self) -> "TrainedModel":
        """Return the proven model; made once in each process."""
        from app.store.loading import make_trained_model

        for model in _unpacked:
            # Not by the pickle alone: the same one may be published for tables of another dialect.
            if model.manifest == self.manifest:
                return model
        model = make_trained_model(self.manifest, self.pickle)
        _unpacked[:] = [model]  # a worker that serves many runs shall not fill up
        return model


_unpacked: list["TrainedModel"] = []
