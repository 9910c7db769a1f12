"""Training as one writes it by hand: the same pipeline, and nothing but the essential round it.

python -m tests.benchmarks.programs.bare_training CSV FILE
"""

import sys

import joblib
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from app.helpers.features import Feature
from app.models.estimators import build_classifier

frame = pd.read_csv(sys.argv[1])
X, y = frame.drop(columns="target"), frame["target"]
X_train, X_validation, y_train, y_validation = train_test_split(
    X, y, test_size=0.25, random_state=1, stratify=y
)
estimator = build_classifier([Feature(str(name), "number") for name in X])
estimator.fit(X_train, y_train)
print(roc_auc_score(y_validation, estimator.predict_proba(X_validation)[:, 1]))
joblib.dump(estimator, sys.argv[2])
