"""The metrics that Prometheus scrapes, summed over all workers.

In each process, one thread counts them from the records. The number of labels is bounded: they are
route templates, known methods and versions, but never text from a client. If the environment has
`PROMETHEUS_MULTIPROC_DIR`, each process keeps its numbers in files there, so that they outlive a
worker that is killed.
"""

import contextlib
import glob
import os
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from app.helpers.features import Feature
from app.telemetry.records import Record, transpose

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER = "other"
DURATION_BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # seconds
PROBABILITY_BOUNDS = tuple(k / 20 for k in range(1, 21))


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        # Imported here, because it decides where to keep the numbers as soon as it is imported.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        from app.telemetry import metric_files

        metric_files.install()
        self._files = metric_files
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from the arrival of a request to its answer.",
            ["route"],
            buckets=DURATION_BOUNDS,
            registry=registry,
        )
        self._predictions = Counter(
            "model_predictions", "Rows predicted.", ["version"], registry=registry
        )
        self._probabilities = Histogram(
            "model_prediction",
            "Predicted probability: the positive class's, or the highest of three or more. Of a"
            " regression, what share of the training set's numbers is below the predicted one.",
            ["version"],
            buckets=PROBABILITY_BOUNDS,
            registry=registry,
        )
        self._out_of_range = Counter(
            "model_inputs_out_of_range",
            "Numbers outside the range of the training set.",
            ["version", "feature"],
            registry=registry,
        )
        self._unseen = Counter(
            "model_unseen_categories",
            "Categories that the version does not know by name: rare in training, or new.",
            ["version", "feature"],
            registry=registry,
        )
        self._loads = Counter(
            "model_loads",
            "Attempts to load a model file.",
            ["version", "outcome"],
            registry=registry,
        )

        self._outdated = Gauge(
            "model_outdated",
            "Workers that serve an older file because the new one cannot be loaded.",
            ["version"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._ever_outdated: set[str] = set()
        self._lost = [
            Counter(name, meaning, registry=registry)
            for name, meaning in (
                ("log_lines_dropped", "Lines that could not be written to the log."),
                (
                    "records_dropped",
                    "Requests that were neither logged nor counted, because too many waited.",
                ),
                (
                    "record_batches_failed",
                    "Batches that could not be logged or counted.",
                ),
            )
        ]
        self._lost_so_far = [0] * len(self._lost)
        self._without_room = Gauge(
            "metric_series_without_room",
            "Series that only the worker that counted them can tell, for lack of room for a file.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def count_lost(self, log_lines: int, records: int, batches: int) -> None:
        """Count what was lost, given the totals of this process so far."""
        totals = [log_lines, records, batches]
        for counter, total, before in zip(self._lost, totals, self._lost_so_far, strict=True):
            counter.inc(total - before)
        self._lost_so_far = totals
        self._without_room.set(self._files.without_room())

    def show_outdated(self, versions: Sequence[str]) -> None:
        """Show for which versions this process serves an older file."""
        self._ever_outdated.update(versions)
        for version in self._ever_outdated:
            self._outdated.labels(version).set(version in versions)

    def count_load(self, version: str, outcome: str) -> None:
        """Count an attempt to load a model; the outcome is `loaded` or `failed`."""
        self._loads.labels(version, outcome).inc()

    def count_requests(self, records: Sequence[Record]) -> None:
        """Count a batch of records at once, since every access to a metric takes a lock."""
        for of, outcomes in _group(records):
            route, method = of.route[0], of.method[0] if of.method[0] in METHODS else OTHER
            self._requests.labels(route, method, str(of.status[0])).inc(len(of.route))
            _observe(self._durations.labels(route), of.duration)
            if outcomes.version[0] is not None:
                self._count_predictions(outcomes)

    def _count_predictions(self, of: Any) -> None:
        """Count what one model predicted, given its transposed outcomes."""
        version, features = of.version[0], of.features[0]
        predictions = list(chain.from_iterable(of.predictions))
        if predictions and isinstance(predictions[0], dict):
            predictions = [max(by_class.values()) for by_class in predictions]
        if quantiles := of.quantiles[0]:
            predictions = [_share_below(number, quantiles) for number in predictions]
        self._predictions.labels(version).inc(len(predictions))
        _observe(self._probabilities.labels(version), predictions)
        vectors = zip(*filter(None, of.vector), strict=True)
        for columns in filter(None, [*of.columns, list(vectors)]):
            for feature, values in zip(features, columns, strict=True):
                if feature.type == "number" and (outside := _count_outside(feature, values)):
                    self._out_of_range.labels(version, feature.name).inc(outside)
                if feature.open and (unseen := _count_unseen(feature, values)):
                    self._unseen.labels(version, feature.name).inc(unseen)

    def render(self, model_infos: Iterable[Mapping[str, str]]) -> bytes:
        """Return the text that Prometheus reads, summed over all processes.

        Parameters
        ----------
        model_infos : iterable of mapping
            The labels of `model_info` for each version. They are made for each scrape, because
            versions can be removed, but labels in the files cannot.
        """
        from prometheus_client import generate_latest
        from prometheus_client.core import InfoMetricFamily

        registry = self._registry
        if directory := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            self._without_room.set(self._files.without_room())
            _forget_the_dead(directory)
            registry = self._files.registry(directory)
        family = InfoMetricFamily("model", "What each version is.")
        for info in model_infos:
            family.add_metric([], dict(info))
        return bytes(generate_latest(registry) + generate_latest(_Collected([family])))


def _forget_the_dead(directory: str) -> None:
    """Remove the gauges of processes that have ended; their counters stay."""
    from prometheus_client.multiprocess import mark_process_dead

    for path in glob.glob(os.path.join(glob.escape(directory), "gauge_live*.db")):
        pid = int(path.rpartition("_")[2].removesuffix(".db"))
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):  # another scrape was quicker
                mark_process_dead(pid, directory)


class _Collected(list[Any]):
    """A registry of metrics that have already been collected."""

    def collect(self) -> Iterable[Any]:
        return self


def _group(records: Sequence[Record]) -> Iterator[tuple[Any, Any]]:
    """Yield records and their outcomes, both transposed, in groups that share all labels."""
    if not records:
        return
    of = transpose(records)
    outcomes = transpose(of.outcome)
    # The features are part of the key: a version that was trained again may have other ones.
    features = map(id, outcomes.features)
    keys = list(zip(of.route, of.method, of.status, outcomes.version, features, strict=True))
    if len(set(keys)) == 1:  # the usual case, in half the time
        yield of, outcomes
        return
    groups = defaultdict(list)
    for key, record in zip(keys, records, strict=True):
        groups[key].append(record)
    for group in map(transpose, groups.values()):
        yield group, transpose(group.outcome)


def _observe(histogram: Any, values: Iterable[float]) -> None:
    """Add many values to a histogram: 0.05 µs per value, where `observe` takes 2.7 µs."""
    values = sorted(values)
    below = 0
    for bound, bucket in zip(histogram._upper_bounds, histogram._buckets, strict=True):
        up_to = bisect_right(values, bound, below)
        if up_to > below:
            bucket.inc(up_to - below)
        below = up_to
    histogram._sum.inc(sum(values))


def _share_below(number: float, quantiles: Sequence[float]) -> float:
    """Return the share, 0 to 1, of a distribution that is below a number.

    >>> [_share_below(number, (0.0, 10.0, 10.0, 30.0, 40.0)) for number in (-1, 5, 10, 20, 50)]
    [0.0, 0.125, 0.375, 0.625, 1.0]
    """
    left, right = bisect_left(quantiles, number), bisect_right(quantiles, number)
    if left < right:  # it is one of them, or several that are equal
        place = (left + right - 1) / 2
    elif left in (0, len(quantiles)):
        place = min(left, len(quantiles) - 1)
    else:
        below, above = quantiles[left - 1], quantiles[left]
        place = left - 1 + (number - below) / (above - below)
    return place / (len(quantiles) - 1)


def _count_outside(feature: Feature, values: Sequence[Any]) -> int:
    """Return how many numbers lie outside the range of the training set."""
    low, high = feature.minimum, feature.maximum
    if low is None or high is None:
        return 0
    if feature.nullable:
        values = [value for value in values if value is not None]
    if not values or (low <= min(values) and max(values) <= high):  # the usual case
        return 0
    return len([value for value in values if not low <= value <= high])


def _count_unseen(feature: Feature, values: Sequence[Any]) -> int:
    """Return how many values are no category that the model knows by name."""
    known = feature.known
    return 0 if known.issuperset(values) else len([v for v in values if v not in known])
