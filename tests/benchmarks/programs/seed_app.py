"""The seed's way: Flask, jsonschema, scikit-learn on a numpy row, a log record a request."""

import logging
import os
from logging.handlers import RotatingFileHandler

import joblib
import numpy as np
from flask import Flask, Response, jsonify, request
from jsonschema import Draft202012Validator

app = Flask(__name__)
model = joblib.load(os.environ["BENCH_MODEL"])
handler = RotatingFileHandler(os.environ["BENCH_LOG"], maxBytes=10 * 1024 * 1024, backupCount=5)
handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
app.logger.addHandler(handler)
app.logger.setLevel(logging.INFO)
NAMES = ["x_1", "x_2", "x_3", "x_4"]
validator = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "id": {"anyOf": [{"type": "string", "maxLength": 256}, {"type": "integer"}]},
            **{name: {"type": "number", "minimum": -1e15, "maximum": 1e15} for name in NAMES},
        },
        "required": ["id", *NAMES],
        "additionalProperties": False,
    }
)


@app.post("/<version>/predict")
def predict(version: str) -> Response:
    """Predict one row."""
    row = request.get_json()
    validator.validate(row)
    x = np.array([[row[name] for name in NAMES]])
    return jsonify(id=row["id"], prediction=round(float(model.predict_proba(x)[0, 1]), 4))


@app.after_request
def log(response: Response) -> Response:
    """Log one request."""
    app.logger.info(
        "%s %s %s %s %s",
        request.remote_addr,
        request.method,
        request.scheme,
        request.full_path,
        response.status,
    )
    return response
