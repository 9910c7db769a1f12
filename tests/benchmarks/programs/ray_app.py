"""The model behind Ray Serve, access log off."""

import os
import signal
import sys

import joblib
import numpy as np
import ray
from ray import serve
from ray.serve.schema import LoggingConfig
from starlette.requests import Request


@serve.deployment(max_ongoing_requests=64)
class Dummy:
    """The model."""

    def __init__(self, path: str) -> None:
        self.model = joblib.load(path)

    async def __call__(self, request: Request) -> dict[str, float]:
        """Predict one row."""
        x = np.array([(await request.json())["x"]])
        return {"prediction": float(self.model.predict_proba(x)[0, 1])}


if __name__ == "__main__":
    ray.init(include_dashboard=False, log_to_driver=False)
    quiet = LoggingConfig(enable_access_log=False, log_level="WARNING")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])}, logging_config=quiet)
    serve.run(Dummy.bind(os.environ["BENCH_MODEL"]), route_prefix="/predict", logging_config=quiet)
    signal.sigwait({signal.SIGTERM})
    serve.shutdown()
    ray.shutdown()
