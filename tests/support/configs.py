"""Settings that keep everything below one folder."""

from pathlib import Path

from app.settings import Settings

SIGNING_KEY = "a key that only these tests sign with"


def make_config(root: Path) -> Settings:
    """Return settings whose models, logs and keys are all below `root`."""
    (root / "models").mkdir()
    return Settings(
        models_root=str(root / "models"),
        logs_root=str(root / "logs"),
        model_signing_key=SIGNING_KEY,
        model_signing_key_file=str(root / "no-key-file"),
    )
