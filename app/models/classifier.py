"""The former name of `app.models.estimators`, for forks and for models pickled before."""

from app.models.estimators import build_classifier

__all__ = ["build_classifier"]
