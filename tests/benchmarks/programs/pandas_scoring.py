"""Scoring a CSV as one writes it by hand: read in chunks, predict, append.

python -m tests.benchmarks.programs.pandas_scoring CSV OUTPUT MODEL
"""

import sys

import joblib
import pandas as pd

estimator = joblib.load(sys.argv[3])
for number, chunk in enumerate(pd.read_csv(sys.argv[1], chunksize=100_000)):
    predictions = estimator.predict_proba(chunk.drop(columns="id"))[:, 1].round(4)
    scored = pd.DataFrame({"id": chunk["id"], "prediction": predictions})
    scored.to_csv(sys.argv[2], index=False, mode="a" if number else "w", header=not number)
