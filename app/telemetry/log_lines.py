"""The lines of the application log, as text or as JSON: one for each request or message.

No client can forge a line. Requests are formatted in batches: what many of them have in common is
looked at once.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote

from app.helpers.traces import trace_id
from app.telemetry.records import Record, transpose

MAX_PATH_LENGTH = 256
MAX_FIELD_LENGTH = 64

_STATUSES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}
_SAFE = "/:@!$&'()*+,;="  # besides letters, digits and -._~, what a path may hold (RFC 3986, 3.3)
_is_plain = re.compile(r"[A-Za-z0-9._~-]+").fullmatch


@dataclass(frozen=True)
class LineFormat:
    """How lines are formatted.

    Attributes
    ----------
    requests : callable
        Records of requests → as many lines.
    messages : logging.Formatter
    """

    requests: Callable[[Sequence[Record]], list[str]]
    messages: logging.Formatter


class JsonFormatter(logging.Formatter):
    """A message as a JSON object; a traceback is its `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of ASCII, without its end."""
        message = {
            "timestamp": f"{_utc(int(record.created))}.{int(record.created % 1 * 1000):03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            message["exception"] = self.formatException(record.exc_info)
        return json.dumps(message, separators=(",", ":"))


class TextFormatter(logging.Formatter):
    """A message as text; the lines after the first one, such as a traceback's, are indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return printable lines, without the last line's end."""
        return "\n  ".join(map(_escape, super().format(record).splitlines()))


def _escape(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def text_lines(records: Sequence[Record]) -> list[str]:
    """Return one line of printable text for each request, whatever the client sent.

    >>> [line] = text_lines([Record(9e8, "::1", "GET", "http", "/a b", "", 404, 2e-4, "5f0c")])
    >>> line[26:]
    'app - INFO - ::1 GET http /a%20b 404 NOT FOUND 0.200 ms 5f0c'
    """
    if not records:
        return []
    of = transpose(records)
    requests = map(_describe, of.status, of.remote_addr, of.method, of.scheme, of.path)
    return [  # faster than with f-strings
        "%s,%03d - app - %s %.3f ms %s"  # noqa: UP031
        % (_date(int(at)), at % 1 * 1000, request, duration * 1000, id_)
        for at, request, duration, id_ in zip(
            of.time, requests, of.duration, _quote_all(of.request_id), strict=True
        )
    ]


def json_lines(records: Sequence[Record]) -> list[str]:
    """Return a JSON object in one line for each request.

    Its timestamp is RFC 3339, its duration in seconds. `version` is there if a model predicted, and
    `trace_id` if the request had a valid `traceparent` (W3C Trace Context).
    """
    if not records:
        return []
    of = transpose(records)
    versions = [outcome.version for outcome in of.outcome]
    requests = map(
        _describe_json, of.status, of.remote_addr, of.method, of.scheme, of.path, versions
    )
    # Percent-encoding leaves nothing that JSON would have to escape.
    return [
        '{"timestamp":"%s.%03dZ",%s,"duration":%.6f,"request_id":"%s"%s}'  # noqa: UP031
        % (_utc(int(at)), at % 1 * 1000, request, duration, id_, trace)
        for at, request, duration, id_, trace in zip(
            of.time,
            requests,
            of.duration,
            _quote_all(of.request_id),
            map(_trace, of.traceparent),
            strict=True,
        )
    ]


@lru_cache(maxsize=1024)
def _describe_json(
    status: int, remote_addr: str, method: str, scheme: str, path: str, version: str | None
) -> str:
    level = "INFO" if status < 500 else "ERROR"
    method, path = _quote(method), _quote(path, MAX_PATH_LENGTH)
    return (
        f'"level":"{level}","logger":"app"'
        f',"message":"{method} {path} {_STATUSES.get(status, status)}"'
        f',"remote_addr":"{_quote(remote_addr)}","method":"{method}","scheme":"{_quote(scheme)}"'
        f',"path":"{path}","status":{status}'
    ) + (f',"version":"{version}"' if version else "")


def _trace(traceparent: str) -> str:
    id_ = trace_id(traceparent)
    return f',"trace_id":"{id_}"' if id_ else ""


@lru_cache(maxsize=8)
def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


@lru_cache(maxsize=1024)
def _describe(status: int, remote_addr: str, method: str, scheme: str, path: str) -> str:
    return (
        f"{'INFO' if status < 500 else 'ERROR'}"
        f" - {_quote(remote_addr)} {_quote(method)} {_quote(scheme)}"
        f" {_quote(path, MAX_PATH_LENGTH)} {_STATUSES.get(status, status)}"
    )


@lru_cache(maxsize=8)
def _date(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _quote_all(texts: Sequence[str]) -> Iterable[str]:
    if max(map(len, texts)) <= MAX_FIELD_LENGTH and all(texts) and _is_plain("".join(texts)):
        return texts  # the usual case, ten times as fast
    return map(_quote, texts)


def _quote(text: str, max_length: int = MAX_FIELD_LENGTH) -> str:
    if len(text) <= MAX_FIELD_LENGTH and _is_plain(text):
        return text
    # Cut before it is cached, so that long paths do not fill up the memory.
    shown = _percent_encode(text[:max_length])
    return shown if len(text) <= max_length else shown + "…"


@lru_cache(maxsize=1024)
def _percent_encode(text: str) -> str:
    try:
        encoded = text.encode("latin-1")
    except UnicodeEncodeError:  # WSGI allows no such text, but nothing may fail here
        encoded = text.encode("utf-8", "surrogatepass")
    return quote(encoded, safe=_SAFE) or "-"


FORMATS = {
    "text": LineFormat(text_lines, TextFormatter()),
    "json": LineFormat(json_lines, JsonFormatter()),
}
"""What LOG_FORMAT can be."""
