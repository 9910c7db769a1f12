"""The model as one trains it by hand, on a numpy matrix: called faster than on a DataFrame.

python -m tests.benchmarks.programs.training_by_hand pipeline|regression CSV FILE
"""

import sys

import joblib
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

kind, csv, path = sys.argv[1:]
frame = pd.read_csv(csv)
regression = LogisticRegression(C=0.1, max_iter=1000)
if kind == "regression":
    frame = frame.dropna()
    estimator = regression
else:
    frame, _ = train_test_split(frame, test_size=0.25, random_state=1, stratify=frame["target"])
    estimator = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), regression)
X, y = frame.drop(columns=["id", "target"], errors="ignore"), frame["target"]
joblib.dump(estimator.fit(X.to_numpy(), y.to_numpy()), path)
