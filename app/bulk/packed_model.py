"""A verified model that can be sent to the processes and machines that score with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.store.manifest import Manifest

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel


@dataclass(frozen=True)
class PackedModel:
    """A verified model that can be sent to another process.

    Attributes
    ----------
    manifest : Manifest
    pickle : bytes or None
        None if the manifest has weights: then nobody needs scikit-learn.
    """

    manifest: Manifest
    pickle: bytes | None

    def unpack(self) -> "TrainedModel":
        """Return the model, after its self-check; each process unpacks it only once."""
        from app.store.loading import make_trained_model

        for model in _unpacked:
            # Not by the pickle alone: the same one may be published for tables of another dialect.
            if model.manifest == self.manifest:
                return model
        model = make_trained_model(self.manifest, self.pickle)
        _unpacked[:] = [model]  # a worker that serves many runs shall not fill up
        return model


_unpacked: list["TrainedModel"] = []
