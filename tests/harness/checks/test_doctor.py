"""The checks of ``doctor``. Ray's own start is tested in ``tests/harness/cluster``."""

import errno
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from harness.checks import doctor
from harness.checks.doctor import FAILS, NOTE, OK, Finding, findings
from harness.cli.main import main


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {one.name: one for one in found}


def test_a_sound_machine_has_no_failing_check(tmp_path: Path) -> None:
    found = by_name(list(findings(str(tmp_path / "store"), ray=False)))
    assert [one.name for one in found.values() if one.status == FAILS] == []
    assert found["store locks"].status == OK
    assert found["hub"].found.startswith("offline")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of torch on a machine without GPU, without the seconds of its import."""
    monkeypatch.setattr(doctor, "TORCH", "print('[[], false, null]')")


@pytest.mark.usefixtures("no_torch")
def test_every_line_fits_80_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--local", "--store", str(tmp_path / ("deep" * 40))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Studies can run on this machine."
    assert max(len(line) for line in lines if "deep" not in line) <= 80


@pytest.mark.usefixtures("no_torch")
def test_a_wrong_version_fails_with_the_way_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy<1", "no-such-package", "ruff<0 ; extra == 'dev'"])
    assert main(["doctor", "--local", "--store", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "FAILS  versions: numpy" in out
    assert "no-such-package is missing" in out
    assert "ruff" not in out
    assert "-> Run: pip install ." in out


def test_a_check_that_hangs_is_given_up_with_its_children() -> None:
    began = time.monotonic()
    hanging = doctor._started(lambda: doctor._asked("import time; time.sleep(60)", 0.5))
    found = doctor._ray(hanging)
    assert time.monotonic() - began < 10
    assert (found.status, found.found) == (FAILS, "no answer in time")
    assert "--local" in found.advice


def test_a_gpu_that_torch_does_not_see_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")

    def saw(words: str) -> list[Finding]:
        asked: Future[str] = Future()
        asked.set_result(words)
        return list(doctor._torch(asked))

    assert "torch has no CUDA" in saw("[[], false, null]")[0].found
    assert "sees no GPU" in saw('[[], false, "12.8"]')[0].found
    one, two = saw('[["A", "A", "B"], true, "12.8"]')
    assert (one.status, one.found, two.status) == (OK, "2 A, 1 B", OK)


def test_little_memory_fails_and_a_file_system_without_locks_is_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = type("Usage", (), {"free": 64 * 10**6})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    assert doctor._shared_memory(tmp_path).status == FAILS

    def no_locks(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("harness.common.locks.FileLock", no_locks)
    disk, locks = doctor._store(str(tmp_path))
    assert (disk.status, locks.status) == (NOTE, NOTE)
    assert "--dry-run" in disk.advice
    assert [one.status for one in doctor._store("s3://bucket/store")] == [NOTE]
