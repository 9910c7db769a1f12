"""The keys that sign and verify models: where they come from, and how they are made once."""

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.helpers.errors import SigningKeyError
from app.store.signing_key import SigningKeys
from tests.support.paths import ROOT
from tests.support.system_errors import fail_with

FIRST = "the first key, of at least 32 bytes"
SECOND = "the second key, of at least 32 bytes"
REMEDY = 'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'


def message_of(keys: SigningKeys) -> str:
    """Return what is said of keys that cannot be used."""
    with pytest.raises(SigningKeyError) as caught:
        keys.read()
    return str(caught.value)


def test_several_keys_are_read_in_their_order(tmp_path: Path) -> None:
    """One a line; blank lines and spaces around them do not count, nor how lines end."""
    text = f"\n  {FIRST}\r\n\n{SECOND}  \n"
    path = tmp_path / "key"
    path.write_text(text)
    expected = [FIRST.encode(), SECOND.encode()]
    assert SigningKeys(text, str(tmp_path / "nothing")).read() == expected
    assert SigningKeys("", str(path)).read() == expected


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    """Some editors write one, and whoever joins two files gets one in the middle."""
    text = f"\ufeff{FIRST}\n\ufeff{SECOND}\n"
    path = tmp_path / "key"
    path.write_text(text, encoding="utf-8")
    expected = [FIRST.encode(), SECOND.encode()]
    assert SigningKeys("", str(path)).read() == expected
    assert SigningKeys(text, "").read() == expected


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    """And no file is made when it holds a key."""
    path = tmp_path / "key"
    assert SigningKeys(FIRST, str(path)).read_or_create() == [FIRST.encode()]
    assert not path.exists()
    path.write_text(SECOND)
    assert SigningKeys(FIRST, str(path)).read_or_create() == [FIRST.encode()]


def test_keys_are_read_anew_each_time(tmp_path: Path) -> None:
    """They can be rotated without a restart."""
    path = tmp_path / "key"
    keys = SigningKeys("", str(path))
    path.write_text(FIRST)
    assert keys.read() == [FIRST.encode()]
    path.write_text(f"{SECOND}\n{FIRST}")
    assert keys.read() == [SECOND.encode(), FIRST.encode()]


def test_without_a_key_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    """Reading makes none: a server that made its own could verify nothing."""
    path = tmp_path / "key"
    assert message_of(SigningKeys("", str(path))) == (
        "There is no model signing key: set MODEL_SIGNING_KEY, or train a model,"
        f" which makes {path}."
    )
    assert not path.exists()


@pytest.mark.parametrize(
    "text", [b"\n", b"\n \n", "\ufeff".encode(), b"short", b"k" * 31, FIRST.encode() + b"\nshort"]
)
def test_empty_and_short_keys_are_refused(text: bytes, tmp_path: Path) -> None:
    """Even one beside a good one; the file is never overwritten, nor a key ever shown."""
    path = tmp_path / "key"
    path.write_bytes(text)
    keys = SigningKeys("", str(path))
    expected = f"{path} must hold one key per line, each of at least 32 bytes. {REMEDY}"
    assert message_of(keys) == expected
    with pytest.raises(SigningKeyError):
        keys.read_or_create()
    assert path.read_bytes() == text


def test_a_short_key_in_the_environment_is_refused(tmp_path: Path) -> None:
    """By the variable's name."""
    assert message_of(SigningKeys("short", str(tmp_path / "key"))) == (
        f"MODEL_SIGNING_KEY must hold one key per line, each of at least 32 bytes. {REMEDY}"
    )


def test_keys_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """Nothing of them is shown: the decoder's own message would name a byte."""
    path = tmp_path / "key"
    path.write_bytes(b"\xff\xfe" + os.urandom(64))
    assert message_of(SigningKeys("", str(path))) == f"{path} must be UTF-8 text. {REMEDY}"
    undecodable = os.fsdecode(b"\xff" * 64)
    assert message_of(SigningKeys(undecodable, "")) == (
        f"MODEL_SIGNING_KEY must be UTF-8 text. {REMEDY}"
    )


def test_keys_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    assert message_of(SigningKeys("", str(tmp_path))) == (
        f"The model signing key cannot be read: [Errno 21] Is a directory: '{tmp_path}'."
    )


def test_the_first_training_makes_a_key(tmp_path: Path) -> None:
    """For its owner alone, whatever the umask; the next training finds it."""
    path = tmp_path / "key"
    umask = os.umask(0)
    try:
        made = SigningKeys("", str(path)).read_or_create()
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == made[0].decode() + "\n"
    assert len(bytes.fromhex(made[0].decode())) == 32
    assert SigningKeys("", str(path)).read_or_create() == made
    assert os.listdir(tmp_path) == ["key"]


def test_no_two_keys_are_the_same(tmp_path: Path) -> None:
    """They are random."""
    keys = [SigningKeys("", str(tmp_path / str(n))).read_or_create()[0] for n in range(10)]
    assert len(set(keys)) == 10


def test_a_link_that_leads_nowhere_is_not_overwritten(tmp_path: Path) -> None:
    """It may lead to a secret that is not mounted yet."""
    path = tmp_path / "key"
    path.symlink_to(tmp_path / "not mounted")
    with pytest.raises(SigningKeyError):
        SigningKeys("", str(path)).read_or_create()
    assert os.listdir(tmp_path) == ["key"]
    assert path.is_symlink()


def test_a_key_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's reason, and nothing is left behind."""
    path = tmp_path / "nothing/key"
    with pytest.raises(SigningKeyError) as caught:
        SigningKeys("", str(path)).read_or_create()
    assert str(caught.value) == (
        f"The model signing key cannot be made: [Errno 2] No such file or directory: '{path}'."
    )

    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))
    path = tmp_path / "key"
    with pytest.raises(SigningKeyError) as caught:
        SigningKeys("", str(path)).read_or_create()
    assert str(caught.value) == (
        f"The model signing key cannot be made: [Errno 28] No space left on device: '{path}'."
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("links", [True, False])
def test_of_threads_that_race_one_makes_the_key(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sign with the same, twenty times over, even where there are no hard links."""
    if not links:
        monkeypatch.setattr(os, "link", fail_with(errno.EPERM))
    with ThreadPoolExecutor(16) as pool:
        for n in range(20):
            keys = SigningKeys("", str(tmp_path / str(n)))
            barrier = threading.Barrier(16)

            def race(keys: SigningKeys = keys, barrier: threading.Barrier = barrier) -> list[bytes]:
                barrier.wait()
                return keys.read_or_create()

            races = [pool.submit(race) for _ in range(16)]
            assert {future.result()[0] for future in races} == set(keys.read())
    assert len(os.listdir(tmp_path)) == 20


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    """After a moment in which another training could still fill it."""
    path = tmp_path / "key"
    path.touch()
    with pytest.raises(SigningKeyError) as caught:
        SigningKeys("", str(path)).read_or_create()
    assert (
        str(caught.value)
        == message_of(SigningKeys("", str(path)))
        == (f"{path} must hold one key per line, each of at least 32 bytes. {REMEDY}")
    )
    assert path.read_bytes() == b""


RACE = """
import sys
from app.store.signing_key import SigningKeys
keys = SigningKeys("", sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
print(keys.read_or_create()[0].decode())
"""


def test_of_processes_that_race_one_makes_the_key(tmp_path: Path) -> None:
    """All sign with the same."""
    path = tmp_path / "key"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    printed = {process.communicate()[0] for process in processes}
    assert printed == {path.read_text()}
    assert os.listdir(tmp_path) == ["key"]
    assert path.stat().st_mode & 0o777 == 0o600
