"""The store: no more models stay in memory than are allowed."""

import gc
import weakref
from pathlib import Path

import pytest

from tests.support.model_stores import (
    NOT_LOADED,
    OUTDATED,
    READY,
    Clock,
    Watched,
    corrupt,
    make_store,
    predict,
    publish,
    refusal,
    unavailable,
)


@pytest.mark.parametrize("pause", [0.25, 1.5])
def test_the_least_recently_used_model_goes_first(pause: float, root: Path, clock: Clock) -> None:
    """It is loaded again when it is asked for; looking at states and manifests is no use."""
    store = make_store(root, clock, max_loaded=2)
    for version, probability in (("v0", 0.125), ("v1", 0.25), ("v2", 0.5)):
        publish(root, version, probability)
    for version in ("v0", "v1", "v0"):
        clock.now += pause  # of a second: whether it is looked at again or not, it is used
        store.get(version)
    v1 = weakref.ref(store.get("v1"))
    clock.now += pause
    store.get("v0")
    for _ in range(5):
        clock.now += 1.5
        assert store.states() == {"v2": NOT_LOADED, "v1": READY, "v0": READY}
        assert list(store.manifests()) == ["v2", "v1", "v0"]
    assert predict(store, "v2") == 0.5
    assert store.states() == {"v2": READY, "v1": NOT_LOADED, "v0": READY}
    assert predict(store, "v1") == 0.25
    assert store.states() == {"v2": READY, "v1": READY, "v0": NOT_LOADED}
    assert Watched.loads == [0.125, 0.25, 0.5, 0.25]
    gc.collect()
    assert v1() is None


def test_a_model_that_could_not_be_loaded_again_goes_last(root: Path, clock: Clock) -> None:
    """While its replacement is bad, the others make room; only a limit of one leaves no choice."""
    for version in ("v0", "v1", "v2"):
        publish(root, version, 0.25)
    store = make_store(root, clock, max_loaded=2)
    assert predict(store, "v0") == 0.25
    corrupt(root, "v0")
    for version in ("v1", "v2", "v1", "v2"):
        clock.now += 1
        assert predict(store, version) == 0.25
        clock.now += 1
        assert store.states()["v0"] == OUTDATED
    assert predict(store, "v0") == 0.25

    publish(root, "v0", 0.25)
    store = make_store(root, clock, max_loaded=1)
    assert predict(store, "v0") == 0.25
    corrupt(root, "v0")
    clock.now += 1
    assert predict(store, "v0") == 0.25
    Watched.loads.clear()
    assert predict(store, "v1") == predict(store, "v1") == 0.25
    assert Watched.loads == [0.25]
    assert refusal(store, "v0") == unavailable("v0")
