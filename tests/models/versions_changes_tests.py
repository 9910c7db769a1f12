"""Published versions are copied, signed again and removed, and nothing else is touched."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.app import create_app
from app.settings import Settings
from app.store.model_file import read_manifest, write_model_file
from tests.support.model_files import KEY, OTHER_KEY, Fixed, make_manifest
from tests.support.published import BOTH_KEYS, UNKNOWN_KEY, contents, publish, refusal
from tests.support.requests import ROW
from tests.support.system_errors import fail_with
from tests.support.training import Run


def test_a_copy_answers_as_its_source(
    run_versions: Run, models_root: Path, config: Settings, dummy_model: str
) -> None:
    """Under the new id; the pickle is the same to the byte, and the source is not touched."""
    source = Path(shutil.copy(dummy_model, models_root))
    before = contents(models_root)
    result = run_versions("copy", "v0", "v7")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "v7 is now the model of v0.\n"
    assert contents(models_root) == before | {
        "trained-model-v7.p": (models_root / "trained-model-v7.p").read_bytes()
    }
    manifests = {}
    for version in ("v0", "v7"):
        with open(models_root / f"trained-model-{version}.p", "rb") as file:
            manifests[version] = read_manifest(file, version, [KEY])
            file.seek(0)
            assert source.read_bytes().startswith(file.read(manifests[version].size))
    assert manifests["v7"] == replace(manifests["v0"], version="v7")
    client = create_app(config).test_client()
    answers = [client.post(f"/{name}/predict", json=ROW) for name in ("v0", "v7", "latest")]
    assert len({answer.data for answer in answers}) == 1
    assert [answer.headers["X-Model-Version"] for answer in answers] == ["v0", "v7", "v7"]


def test_a_copy_replaces_only_if_it_is_said(run_versions: Run, models_root: Path) -> None:
    """A typing error costs no version."""
    publish(models_root, "v1", probability=0.25)
    publish(models_root, "v2")
    before = contents(models_root)
    expected = "Error: v2 exists already; --replace replaces it."
    assert refusal(run_versions("copy", "v1", "v2")) == expected
    assert contents(models_root) == before
    assert run_versions("copy", "v1", "v2", "--replace").exit_code == 0
    with open(models_root / "trained-model-v2.p", "rb") as file:
        assert read_manifest(file, "v2", [KEY]).self_check[0].probabilities == (0.25,)


def test_a_copy_tells_what_changes_for_clients(run_versions: Run, models_root: Path) -> None:
    """As training does."""
    publish(models_root, "v1")
    manifest = make_manifest("v2", classes=("no", "maybe"), positive_class="maybe")
    write_model_file(str(models_root / "trained-model-v2.p"), Fixed(0.5), manifest, KEY)
    assert run_versions("copy", "v1", "v3").stderr == (
        "Warning: v3 becomes the latest and does not answer as v2 does: class 'maybe' is gone;"
        " class 'yes' is new; the prediction is that of 'yes' instead of that of 'maybe'.\n"
    )


def test_a_rotation_signs_every_version_again(run_versions: Run, models_root: Path) -> None:
    """Nothing else in the files changes, and then the old key can go."""
    paths = [
        publish(models_root, "v1"),
        publish(models_root, "v2"),
        publish(models_root, "v3", OTHER_KEY),
    ]
    before = contents(models_root)
    result = run_versions("sign", model_signing_key=BOTH_KEYS)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "v3 was already signed with the first key.\n"
        "v2 is now signed with the first key.\n"
        "v1 is now signed with the first key.\n"
    )
    for path in paths:
        signature = slice(-48, -16)
        old, new = bytearray(before[path.name]), bytearray(path.read_bytes())
        assert (old[signature] == new[signature]) == (path.name == "trained-model-v3.p")
        del old[signature], new[signature]
        assert old == new
    states = [
        line.split()[-4:]
        for line in run_versions(model_signing_key=OTHER_KEY.decode()).stdout.splitlines()
    ]
    assert states[1:] == [["first", "key", "not", "loaded"]] * 3


def test_a_rotation_leaves_what_nobody_here_signed(run_versions: Run, models_root: Path) -> None:
    """It names these files, and signs the others."""
    publish(models_root, "v1")
    publish(models_root, "v2", UNKNOWN_KEY)
    (models_root / "trained-model-v3.p").write_bytes(b"garbage")
    before = contents(models_root)
    result = run_versions("sign", model_signing_key=BOTH_KEYS)
    assert result.exit_code == 2
    assert result.stdout == "v1 is now signed with the first key.\n"
    assert result.stderr == (
        "Error: Trained model version 'v3' cannot be used: it has no signed manifest. It is left as"
        " it is. Trained model version 'v2' cannot be used: it was not signed as v2 with a key of"
        " ours. It is left as it is.\n"
    )
    after = contents(models_root)
    assert {name for name in before if before[name] != after[name]} == {"trained-model-v1.p"}


def test_a_version_is_removed(run_versions: Run, models_root: Path) -> None:
    """Whatever its file is; the others stay."""
    publish(models_root, "v1")
    (models_root / "trained-model-v2.p").write_bytes(b"garbage")
    (models_root / "trained-model-v3.p").symlink_to("trained-model-v1.p")
    for version in ("v2", "v3"):
        result = run_versions("remove", version)
        assert (result.exit_code, result.stdout) == (0, f"{version} is removed.\n")
    assert os.listdir(models_root) == ["trained-model-v1.p"]


@pytest.mark.parametrize("arguments", [("copy", "v1", "v2", "--replace"), ("sign",)])
def test_a_full_disk_leaves_the_old_files(
    run_versions: Run,
    models_root: Path,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line names the file that could not be written."""
    publish(models_root, "v1", probability=0.25)
    publish(models_root, "v2")
    before = contents(models_root)
    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))
    line = refusal(run_versions(*arguments, model_signing_key=BOTH_KEYS), 1)
    assert line == f"Error: '{models_root}/trained-model-v2.p': No space left on device."
    assert contents(models_root) == before
