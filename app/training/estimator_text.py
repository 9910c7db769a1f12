"""An estimator as text: its steps and parameters as scikit-learn prints them.

scikit-learn's own `repr` takes 20 ms, indents by 50 columns, and shows the levels of categories and
the words of texts, some of which only a few rows have.
"""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, Union

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from app.store.origin import EstimatorText

MAX_WHOLE, MAX_LAST = 4000, 200  # characters
_WIDTH = 88  # of a line
_MAX_ITEMS = 30  # of a list, as in scikit-learn
_MAX_LIST = 500  # characters of a list's values, so that there is room for the steps after it
_LEFT_OUT = "[…]"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+(?=>)")  # of a function; another one each time


class _Brackets(NamedTuple):
    """What stands in brackets; each part has a name and "=" before it, or nothing."""

    opening: str
    parts: Sequence[tuple[str, "_Text"]]
    closing: str


_Text = Union[str, _Brackets]  # noqa: UP007 - "|" cannot refer to what is defined further up


def describe_estimator(estimator: Any) -> EstimatorText:
    """Return an estimator as text; of one that is not of scikit-learn's kind its class alone."""
    if not isinstance(estimator, BaseEstimator):
        name = type(estimator).__name__
        return EstimatorText(name, name)
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return EstimatorText(
        whole=_shorten("\n".join(_lines("", _describe(estimator), "")), MAX_WHOLE),
        last=_shorten(_in_one_line(_describe(last)), MAX_LAST),
    )


def _describe(value: Any) -> _Text:
    if isinstance(value, BaseEstimator):
        name = type(value).__name__
        try:
            parts = [(f"{key}=", _parameter(each)) for key, each in _changed(value).items()]
        except Exception:  # a fork's own estimator may raise anything
            return name
        return _Brackets(f"{name}(", parts, ")")
    if isinstance(value, list | tuple):
        opening, closing = "[]" if isinstance(value, list) else "()"
        items = [("", _describe(each)) for each in value[:_MAX_ITEMS]]
        if any(isinstance(item, _Brackets) for _, item in items):
            return _Brackets(opening, _cut(items, len(value)), closing)
        # Plain values stay together, however long the line becomes.
        while sum(len(item) for _, item in items) > _MAX_LIST:
            items.pop()
        return _in_one_line(_Brackets(opening, _cut(items, len(value)), closing))
    return _ADDRESS.sub("", repr(value))


def _cut(items: list[tuple[str, _Text]], length: int) -> list[tuple[str, _Text]]:
    """Return items of a list of that length, and dots if they are not all."""
    return items if len(items) == length else [*items, ("", "...")]


def _parameter(value: Any) -> _Text:
    return _LEFT_OUT if _lists_texts(value) else _describe(value)


def _changed(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the parameters that differ from their defaults."""
    defaults = inspect.signature(type(estimator).__init__).parameters
    parameters = estimator.get_params(deep=False)
    return {
        name: value
        for name, value in parameters.items()
        if name not in defaults
        or type(value) is not type(defaults[name].default)
        or repr(value) != repr(defaults[name].default)
    }


def _lists_texts(value: Any) -> bool:
    """Whether a parameter lists texts, such as the levels of categories or the words of texts."""
    if isinstance(value, str):
        return False
    kinds = {type(leaf) for leaf in _leaves(value)}
    return str in kinds and kinds <= {str, int, float, type(None)}


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what a collection holds, and what the collections in it hold."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence | Set | Mapping) and not isinstance(value, str):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _in_one_line(text: _Text) -> str:
    if isinstance(text, str):
        return text
    parts = (name + _in_one_line(part) for name, part in text.parts)
    line = text.opening + ", ".join(parts)
    return line + ("," if text.opening == "(" and len(text.parts) == 1 else "") + text.closing


def _lines(name: str, text: _Text, indentation: str) -> Iterator[str]:
    """Yield a text in one line if it fits, else with a line for each part."""
    line = indentation + name + _in_one_line(text)
    if isinstance(text, str) or len(line) <= _WIDTH:
        yield line
        return
    yield indentation + name + text.opening
    for name_of_part, part in text.parts:
        *before, last = _lines(name_of_part, part, indentation + "  ")
        yield from before
        yield last + ","
    yield indentation + text.closing


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
