"""Full and read-only disks, real disks if available, and remains of killed writers."""

import multiprocessing
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.common.errors import UserError
from harness.common.filesystem import ABANDONED
from harness.execution.plan import plan
from harness.execution.sweep import SweepOutcome
from harness.store.result import TrialResult
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.training.trial import run_trial
from tests.helpers.store_files import STUDY, files
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG
from tests.helpers.sweeps import run


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A separate small file system."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a file system can be mounted by the superuser alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int) -> None:
    with (folder / "ballast").open("ab", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            ballast.truncate(ballast.tell() // 4096 * 4096 - leave)


@pytest.mark.parametrize("leave", [0, 2 * 4096])
def test_other_trials_continue_on_a_full_disk_and_no_file_is_partial(
    study: Study, disk: Path, monkeypatch: pytest.MonkeyPatch, leave: int
) -> None:
    """The remaining room is too small for a failure's reason, or just large enough."""
    store = Store(disk / "store")

    def filling(config: TrialConfig, **rest: Any) -> TrialResult:
        made = run_trial(config, **rest)
        fill(disk, leave)
        return made

    monkeypatch.setattr("harness.training.trial.run_trial", filling)
    outcome, out = run(study, store)
    assert outcome == SweepOutcome(2, 0, 2, 2)
    assert out.count("No space left on device") >= 2
    assert not [file.name for file in files(store) if file.name.endswith(".part") or file.name == "result.json"]
    standing = store.standing(plan(study))
    assert not standing.finished
    if leave:  # without, a running trial's file may leave room for the reason when it is removed
        assert standing.failures
    (disk / "ballast").unlink()
    monkeypatch.undo()
    assert run(study, store, retry_failed=True)[0] == SweepOutcome(2, 2, 0, 2)
    assert store.faults == []


def test_no_file_is_partial_at_the_quota(tmp_path: Path) -> None:
    """A limit on the size of files stands for the quota; every user can set one."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        try:
            Store(tmp_path / "store").save(CONFIG, result())
        except UserError as error:
            os._exit(0 if "cannot be written: File too large" in str(error) else 3)
        os._exit(4)

    process = multiprocessing.get_context("fork").Process(target=limited)
    process.start()
    process.join()
    assert process.exitcode == 0
    store = Store(tmp_path / "store", create=False)
    assert store.record(CONFIG.id) is None
    assert not list(Path(store.root).rglob("*.part"))


def test_a_read_only_store_gives_one_message_with_advice(
    cut: Path, disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    place = ["--store", str(disk / "store")]
    file.write_text(STUDY.format(cut=cut, steps=2, seeds=[0, 1]))
    assert main(["run", str(file), "--local", "--no-report", *place]) == 0
    (broken, _) = sorted((disk / "store").glob("trials/*/result.json"))
    broken.write_bytes(b"{")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    capsys.readouterr()
    for command, message in (
        (["run", str(file), "--local"], f"store: '{disk}/store' cannot be written: Read-only file system"),
        (
            ["report", "mine"],
            f"--out: '{disk}/store/reports/mine' cannot be written: Read-only file system; give another folder",
        ),
    ):
        assert main([*command, *place]) == 2
        assert capsys.readouterr().err == f"steadytune: {message}\n"
    assert main(["report", "mine", "--out", str(tmp_path / "report"), *place]) == 0
    note = f"Note: trials/{broken.parent.name}/result.json is broken (Expecting property name enclosed in double quotes"
    assert note in capsys.readouterr().out
    assert main(["show", str(file), *place]) == 0
    assert "2 trials, 1 finished" in capsys.readouterr().out


def test_remains_of_killed_writers_are_removed_if_no_writer_can_use_them(one: Study, tmp_path: Path) -> None:
    """The clock decides the age. It may have been wrong at the time of writing, or may be wrong now."""
    store = Store(tmp_path / "store")
    folders = [Path(store.root, name) for name in ("", "trials/" + plan(one)[0].id, "studies", "fisher", "tokenised")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for name, age in (
            (".old.part", ABANDONED),
            (".of-a-wrong-clock.part", -30 * ABANDONED),
            (".new.part", 0),
            (".ahead.part", -60),
        ):
            (folder / name).write_bytes(b"half")
            os.utime(folder / name, times=(time.time() - 1.5 * age,) * 2)
    (folders[-1] / "0.part").mkdir()
    os.utime(folders[-1] / "0.part", times=(0, 0))
    run(one, store)
    assert sorted(file.name for file in files(store) if file.name.endswith(".part")) == sorted(
        [".ahead.part", ".new.part"] * 5
    )
    assert not (folders[-1] / "0.part").exists()
