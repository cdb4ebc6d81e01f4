"""A Ray of our own listens on this machine alone."""

import contextlib
import os
from pathlib import Path

import pytest


def listening() -> set[str]:
    """Addresses, in hex as the kernel has them, that this process and those it started listen at."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(
                    int(folder.name)
                )
    family = [os.getpid()]
    for process in family:
        family += children.get(process, [])
    sockets = {}
    for name in ("tcp", "tcp6"):
        for row in map(str.split, Path(f"/proc/net/{name}").read_text().splitlines()[1:]):
            if row[3] == "0A":
                sockets[f"socket:[{row[9]}]"] = row[1].partition(":")[0]
    found = set()
    for process in family:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(OSError):
                    found.add(sockets.get(str(file.readlink())))
    return {address for address in found if address}


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same in IPv6, and ::1."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux")
def test_a_ray_of_our_own_listens_on_this_machine_alone() -> None:
    import ray

    from harness.execution.on_ray.cluster import connection

    with connection(None):
        ray.get(ray.remote(lambda: None).remote())  # a worker too listens
        found = listening()
        assert ray.util.get_node_ip_address() in ("127.0.0.1", "::1")
    assert found
    assert found <= LOOPBACK
