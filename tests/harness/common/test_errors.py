"""Messages of the system and of libraries, on one line and with the file that they concern."""

import os
from pathlib import Path

import pytest

from harness.cluster.connection import connection
from harness.common.errors import UserError, reason_and_file


def raised(of: object) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        of()  # type: ignore[operator]
    return caught.value


def test_the_file_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    assert reason_and_file(raised(lambda: open(missing))) == f"No such file or directory: {missing!r}"  # noqa: SIM115, PTH123
    renamed = raised(lambda: os.rename(missing, missing + "2"))  # noqa: PTH104
    assert reason_and_file(renamed) == f"No such file or directory: {missing!r} -> {missing + '2'!r}"
    assert reason_and_file(raised(lambda: os.stat(missing.encode()))).endswith(f": {missing!r}")  # noqa: PTH116
    assert reason_and_file(raised(lambda: os.close(10**6))) == "Bad file descriptor"
    assert reason_and_file(raised(lambda: "/tmp/é/ray".encode("ascii"))).endswith(": '/tmp/é/ray'")
    assert reason_and_file(ValueError("no\nfile")) == "no file"


@pytest.mark.parametrize("folder", ["file", "a" * 100, "é"])
def test_a_ray_that_cannot_be_started_names_the_place_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / folder))
    with pytest.raises(UserError) as caught, connection(None):
        pass
    message = str(caught.value)
    assert message.startswith("Ray cannot be started: ")
    assert str(tmp_path / folder) in message
    assert message.endswith("set RAY_TMPDIR to a writable folder with a short name, or give --local, which uses no Ray")
