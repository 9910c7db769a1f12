"""The model as a BentoML service, access log off."""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Dummy:
    """The model."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api
    async def predict(self, x: list[list[float]]) -> list[float]:
        """Predict rows."""
        return [float(p) for p in self.model.predict_proba(np.array(x))[:, 1]]
