"""Units and files: version ids and file names, matching, and writing a file whole or not at all."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidVersionId
from app.helpers.files import FILENAME_PATTERN, make_filename, parse_version_id, version_number
from app.utils.cores import nth_core, usable_cores
from app.utils.files import (
    ORPHAN_SECONDS,
    directory_beside,
    find_file,
    get_files_matching,
    to_abs_path,
    write_atomically,
)
from tests.support.paths import ROOT

# Version id ↔ file name


@pytest.mark.parametrize(
    ("version_id", "filename"),
    [
        ("v0", "trained-model-v0.p"),
        ("v12", "trained-model-v12.p"),
        ("v999999999", "trained-model-v999999999.p"),
    ],
)
def test_a_version_id_and_its_file_name(version_id: str, filename: str) -> None:
    """Each is made from the other."""
    assert make_filename(version_id) == filename
    assert parse_version_id(filename) == version_id


NO_VERSION_IDS = [
    "",
    "v",
    "0",
    "V0",
    "vv0",
    "v-1",
    "v+1",
    "v1.0",
    "v1_0",
    "v 1",
    " v1",
    "v1 ",
    "v0\n",
    "\nv0",
    "v0\0",
    "v00",
    "v01",
    "v1000000000",  # 10 digits
    "v١",
    "v1١",
    "v1１",
    "v１",
    "v²",
    "latest",
    "../v0",
    "v0/../v1",
    "v" + "9" * 100_000,
]


@pytest.mark.parametrize("version_id", NO_VERSION_IDS)
def test_what_is_no_version_id_has_no_file_name(version_id: str) -> None:
    """Line ends, other alphabets' digits, leading zeros, ten digits and paths are refused."""
    with pytest.raises(InvalidVersionId):
        make_filename(version_id)
    with pytest.raises(InvalidVersionId):
        parse_version_id(f"trained-model-{version_id}.p")


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "v0",
        "trained-model-v0",
        "trained-model-v0.p\n",
        "trained-model-v0.pkl",
        "trained-model-v0xp",
        "trained-model-v0.p.gz",
        ".trained-model-v0.p.0123456789abcdef.tmp",
        "a/trained-model-v0.p",
        "Trained-model-v0.p",
    ],
)
def test_what_is_no_models_file_name_has_no_version(filename: str) -> None:
    """Only the whole name counts."""
    with pytest.raises(InvalidVersionId):
        parse_version_id(filename)
    assert not re.fullmatch(FILENAME_PATTERN, filename)


def test_a_wrong_version_id_is_told_so() -> None:
    """The message shows it, escaped, and what would be right."""
    with pytest.raises(InvalidVersionId) as caught:
        make_filename("v0\n")
    assert str(caught.value) == (
        r"'v0\n' is not a valid version id; valid are v0, v1, v2 and so on."
    )
    with pytest.raises(InvalidVersionId) as caught:
        parse_version_id("model.p")
    assert str(caught.value) == "'model.p' is not the name of a trained model."


@settings(deadline=None)
@given(st.integers(0, 999_999_999))
def test_every_number_of_nine_digits_makes_a_version(number: int) -> None:
    """Its id, its file name and the number itself tell the same."""
    version_id = f"v{number}"
    assert parse_version_id(make_filename(version_id)) == version_id
    assert version_number(version_id) == number


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"v\d+\s?"), st.from_regex(r"\Av\d{1,11}\s?\Z")))
def test_every_text_is_refused_or_comes_back(text: str) -> None:
    """A version id is `v` and the number's one way to be written; nothing else passes."""
    try:
        filename = make_filename(text)
    except InvalidVersionId:
        assert not re.fullmatch("v(0|[1-9][0-9]{0,8})", text)
    else:
        assert parse_version_id(filename) == text == f"v{int(text[1:])}"
        assert os.path.basename(filename) == filename.encode("ascii").decode()


def test_versions_are_in_the_order_of_their_numbers() -> None:
    """v10 comes after v9."""
    assert sorted(["v10", "v9", "v0", "v100"], key=version_number) == ["v0", "v9", "v10", "v100"]


# Paths and matching


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts from where the process is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert to_abs_path("file") == str(tmp_path / "file")
    assert to_abs_path("./nothing/../file") == str(tmp_path / "file")
    assert to_abs_path(str(tmp_path / "file")) == str(tmp_path / "file")


