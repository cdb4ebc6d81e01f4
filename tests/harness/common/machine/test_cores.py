"""Cores available to a process, from its affinity and from the files of its cgroups."""

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.common.machine.cores import cores, quota

HALF, TWO_AND_A_HALF = "50000 100000", "250000 100000"


def tree(root: Path, listed: str, files: dict[str, str]) -> float:
    """The quota from the given files of a cgroup file system."""
    (root / "listed").write_text(listed)
    for name, content in files.items():
        (root / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "fs" / name).write_text(content + "\n")
    return quota(root / "listed", root / "fs")


@pytest.mark.parametrize(
    ("listed", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": HALF}, 0.5),  # a container
        ("0::/\n", {"cpu.max": "max 100000"}, math.inf),
        ("0::/\n", {}, math.inf),  # the root of a machine
        ("0::/pod/me\n", {"pod/cpu.max": HALF, "pod/me/cpu.max": TWO_AND_A_HALF}, 0.5),
        ("0::/pod/me\n", {"pod/cpu.max": "max 100000", "pod/me/cpu.max": TWO_AND_A_HALF}, 2.5),
        ("0::/seen/outside/alone\n", {"cpu.max": TWO_AND_A_HALF}, 2.5),
        ("0::/a:b\n", {"a:b/cpu.max": HALF}, 0.5),
        (
            "9:name=systemd:/\n4:cpu,cpuacct:/docker/1\n3:cpuset:/\n0::/\n",
            {"cpu,cpuacct/docker/1/cpu.cfs_quota_us": "150000", "cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000"},
            1.5,
        ),
        ("1:cpu:/docker/1\n", {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ("4:cpuacct,cpu:/\n", {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, math.inf),
        ("0::/\n", {"cpu.max": "unreadable"}, math.inf),
    ],
)
def test_the_quota_is_the_least_of_a_cgroup_and_those_above_it(
    tmp_path: Path, listed: str, files: dict[str, str], expected: float
) -> None:
    assert tree(tmp_path, listed, files) == expected


def test_without_linux_there_is_no_quota(tmp_path: Path) -> None:
    assert quota(tmp_path / "none", tmp_path) == math.inf


def test_half_a_core_is_one_and_two_and_a_half_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)))
    for number, (limit, expected) in enumerate([(HALF, 1), (TWO_AND_A_HALF, 2), ("max 100000", 8)]):
        (tmp_path / str(number)).mkdir()
        tree(tmp_path / str(number), "0::/\n", {"cpu.max": limit})
        monkeypatch.setattr("harness.common.machine.cores.GROUPS", tmp_path / str(number) / "listed")
        monkeypatch.setattr("harness.common.machine.cores.MOUNTS", tmp_path / str(number) / "fs")
        assert cores() == expected


@pytest.mark.skipif(shutil.which("taskset") is None, reason="needs taskset")
def test_one_core_by_affinity() -> None:
    first = str(min(os.sched_getaffinity(0)))
    command = [
        "taskset",
        "-c",
        first,
        sys.executable,
        "-c",
        "from harness.common.machine.cores import cores; print(cores())",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
