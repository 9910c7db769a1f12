"""Published versions, when something else happens to them meanwhile."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.helpers.errors import RefusedOperation, UnknownVersion
from app.store.model_file import write_parts
from app.store.versions import copy_version, find_versions, look_at, open_version, sign_version
from tests.support.model_files import KEY, OTHER_KEY
from tests.support.published import publish

KEYS = (OTHER_KEY, KEY)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something once a file was read, and before it is written: meanwhile(action)."""

    def meanwhile(action: Callable[[], object]) -> None:
        def act_and_write(*arguments: object, **options: object) -> None:
            action()
            write_parts(*arguments, **options)  # type: ignore[arg-type]  # as they came

        monkeypatch.setattr("app.store.versions.write_parts", act_and_write)

    return meanwhile


def test_a_version_that_is_published_meanwhile_is_not_signed_over(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """The new one stays."""
    publish(tmp_path, "v1")
    meanwhile(lambda: publish(tmp_path, "v1", probability=0.25))
    with pytest.raises(RefusedOperation) as caught:
        sign_version(str(tmp_path), "v1", KEYS)
    assert str(caught.value) == "v1 was replaced while it was signed."
    manifest = look_at(str(tmp_path), "v1", KEYS).manifest
    assert manifest is not None
    assert manifest.self_check[0].probabilities == (0.25,)
    assert os.listdir(tmp_path) == ["trained-model-v1.p"]


def test_a_version_that_is_removed_meanwhile_does_not_come_back(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """Signing it is refused."""
    path = publish(tmp_path, "v1")
    meanwhile(path.unlink)
    with pytest.raises(RefusedOperation):
        sign_version(str(tmp_path), "v1", KEYS)
    assert os.listdir(tmp_path) == []


def test_a_version_that_is_published_meanwhile_is_not_copied_over(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """As if it had been there all the time."""
    publish(tmp_path, "v1")
    meanwhile(lambda: publish(tmp_path, "v2", probability=0.25))
    with pytest.raises(RefusedOperation) as caught:
        copy_version(str(tmp_path), "v1", "v2", KEYS)
    assert str(caught.value) == "v2 exists already; --replace replaces it."
    manifest = look_at(str(tmp_path), "v2", KEYS).manifest
    assert manifest is not None
    assert manifest.self_check[0].probabilities == (0.25,)


def test_a_file_that_cannot_be_read_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the system's reason; one that is not there is unknown."""
    publish(tmp_path, "v1")

    def refuse(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("app.store.versions.open_model_file", refuse)
    known = look_at(str(tmp_path), "v1", KEYS)
    assert (known.state, known.reason) == ("unavailable", "it cannot be read: Permission denied")
    with pytest.raises(UnknownVersion):
        look_at(str(tmp_path), "v2", KEYS)
    with (
        pytest.raises(Exception, match="cannot be used: Permission denied"),
        open_version(str(tmp_path), "v1"),
    ):
        pass


def test_versions_are_found_by_number(tmp_path: Path) -> None:
    """v10 comes before v9, and other files are none."""
    for version in ("v9", "v10", "v0"):
        publish(tmp_path, version)
    for name in ("trained-model-v01.p", "trained-model-v1.p.tmp", "notes.txt"):
        (tmp_path / name).touch()
    assert find_versions(str(tmp_path)) == ["v10", "v9", "v0"]
