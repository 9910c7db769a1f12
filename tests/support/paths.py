"""Where this repository and its training data are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TRAINING_CSV = str(ROOT / "data/raw/training.csv")
