"""The model behind LitServe, access log off."""

import os
import sys
from typing import Any

import joblib
import litserve
import numpy as np


class Dummy(litserve.LitAPI):
    """The model."""

    def setup(self, device: str) -> None:
        """Load it."""
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    def decode_request(self, request: dict[str, Any]) -> Any:
        """Return a numpy row."""
        return np.array([request["x"]])

    def predict(self, x: Any) -> Any:
        """Return the probability."""
        return self.model.predict_proba(x)[0, 1]

    def encode_response(self, output: Any) -> dict[str, float]:
        """Return the answer."""
        return {"prediction": float(output)}


if __name__ == "__main__":
    server = litserve.LitServer(Dummy(), accelerator="cpu", fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
