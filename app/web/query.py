"""The query of a prediction: what a client can ask for besides the prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.helpers.errors import InvalidRequest, enumerate_first, quote
from app.helpers.predictions import MIN_INTERVAL_ROWS
from app.store.manifest import Manifest
from app.web.wsgi_request import Environ

PARAMETERS = "explain", "label", "threshold", "interval"
_NUMBER_CHARACTERS = frozenset("0123456789.eE-+")


@dataclass(frozen=True)
class Query:
    """What a client asks for.

    Attributes
    ----------
    explain : bool
        What each feature contributed.
    label : bool
        The class that the model would choose.
    threshold : float or None
        With two classes, the probability from which on that is the positive one; None for the
        version's own.
    interval : bool
        Where the true number of a regression lies.
    """

    explain: bool = False
    label: bool = False
    threshold: float | None = None
    interval: bool = False


NOTHING = Query()


def parse_query(environ: Environ, is_csv: bool, manifest: Manifest | None) -> Query:
    """Return what a WSGI request asks for; a threshold alone asks for the label, too.

    Parameters
    ----------
    environ : dict
    is_csv : bool
    manifest : Manifest or None
        Of the version that is asked; None if it does not matter.

    Raises
    ------
    InvalidRequest
        If it asks for what there is not, or if what it asks for is unclear.
    """
    # Not Flask's request.args, which fails on bytes that are not UTF-8.
    text: str = environ.get("QUERY_STRING", "")
    if not text:
        return NOTHING
    # PEP 3333: each byte arrives as a character. Names with an accent are UTF-8, encoded or not.
    text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    sent = dict(parse_qsl(text, keep_blank_values=True))  # of several, the last one counts
    if unknown := [name for name in sent if name not in PARAMETERS]:
        raise InvalidRequest(f"Unknown query parameters: {enumerate_first(map(quote, unknown))}")
    query = Query(
        explain=_flag(sent, "explain"),
        label=_flag(sent, "label") if "label" in sent else "threshold" in sent,
        threshold=_threshold(sent),
        interval=_flag(sent, "interval"),
    )
    if query.explain and is_csv:
        raise InvalidRequest("Explanations are given for JSON only.")
    if manifest is not None:
        _check_task(sent, query, manifest)
    return query


def _check_task(sent: Mapping[str, str], query: Query, manifest: Manifest) -> None:
    """Raise InvalidRequest if a version of this task does not have what is asked for."""
    if manifest.task == "regression":
        for name in ("label", "threshold"):
            if name in sent:
                raise InvalidRequest(f"The query parameter '{name}' is for classifications only.")
        if query.interval and (manifest.numbers is None or manifest.numbers.interval is None):
            raise InvalidRequest(
                f"Trained model version {quote(manifest.version)} has no intervals: they need a"
                f" validation set of at least {MIN_INTERVAL_ROWS} rows."
            )
    else:
        if "interval" in sent:
            raise InvalidRequest("The query parameter 'interval' is for regressions only.")
        if "threshold" in sent and manifest.positive_class is None:
            raise InvalidRequest("The query parameter 'threshold' is for two classes only.")


def _flag(sent: Mapping[str, str], name: str) -> bool:
    value = sent.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidRequest(f"The query parameter '{name}' must be true or false.")
    return value == "true"


def _threshold(sent: Mapping[str, str]) -> float | None:
    if "threshold" not in sent:
        return None
    try:
        number = float(sent["threshold"])
    except ValueError:
        number = -1.0
    # float() also takes 1_0, blanks, and the digits of other alphabets.
    if not _NUMBER_CHARACTERS.issuperset(sent["threshold"]) or not 0 <= number <= 1:
        raise InvalidRequest("The query parameter 'threshold' must be a number between 0 and 1.")
    return number
