"""What the routes of one application share."""

from dataclasses import dataclass

from app.store.model_store import ModelStore
from app.telemetry.metrics import Metrics
from app.telemetry.records import Records
from app.web.access.api_keys import ApiKeys
from app.web.access.cors import Cors
from app.web.access.hosts import TrustedHosts


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
