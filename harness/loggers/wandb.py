"""Weights & Biases: one run per trial, offline for a later ``wandb sync`` unless ``WANDB_MODE`` is set."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read at import; otherwise crashes are sent to W&B

from wandb import Run, Settings, init, setup

from harness.common.filesystem import replacing
from harness.common.hashing import digest
from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial, Row, RunningTrial, later

STATE, SCRATCH = "run.json", "wandb"
"""Names in a trial's folder: the state of its run, and W&B's folder while the trial runs."""
SERVER_ANSWERS = 20
"""Seconds to wait for a server, if a mode needs one."""


@dataclass
class Open:
    """An unfinished run of this process."""

    run: Run
    last: int
    """The last step in it."""


class WandbLogger(Logger):
    """Keeps an ended run in ``<study>/<trial>/[offline-]run-<time>-<run>`` and a live run in ``<study>/<trial>/wandb``.

    ``<study>/<trial>/run.json`` has the run's id, so that the next command can continue an unfinished run. A trial's
    new record gets a new run id, because a server accepts no step of a run twice.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self.study = study
        self.folder = folder / study
        self.folder.mkdir(parents=True, exist_ok=True)
        self.open: dict[str, Open] = {}
        setup(
            Settings(silent=True)
        )  # before any run: a run that goes online without a key then raises an error instead of asking

    @property
    def place(self) -> str:
        return str(self.folder)

    def has(self, trial: str, stamp: int) -> bool:
        return self._state(trial).get("ended") == stamp

    def follow(self, trial: RunningTrial) -> None:
        self._write(self._opened(trial, trial.began), trial.history)

    def log(self, trial: EndedTrial) -> None:
        opened = self._opened(trial, trial.stamp)
        run = opened.run
        self._write(opened, trial.history)
        run.summary.update({**trial.metrics, **({"error": trial.error} if trial.error else {})})
        run.finish(exit_code=int(bool(trial.error)))
        del self.open[trial.id]
        self._keep(trial.id, Path(run.settings.sync_dir))
        self._note(trial.id, run.id, trial.stamp)

    def _opened(self, trial: EndedTrial | RunningTrial, moment: int) -> Open:
        """The trial's run of this process, else its unfinished run of an earlier process, else a new run."""
        if trial.id not in self.open:
            before = self._state(trial.id)
            unfinished = before.get("run") if before.get("ended", 0) is None else None
            # Unique in the project, which several studies share.
            id = str(unfinished or digest([self.study, trial.id, moment]))
            self._note(trial.id, id, None)
            scratch = self.folder / trial.id / SCRATCH
            shutil.rmtree(scratch, ignore_errors=True)  # of a killed command: written anew from the trial's history
            run = init(
                settings=_settings(trial, id, scratch.parent),
                config={**trial.parameters, "trial": trial.id},
                reinit="create_new",
                resume="allow" if unfinished and os.environ.get("WANDB_MODE") == "online" else None,
            )
            self.open[trial.id] = Open(run, run.step - 1)
        return self.open[trial.id]

    def _write(self, opened: Open, history: list[Row]) -> None:
        for row in later(history, opened.last):
            opened.last = int(row["step"])
            opened.run.log({name: value for name, value in row.items() if name != "step"}, opened.last, commit=True)

    def _keep(self, trial: str, written: Path) -> None:
        """Replace the trial's earlier runs by a finished run."""
        if not written.is_dir():  # WANDB_MODE=disabled
            return
        for beside in ("logs", "tmp"):  # they reveal this machine's folders
            shutil.rmtree(written / beside, ignore_errors=True)
        target = self.folder / trial
        for former in target.glob("*run-*"):
            shutil.rmtree(former, ignore_errors=True)
        written.replace(target / written.name)
        shutil.rmtree(target / SCRATCH, ignore_errors=True)

    def _state(self, trial: str) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / trial / STATE).read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _note(self, trial: str, run: str, ended: int | None) -> None:
        file = self.folder / trial / STATE
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as part:
            part.write_text(json.dumps({"run": run, "ended": ended}), encoding="utf-8")


def _settings(trial: EndedTrial | RunningTrial, run: str, folder: Path) -> Settings:
    """Settings of a run without data on the machine, its user, the code or its git.

    Nothing is printed on the terminal and nothing is asked.
    """
    return Settings(
        mode=os.environ.get("WANDB_MODE", "offline"),  # type: ignore[arg-type]  # W&B checks it
        project=os.environ.get("WANDB_PROJECT", "steadytune"),
        run_id=run,
        run_name=trial.id,
        run_group=trial.study,
        root_dir=str(folder),
        init_timeout=SERVER_ANSWERS,
        silent=True,
        console="off",
        symlink=False,
        host="",
        program="",
        username="",
        email="",
        save_code=False,
        disable_code=True,
        disable_git=True,
        disable_job_creation=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )
