"""What deploy/ asks Prometheus for, and a server that has something to tell of each metric."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import promql_parser
import yaml
from promql_parser import AggregateExpr, BinaryExpr, Expr, VectorSelector

from app.settings import Settings
from app.tables.columns import Columns
from tests.support.configs import make_config
from tests.support.paths import ROOT
from tests.support.servers import read, running_server
from tests.support.training import train
from tests.support.visits import write_visits

JOB = "flask-sklearn-seed"
TARGET_LABELS = frozenset({"job", "instance"})  # what Prometheus adds to each sample
VARIABLES = {"$__rate_interval": "1m", "$job": JOB, "$version": ".*"}  # of the dashboard
VISIT = {
    "id": 1,
    "since": "2023-02-14",
    "at": "2023-02-14T12:00:00Z",
    "age": 40,
    "member": True,
    "plan": "basic",
    "city": "Bree",
}
ODD_VISIT = VISIT | {"since": "1999-12-31", "age": 400, "city": "Minas Tirith"}
_BOUGHT = Columns("bought")
_DEADLINE = 30  # seconds


@dataclass(frozen=True)
class Use:
    """A metric that an expression reads, and the labels of it that matter there."""

    metric: str
    labels: frozenset[str]


def read_dashboard() -> dict[str, Any]:
    """Return deploy/grafana.json."""
    dashboard: dict[str, Any] = json.loads((ROOT / "deploy/grafana.json").read_text())
    return dashboard


def read_alerts() -> dict[str, Any]:
    """Return the rules of deploy/alerts.yaml by name."""
    groups = yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboard_expressions() -> list[str]:
    """Return what the panels ask for, with values in place of the dashboard's variables."""
    pattern = re.compile("|".join(map(re.escape, VARIABLES)))
    return [
        pattern.sub(lambda match: VARIABLES[match[0]], target["expr"])
        for panel in read_dashboard()["panels"]
        for target in panel.get("targets", ())
    ]


def uses_of(expression: str) -> list[Use]:
    """Return each metric that an expression reads, with the labels that it is chosen or told by."""
    return list(_walk(promql_parser.parse(expression), frozenset()))


def _walk(expression: Expr, labels: frozenset[str]) -> Iterator[Use]:
    """Yield the uses below an expression whose result must have some labels."""
    if isinstance(expression, VectorSelector):
        matchers = {matcher.name for matcher in expression.matchers.matchers}
        yield Use(expression.name or "", labels | matchers)
    elif isinstance(expression, AggregateExpr):
        kept = expression.modifier.labels if expression.modifier else []
        yield from _walk(expression.expr, labels | frozenset(kept))
    elif isinstance(expression, BinaryExpr):
        matching = expression.modifier and expression.modifier.matching
        both = frozenset(matching.labels if matching else ())
        yield from _walk(expression.lhs, labels | both)
        yield from _walk(expression.rhs, both if matching else labels)
    else:
        inner = getattr(expression, "args", None) or [
            getattr(expression, name)
            for name in ("expr", "vector_selector")
            if hasattr(expression, name)
        ]
        for part in inner:
            yield from _walk(part, labels)


@contextmanager
def eventful_server(root: Path) -> Iterator[int]:
    """Run a server of which each metric has something to tell, and give its port."""
    config = make_config(root)
    train(str(write_visits(root / "visits.csv")), "v0", columns=_BOUGHT, config=config)
    with running_server(config, workers=1) as (port, _):
        make_events(port, config)
        yield port


def make_events(port: int, config: Settings) -> None:
    """Send rows, good, odd and wrong ones, and then replace v0 by a file that cannot be loaded."""
    send_rows(port)
    Path(config.models_root, "trained-model-v0.p").write_bytes(b"garbage")
    deadline = time.monotonic() + _DEADLINE
    while 'model_outdated{version="v0"} 1.0' not in read(port, "/metrics"):
        assert time.monotonic() < deadline, "waited in vain"
        send_rows(port)


def send_rows(port: int) -> None:
    """Ask for two predictions, of which one row is odd, and send a row that is refused."""
    read(port, "/v0/predict", json.dumps([VISIT, ODD_VISIT]).encode())
    with suppress(HTTPError):
        read(port, "/v0/predict", b"{}")
