"""What all routes of one application share."""

from dataclasses import dataclass

from app.store.model_store import ModelStore
from app.telemetry.metrics import Metrics
from app.telemetry.records import Records
from app.web.access.admission import Admission
from app.web.draining import Draining


@dataclass(frozen=True)
class Limits:
    """How much a request may contain."""

    max_body_bytes: int
    max_json_rows: int
    max_csv_rows: int


@dataclass(frozen=True)
class Services:
    """The services of one application; `create_app` makes them."""

    store: ModelStore
    admission: Admission
    limits: Limits
    draining: Draining
    records: Records
    metrics: Metrics
