"""CPU cores that this process may use.

They are limited by its affinity (Slurm, ``taskset``, cpusets) and by its cgroup's quota (containers, pods, systemd).
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

GROUPS = Path("/proc/self/cgroup")
MOUNTS = Path("/sys/fs/cgroup")


def cores() -> int:
    """Whole cores that this process may use, at least 1."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(there, quota(GROUPS, MOUNTS))))


def quota(groups: Path, mounts: Path) -> float:
    """Number of cores in the CPU quota of a process's cgroups; infinite without a limit.

    A cgroup obeys its own limit and the limits of all its ancestors. In a container, ``groups`` may list a path that
    exists only outside; the root of ``mounts`` is then the container's own cgroup.

    Args:
        groups: File with the process's cgroups, as ``/proc/self/cgroup``.
        mounts: Folder with the cgroups' files, as ``/sys/fs/cgroup``.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # not Linux
        return float("inf")
    limits = [float("inf")]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            limits += [_second(folder) for folder in _upwards(mounts, path)]
        elif "cpu" in controllers.split(","):
            for mount in {mounts / controllers, mounts / "cpu"}:
                limits += [_first(folder) for folder in _upwards(mount, path)]
    return min(limits)


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """The folders of a cgroup and all its ancestors."""
    inside = PurePosixPath(path.lstrip("/"))
    for part in (inside, *inside.parents):
        yield mount / part


def _second(folder: Path) -> float:
    """The limit of a cgroup of version 2, which has time and period in one file."""
    try:
        time, period = (folder / "cpu.max").read_text().split()
        return float("inf") if time == "max" else int(time) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")


def _first(folder: Path) -> float:
    """The limit of a cgroup of version 1, which has a file each for time and period; a time of -1 is no limit."""
    try:
        time = int((folder / "cpu.cfs_quota_us").read_text())
        return time / int((folder / "cpu.cfs_period_us").read_text()) if time > 0 else float("inf")
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")
