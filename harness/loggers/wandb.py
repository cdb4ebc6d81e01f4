"""Weights & Biases: one run per trial, offline for a later ``wandb sync`` unless ``WANDB_MODE`` is set."""

import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read at import; otherwise it sends its crashes to W&B

from wandb import Settings, init, setup

from harness.common.hashing import digest
from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial

SERVER_ANSWERS = 20
"""Seconds to wait for a server, if a mode needs one."""


class WandbLogger(Logger):
    """Keeps ``<study>/<trial>/offline-run-<time>-<run>``, whole or not at all.

    A trial's new record gets a new run id, because a server accepts no step of a run twice.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self.study = study
        self.folder = folder / study
        self.folder.mkdir(parents=True, exist_ok=True)
        setup(
            Settings(silent=True)
        )  # before any run: if it should go online without a key, it raises instead of asking

    @property
    def place(self) -> str:
        return str(self.folder)

    def _run(self, trial: str, stamp: int) -> str:
        """The run's id, unique in the project, which several studies share."""
        return digest([self.study, trial, stamp])

    def has(self, trial: str, stamp: int) -> bool:
        return any((self.folder / trial).glob(f"*-{self._run(trial, stamp)}"))

    def log(self, trial: EndedTrial) -> None:
        with tempfile.TemporaryDirectory(prefix=".", dir=self.folder) as scratch:
            run = init(
                settings=_settings(trial, self._run(trial.id, trial.stamp), scratch),
                config={**trial.parameters, "trial": trial.id},
                reinit="create_new",
            )
            for row in trial.history:
                run.log({name: value for name, value in row.items() if name != "step"}, step=int(row["step"]))
            run.summary.update({**trial.metrics, **({"error": trial.error} if trial.error else {})})
            run.finish(exit_code=int(bool(trial.error)))
            written = Path(run.settings.sync_dir)
            if not written.is_dir():  # WANDB_MODE=disabled
                return
            for beside in ("logs", "tmp"):  # they reveal this machine's folders
                shutil.rmtree(written / beside, ignore_errors=True)
            target = self.folder / trial.id
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            written.replace(target / written.name)


def _settings(trial: EndedTrial, run: str, folder: str) -> Settings:
    """Settings of a run without data on the machine, its user, the code or its git.

    Nothing is printed on the terminal and nothing is asked.
    """
    return Settings(
        mode=os.environ.get("WANDB_MODE", "offline"),  # type: ignore[arg-type]  # W&B checks it
        project=os.environ.get("WANDB_PROJECT", "steadytune"),
        run_id=run,
        run_name=trial.id,
        run_group=trial.study,
        root_dir=folder,
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
