"""A Ray of our own listens only on this machine, and keeps its token secret."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def listening() -> set[str]:
    """Listening addresses of this process and its children, in the kernel's hex form."""
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


JOINS = """
import sys
from harness.common.errors import UserError
from harness.compat.ray import on_this_machine_only
from harness.cluster.connection import connection

only = on_this_machine_only()
only.__enter__()  # or Ray takes 127.0.0.1 for the machine's other address
try:
    with connection(sys.argv[1]):
        print("let in")
except UserError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's home while a Ray of our own is running."""
    from harness.cluster.connection import connection

    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        for variable in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
            patch.delenv(variable, raising=False)
        with connection(None):
            yield folder
        assert "RAY_AUTH_MODE" not in os.environ
        assert "RAY_AUTH_TOKEN_PATH" not in os.environ


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux")
@pytest.mark.usefixtures("home")
def test_a_ray_of_our_own_listens_on_this_machine_alone() -> None:
    import ray

    ray.get(ray.remote(lambda: None).remote())  # a worker listens too
    found = listening()
    assert ray.util.get_node_ip_address() in ("127.0.0.1", "::1")
    assert found
    assert found <= LOOPBACK


def joins(home: Path, **variables: str) -> str:
    """Output of a process that connects to the Ray of our own by its address."""
    import ray

    hidden = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", JOINS, ray.get_runtime_context().gcs_address]
    environment |= {"HOME": str(home), **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False).stdout


@pytest.mark.slow
def test_a_ray_of_our_own_keeps_its_token_to_itself(home: Path) -> None:
    pytest.importorskip("ray._private.authentication", reason="this Ray asks for no token")
    assert list(home.iterdir()) == []  # a later "ray start" would find a token there
    place = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
    assert place.parent.stat().st_mode & 0o077 == 0
    assert "it asks for Ray's authentication token, and this machine has none or a different one; copy" in joins(home)
    assert joins(home, RAY_AUTH_TOKEN=place.read_text()) == "let in\n"  # also by an address other than auto
