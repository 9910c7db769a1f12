"""The manifest: those of older formats are read."""

import json
from dataclasses import asdict, replace

from app.settings import Settings
from app.store.manifest import Manifest
from tests.support.training import Run, load_model


def test_an_older_manifest_is_read(train_made_csv: Run, config: Settings) -> None:
    """It knows neither the search nor the refit."""
    train_made_csv()
    manifest = load_model(config).manifest
    older = json.loads(json.dumps(asdict(manifest)))
    del older["search"], older["parameters"]["refit_on_all"]
    read = Manifest.from_json(older)
    assert replace(read, parameters=manifest.parameters) == manifest
