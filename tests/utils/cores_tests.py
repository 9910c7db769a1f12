"""How many cores there are, and numbers that are spread over them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.utils.cores import core_count, nth_core, usable_cores


@given(st.integers(-(10**9), 10**9))
def test_numbers_in_a_row_have_different_cores(first: int) -> None:
    """As many as there are; then they begin anew."""
    cores = usable_cores()
    assert sorted(nth_core(first + n) for n in range(len(cores))) == cores
    assert nth_core(first + len(cores)) == nth_core(first)


def write(root: Path, files: dict[str, str]) -> Path:
    """Write the files that the kernel shows in /proc and /sys."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def sixty_four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large machine."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


SELF = "proc/self/cgroup"
TOP = "sys/fs/cgroup"


@pytest.mark.usefixtures("sixty_four_cores")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 64),
        ({SELF: "0::/\n", f"{TOP}/cpu.max": "max 100000\n"}, 64),
        ({SELF: "0::/\n", f"{TOP}/cpu.max": "100000 100000\n"}, 1),
        ({SELF: "0::/\n", f"{TOP}/cpu.max": "50000 100000\n"}, 1),
        ({SELF: "0::/\n", f"{TOP}/cpu.max": "250000 100000\n"}, 3),
        ({SELF: "0::/\n", f"{TOP}/cpu.max": "9900000 100000\n"}, 64),
        ({SELF: "0::/\n", f"{TOP}/cpu.max": "nonsense\n"}, 64),
        (
            {
                SELF: "0::/system.slice/api.service\n",
                f"{TOP}/system.slice/api.service/cpu.max": "max 100000\n",
                f"{TOP}/system.slice/cpu.max": "400000 100000\n",
            },
            4,
        ),
        (
            {
                SELF: "4:cpu,cpuacct:/docker/5f0c\n0::/docker/5f0c\n",
                f"{TOP}/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
                f"{TOP}/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {
                SELF: "2:cpuacct:/\n1:cpu:/api\n",
                f"{TOP}/cpu/api/cpu.cfs_quota_us": "-1\n",
                f"{TOP}/cpu/api/cpu.cfs_period_us": "100000\n",
                f"{TOP}/cpu/cpu.cfs_quota_us": "150000\n",
                f"{TOP}/cpu/cpu.cfs_period_us": "50000\n",
            },
            3,
        ),
    ],
    ids=[
        "none",
        "version 2, no limit",
        "one core",
        "half a core",
        "two and a half",
        "more than there are",
        "unreadable",
        "the group above is limited",
        "version 1, seen from a container",
        "version 1, nested",
    ],
)
def test_a_quota_counts(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    """The lowest of all groups that the process is in, rounded up."""
    assert core_count(write(tmp_path, files)) == expected


@pytest.mark.usefixtures("sixty_four_cores")
def test_fewer_cores_than_the_quota_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process may not run on all of them."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    files = {SELF: "0::/\n", f"{TOP}/cpu.max": "800000 100000\n"}
    assert core_count(write(tmp_path, files)) == 2


def test_this_machine_has_at_least_one() -> None:
    """And no more than this process may run on."""
    assert 1 <= core_count() <= len(usable_cores())
