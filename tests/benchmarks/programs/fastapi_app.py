"""The same answer by hand with FastAPI, pydantic and scikit-learn.

As FastAPI's documentation recommends for speed: a return type, which pydantic serializes; an
`async def`, which needs no thread; uvicorn with uvloop and httptools, its access log off.
"""

import os
from typing import Annotated

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

app = FastAPI()
model = joblib.load(os.environ["BENCH_MODEL"])

Number = Annotated[float, Field(ge=-1e15, le=1e15)]


class Row(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid")
    id: int | Annotated[str, Field(max_length=256)]
    x_1: Number
    x_2: Number
    x_3: Number
    x_4: Number


class Answer(BaseModel):
    """What is answered."""

    id: int | str
    prediction: float


@app.post("/v0/predict")
async def predict(row: Row) -> Answer:
    """Predict one row."""
    x = np.array([[row.x_1, row.x_2, row.x_3, row.x_4]])
    return Answer(id=row.id, prediction=round(float(model.predict_proba(x)[0, 1]), 4))
