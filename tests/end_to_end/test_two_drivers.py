"""Two drivers on one store."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli.commands.show import with_ids
from harness.cli.main import main
from harness.store.store import Store
from tests.helpers.store_files import STUDY

LOGGED = """
import os
from pathlib import Path

from harness.tasks.udpos import Udpos


class Logged(Udpos):
    name = "logged"

    def collator(self, tokenizer):
        with Path(os.environ["LOG"]).open("a") as log:
            log.write(f"{os.getpid()}\\n")
        return super().collator(tokenizer)


TASK = Logged()
"""


def running(place: Path, drivers: list[subprocess.Popen[str]]) -> set[int]:
    """The processes whose trials are seen to run, from a third process, until there are two or the drivers end."""
    seen: set[int] = set()
    while len(seen) < 2 and any(driver.poll() is None for driver in drivers):
        time.sleep(0.1)
        if (place / "store.json").exists():
            beats = Store(place, create=False).heartbeats().values()
            seen |= {one.process for one in beats if "running" in shown(place, one.id)}
    return seen


def shown(place: Path, trial: str) -> str:
    """The line of ``steadytune show`` on a trial."""
    study, trials = Store(place, create=False).study("both")
    return next(line for line in with_ids(study, trials, str(place)) if trial in line)


@pytest.mark.slow
def test_two_drivers_on_one_store_run_every_trial_once(
    cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logged.py").write_text(LOGGED)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "logged").symlink_to(cut / "udpos")
    (tmp_path / "data" / "encoder").symlink_to(cut / "encoder")
    file = tmp_path / "both.yaml"
    text = STUDY.format(cut=tmp_path / "data", steps=50, seeds=[0, 1, 2])
    file.write_text(text.replace("udpos", str(tmp_path / "logged.py")))

    command = ["run", str(file), "--local", "--no-report", "--store"]

    def start(name: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *command, str(tmp_path / name)],
            env={**os.environ, "LOG": str(tmp_path / f"{name}.log")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    drivers = [start("together"), start("together")]
    assert running(tmp_path / "together", drivers) == {driver.pid for driver in drivers}
    monkeypatch.setenv("LOG", str(tmp_path / "alone.log"))
    assert main([*command, str(tmp_path / "alone")]) == 0
    for out in (capsys.readouterr().out, *(driver.communicate(timeout=300)[0] for driver in drivers)):
        assert "[3 done, 0 running, 0 failed, 0 left]" in out
    logs = {name: (tmp_path / f"{name}.log").read_text().split() for name in ("alone", "together")}
    # Each driver tries a first step before its trials.
    assert len(logs["alone"]) - 1 == len(logs["together"]) - 2 >= 3
    first, second = Store(tmp_path / "alone"), Store(tmp_path / "together")
    _, trials = first.study("both")
    assert len(second.standing(trials, files=True).finished) == 3
    for trial in trials:
        one, other = first.record(trial.id), second.record(trial.id)
        assert one is not None
        assert other is not None
        assert (one.scores, one.predictions, one.history) == (
            other.scores,
            other.predictions,
            other.history,
        )
    assert second.faults == []
