"""Ray of our own gets a private folder where its usual one will not do."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cluster import folder as ray_folder


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short name, which Ray would take."""
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    folder = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["é", "a" * 90, "file"])
def test_a_folder_that_ray_cannot_use_is_replaced(short: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (short / "file").touch()
    monkeypatch.setenv("TMPDIR", str(short / name))
    made = ray_folder.private()
    assert made is not None
    assert (made.is_dir(), made.stat().st_mode & 0o077) == (True, 0)
    assert len(os.fsencode(made / "session_2026-11-28_12-26-49_665891_4194304/sockets/plasma_store")) <= 107
    made.rmdir()
    monkeypatch.setenv("RAY_TMPDIR", str(short / name))  # chosen: it stands, and Ray says what is wrong with it
    assert ray_folder.private() is None


def test_a_folder_that_ray_can_use_stays(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(short))
    assert ray_folder.private() is None
    assert ray_folder.default() == short / "ray"
    monkeypatch.setattr(ray_folder, "ROOM", shutil.disk_usage(short).total + 1)  # as on a full disk
    assert not ray_folder.usable(short / "ray")
    assert ray_folder.private() is None  # as there is no better place


def test_shared_memory_goes_elsewhere_where_there_is_none(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_folder, "SHARED_MEMORY", short)
    assert ray_folder.in_place_of_shared_memory(short / "ray") is None
    monkeypatch.setattr(ray_folder, "SHARED_MEMORY", short / "none")
    assert ray_folder.in_place_of_shared_memory(short / "ray" / "deeper") == str(short)


@pytest.mark.slow
def test_a_ray_starts_where_the_temporary_folder_has_a_long_name(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    from harness.cluster.connection import connection

    monkeypatch.setenv("TMPDIR", str(short / ("é" * 40)))
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    with connection(None):
        session = Path(ray._private.worker._global_node.get_session_dir_path())  # type: ignore[attr-defined]
        assert session.parent.parent == Path("/tmp")
        assert session.exists()
    assert not session.exists()
