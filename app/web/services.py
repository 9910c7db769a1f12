"""What the routes of one application share."""

from dataclasses import dataclass

from app.api_keys import ApiKeys
from app.cors import Cors
from app.helpers.metrics import Metrics
from app.helpers.records import Records
from app.hosts import TrustedHosts
from app.models.model_store import ModelStore


@dataclass(frozen=True)
class Limits:
    """How much a request may hold."""

    max_body_bytes: int
    max_json_rows: int
    max_csv_rows: int


@dataclass(frozen=True)
class Services:
    """The services of an application, made with it."""

    store: ModelStore
    api_keys: ApiKeys
    hosts: TrustedHosts
    cors: Cors
    limits: Limits
    records: Records
    metrics: Metrics
