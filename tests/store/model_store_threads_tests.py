"""The store under stress: threads that read while others publish and delete.

Every look at the clock is seconds later, so that each call looks at the file.
"""

import itertools
import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.helpers.errors import UnavailableVersion, UnknownVersion
from app.store.model_store import LATEST
from tests.support.model_files import Fixed
from tests.support.model_stores import (
    NOT_LOADED,
    PATIENCE,
    READY,
    make_store,
    path_of,
    predict,
    publish,
    refusal,
    unknown,
)


@pytest.fixture(autouse=True)
def _pickled_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are classes of the tests, whose code need not travel: it takes much longer."""
    monkeypatch.setattr("app.store.pickling.to_pickle", pickle.dumps)


@pytest.fixture
def _switching_often() -> Iterator[None]:
    """Threads take turns fifty times as often: more of what could happen does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 50)
    yield
    sys.setswitchinterval(interval)


def ask_until(over: threading.Event, ask: Callable[[], Any]) -> list[Any]:
    """Ask again and again; return what the answers were, less repetitions."""
    answers: list[Any] = []
    while not over.wait(0.0005):  # seconds; else those who ask keep the publisher from its turn
        answer = ask()
        if answers[-1:] != [answer]:
            answers.append(answer)
    return answers


@pytest.mark.usefixtures("_switching_often")
def test_readers_never_see_a_broken_model(root: Path) -> None:
    """In 1,000 republications: each sees whole models only, and never an older one again."""
    store = make_store(root, itertools.count(0.0, 2.0).__next__)
    publish(root, "v0", 0.0, Fixed(0.0))
    over = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        readers = [
            pool.submit(ask_until, over, partial(predict, store, version))
            for version in ("v0", "v0", "v0", LATEST)
        ]
        states = pool.submit(ask_until, over, store.states)
        try:
            for number in range(1, 1001):
                probability = number / 10_000
                publish(root, "v0", probability, Fixed(probability))
        finally:
            over.set()
        for reader in readers:
            answers = reader.result(PATIENCE)
            assert answers == sorted(answers)
            assert len(answers) > 10
        assert {repr(state) for state in states.result(PATIENCE)} <= {
            repr({"v0": READY}),
            repr({"v0": NOT_LOADED}),
        }
    assert predict(store, "v0") == 0.1


@pytest.mark.usefixtures("_switching_often")
def test_versions_that_come_and_go_disturb_nobody(root: Path) -> None:
    """Readers are told that one is unknown, or get a whole model; another is always served."""
    store = make_store(root, itertools.count(0.0, 2.0).__next__)
    publish(root, "v0", 0.5, Fixed(0.5))
    over = threading.Event()

    def ask() -> Any:
        try:
            return predict(store, "v1")
        except UnknownVersion:
            return None
        except UnavailableVersion as error:  # it went between the look and the load
            return error.reason

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(ask_until, over, ask) for _ in range(2)]
        others = [
            pool.submit(ask_until, over, partial(predict, store, version))
            for version in ("v0", LATEST)
        ]
        try:
            for _ in range(200):
                publish(root, "v1", 0.25, Fixed(0.25))
                path_of(root, "v1").unlink()
        finally:
            over.set()
        for reader in readers:
            gone = f"[Errno 2] No such file or directory: '{path_of(root, 'v1')}'"
            assert set(reader.result(PATIENCE)) <= {0.25, None, gone}
        assert others[0].result(PATIENCE) == [0.5]
        assert set(others[1].result(PATIENCE)) <= {0.25, 0.5}
    assert refusal(store, "v1") == unknown("v1")


@pytest.mark.usefixtures("_switching_often")
def test_models_that_make_room_for_each_other_are_always_whole(root: Path) -> None:
    """Four versions and room for two, asked for by four threads."""
    store = make_store(root, itertools.count(0.0, 2.0).__next__, max_loaded=2)
    probabilities = {"v0": 0.125, "v1": 0.25, "v2": 0.5, "v3": 0.75}
    for version, probability in probabilities.items():
        publish(root, version, probability, Fixed(probability))

    def ask(seed: int) -> None:
        for version in random.Random(seed).choices(list(probabilities), k=300):
            assert predict(store, version) == probabilities[version]

    with ThreadPoolExecutor(4) as pool:
        for asked in [pool.submit(ask, seed) for seed in range(4)]:
            asked.result(PATIENCE)
    states = list(store.states().values())
    assert states.count(READY) <= 2
    assert states.count(READY) + states.count(NOT_LOADED) == 4
