"""CPU cores that this process may use: by its affinity (Slurm, ``taskset``, cpusets) and by the quota of its cgroup
(containers, pods, systemd)."""

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
    """Cores' worth of time that the cgroups of a process give it, infinite where none has a limit.

    ``groups`` lists the cgroups, as ``/proc/self/cgroup``; ``mounts`` has their files. A cgroup has its own limit and
    those of all above it. In a container the list may name a path that is seen outside alone: there its root is ours.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # no Linux
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
    """The folders of a cgroup and of all above it."""
    inside = PurePosixPath(path.lstrip("/"))
    for part in (inside, *inside.parents):
        yield mount / part


def _second(folder: Path) -> float:
    """The limit of a cgroup of version 2: time and period in one file."""
    try:
        time, period = (folder / "cpu.max").read_text().split()
        return float("inf") if time == "max" else int(time) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")


def _first(folder: Path) -> float:
    """The limit of a cgroup of version 1: a file each, and -1 for none."""
    try:
        time = int((folder / "cpu.cfs_quota_us").read_text())
        return time / int((folder / "cpu.cfs_period_us").read_text()) if time > 0 else float("inf")
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")