@pytest.mark.parametrize("path", ["nothing", ".", "dangling"])
def test_a_path_without_a_file_is_refused(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing, a directory and a link that leads nowhere are no files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dangling").symlink_to("nothing")
    with pytest.raises(FileNotFoundError) as caught:
        to_abs_path(path)
    assert str(caught.value) == f"file not found: {path}"


def test_the_files_that_match_are_listed_in_order(tmp_path: Path) -> None:
    """By their whole name, as absolute paths."""
    for name in ("b.csv", "a.csv", "a.csv.gz", "xa.csv", "a.csv\n", "acsv"):
        (tmp_path / name).touch()
    assert get_files_matching(str(tmp_path), r"[ab]\.csv") == [
        str(tmp_path / "a.csv"),
        str(tmp_path / "b.csv"),
    ]
    assert get_files_matching(str(tmp_path), "nothing") == []


def test_a_directory_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    """So is a relative one: which directory it means depends on where the process is."""
    with pytest.raises(FileNotFoundError):
        get_files_matching(str(tmp_path / "nothing"), ".*")
    with pytest.raises(ValueError, match=r"not an absolute path: trained-models"):
        get_files_matching("trained-models", ".*")


# Whether a file is still the same


def rewrite(path: Path) -> None:
    """Change a byte in place, and put the times back."""
    status = path.stat()
    path.write_bytes(b"B")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_with_same_size_and_time(path: Path) -> None:
    """Put another file of the same size and mtime in its place."""
    status, other = path.stat(), path.with_name("other")
    other.write_bytes(b"B")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [rewrite, replace_with_same_size_and_time, lambda path: os.utime(path, (0, 0))],
)
def test_a_file_that_changed_has_another_identity(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    """Even of the same size and mtime."""
    path = tmp_path / "file"
    path.write_bytes(b"A")
    identity = find_file(str(tmp_path), "file")
    assert identity == find_file(str(tmp_path), "file")
    change(path)
    assert find_file(str(tmp_path), "file") not in (identity, None)


def test_what_is_not_there_has_no_identity(tmp_path: Path) -> None:
    """But a link that leads nowhere is there, and a directory that is gone tells nothing."""
    assert find_file(str(tmp_path), "nothing") is None
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    dangling = find_file(str(tmp_path), "dangling")
    assert dangling is not None
    assert find_file(str(tmp_path), "loop") is not None
    (tmp_path / "nothing").touch()
    assert find_file(str(tmp_path), "dangling") == find_file(str(tmp_path), "nothing") != dangling
    with pytest.raises(FileNotFoundError):
        find_file(str(tmp_path / "gone"), "file")
    with pytest.raises(NotADirectoryError):
        find_file(str(tmp_path / "nothing"), "file")


# Writing a file whole or not at all


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """All parts in order, and nothing else is left in the directory."""
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        write_atomically(str(path), [content, b" ", content])
        assert path.read_bytes() == content + b" " + content
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_may_refuse_to_be_replaced(tmp_path: Path) -> None:
    """The one that is there stays."""
    path = tmp_path / "file"
    write_atomically(str(path), [b"first"], replace=False)
    with pytest.raises(FileExistsError) as caught:
        write_atomically(str(path), [b"second"], replace=False)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_has_the_permissions_that_were_asked_for(tmp_path: Path) -> None:
    """Less the umask, as everywhere."""
    umask = os.umask(0o027)
    try:
        write_atomically(str(tmp_path / "file"), [b""])
        write_atomically(str(tmp_path / "secret"), [b""], mode=0o600)
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_reader_keeps_the_file_it_opened(tmp_path: Path) -> None:
    """What replaces it is another file."""
    path = tmp_path / "file"
    write_atomically(str(path), [b"old"])
    with open(path, "rb") as file:
        write_atomically(str(path), [b"new"])
        assert file.read() == b"old"


def fail_with(code: int) -> Callable[..., None]:
    """Return a function that fails as the system does."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_leaves_the_old_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file, and nothing else is left in the directory."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fail_with(errno.ENOSPC))
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its text is checked
        write_atomically(str(path), [b"new"])
    assert str(caught.value) == f"[Errno 28] No space left on device: '{path}'"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_writer_that_is_interrupted_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever comes out of the parts, nothing else is left in the directory."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def parts() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(str(path), parts())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """By the file that was to be written into it."""
    path = tmp_path / "nothing/file"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(str(path), [b""])
    assert str(caught.value) == f"[Errno 2] No such file or directory: '{path}'"


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    """Nothing else is left beside it."""
    path = tmp_path / "directory"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_atomically(str(path), [b""])
    assert str(caught.value) == f"[Errno 21] Is a directory: '{path}'"
    assert os.listdir(tmp_path) == ["directory"]


def test_a_file_system_that_cannot_flush_directories_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems answer EINVAL."""
    fsync = os.fsync

    def fsync_files_only(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_files_only)
    write_atomically(str(tmp_path / "file"), [b"new"])
    assert (tmp_path / "file").read_bytes() == b"new"


def test_what_killed_writers_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Only of this file, and only when nobody has written to it for long."""
    old, young, others = (
        tmp_path / f".{name}.0123456789abcde{digit}.tmp"
        for name, digit in (("a.b", 0), ("a.b", 1), ("axb", 2))
    )
    long_ago = time.time() - ORPHAN_SECONDS - 1
    for path in (old, young, others):
        path.touch()
    for path in (old, others):
        os.utime(path, (long_ago, long_ago))
    write_atomically(str(tmp_path / "a.b"), [b""])
    assert sorted(os.listdir(tmp_path)) == sorted([young.name, others.name, "a.b"])


# Publication under strace: killed, or failing, at any of its system calls

PUBLISH = """
import os, sys
from app.utils.files import write_atomically
os.access("publication starts", os.F_OK)
try:
    write_atomically(sys.argv[1], [b"new" * 10_000, b"end"])
except OSError as error:
    os._exit(error.errno if error.filename == sys.argv[1] else 1)
os.access("publication ends", os.F_OK)
"""
NEW = b"new" * 10_000 + b"end"
# What they do is lost with the process, and how often they come differs from run to run.
IN_MEMORY = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "getrandom", "futex"}


def publish(path: Path, *strace: str) -> subprocess.CompletedProcess[str]:
    """Publish a new file under strace."""
    return subprocess.run(
        ["strace", "-f", *strace, sys.executable, "-S", "-c", PUBLISH, str(path)],
        cwd=ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """The system calls of one publication: each one's name, and how many of it came before."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trial = subprocess.run(["strace", "-f", "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"strace is not permitted here: {trial.stderr.strip()}")
    path = tmp_path_factory.mktemp("strace") / "trace"
    result = publish(path.with_name("file"), "-o", str(path))
    assert result.returncode == 0, result.stderr
    counts: Counter[str] = Counter()
    calls, inside = [], False
    for line in path.read_text().splitlines():
        match = re.match(r"\d+ +(\w+)\(", line)
        if match is None:
            continue
        name = match.group(1)
        counts[name] += 1
        if '"publication ends"' in line:
            break
        if inside and name not in IN_MEMORY:
            calls.append((name, counts[name]))
        inside = inside or '"publication starts"' in line
    return calls


def test_publication_keeps_the_order_that_file_systems_honour(calls: list[tuple[str, int]]) -> None:
    """Write, fsync, rename, fsync of the directory: else a power cut may leave an empty file."""
    steps = [name for name, _ in calls if re.fullmatch("write|fsync|rename.*", name)]
    assert re.fullmatch("(write )+fsync rename(at2?)? fsync", " ".join(steps)), steps


def test_a_kill_at_any_system_call_leaves_the_old_file_or_the_new(
    calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    """Never neither; and from the rename on it is the new one."""
    path = tmp_path / "file"
    is_new = []
    for name, number in calls:
        path.write_bytes(b"old")
        kill = f"--inject={name}:signal=KILL:when={number}"
        assert publish(path, "-o", "/dev/null", kill).returncode == -signal.SIGKILL
        assert path.read_bytes() in (b"old", NEW), (name, number)
        is_new.append(path.read_bytes() == NEW)
    assert is_new == sorted(is_new)
    assert set(is_new) == {False, True}
    write_atomically(str(path), [b"next"])
    assert path.read_bytes() == b"next"


@pytest.mark.parametrize("fault", ["EIO:when={}", "ENOSPC:when={}+"])
def test_a_fault_at_any_system_call_leaves_the_old_file_or_the_new(
    fault: str, calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    """Until the rename it is the old one; no temporary file stays, and the error names the file.

    Once as if the fault had passed at once, and once as if it stayed.
    """
    path = tmp_path / "file"
    told = set()
    renamed = False
    for name, number in calls:
        path.write_bytes(b"old")
        result = publish(path, "-o", "/dev/null", f"--inject={name}:error={fault.format(number)}")
        if result.returncode == 0:
            assert path.read_bytes() == NEW, (name, number)
        else:
            assert result.returncode == getattr(errno, fault.partition(":")[0]), result.stderr
            assert path.read_bytes() == (NEW if renamed else b"old"), (name, number)
            told.add(name)
        if not name.startswith("unlink"):
            assert os.listdir(tmp_path) == ["file"], (name, number)
        renamed = renamed or name.startswith("rename")
    assert {"openat", "write", "fsync"} < told
    assert any(name.startswith("rename") for name in told)


def test_a_directory_beside_a_file_is_gone_at_the_end(tmp_path: Path) -> None:
    """With whatever is in there."""
    with directory_beside(str(tmp_path / "out.csv")) as directory:
        Path(directory, "part").write_bytes(b"1")
        assert Path(directory).parent == tmp_path
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError) as caught, directory_beside(f"{tmp_path}/no/out.csv"):
        pass
    assert caught.value.filename == f"{tmp_path}/no/out.csv"


def test_a_directory_that_lost_its_writer_is_removed_with_the_next_write(tmp_path: Path) -> None:
    """An hour after it was last written to, as a file is."""
    for name, age in (("old", ORPHAN_SECONDS + 60), ("young", ORPHAN_SECONDS - 60)):
        directory = tmp_path / f".out.csv.{name.encode().hex():0<16}.tmp"
        directory.mkdir()
        (directory / "part").write_bytes(name.encode())
        os.utime(directory, (time.time() - age,) * 2)
    write_atomically(str(tmp_path / "out.csv"), [b"1"])
    assert [path.read_bytes() for path in tmp_path.glob(".*/part")] == [b"young"]


# Cores


@given(st.integers(-(10**9), 10**9))
def test_numbers_in_a_row_have_different_cores(first: int) -> None:
    """As many as there are; then they begin anew."""
    cores = usable_cores()
    assert sorted(nth_core(first + n) for n in range(len(cores))) == cores
    assert nth_core(first + len(cores)) == nth_core(first)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
