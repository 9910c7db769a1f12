"""Our application, except that what happened to a request is neither logged nor counted."""

from app.app import create_app
from app.telemetry.records import Record
from app.web.services import Services


def _forget(record: Record) -> None:
    pass


app = create_app()
_services: Services = app.extensions["services"]
_services.records.add = _forget  # type: ignore[method-assign]
