"""Private names of ``transformers.Trainer``, in a module of their own because ``Trainer`` takes a second to import.

Tested with transformers 5.17 to 5.24.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn
from transformers import Trainer, TrainerState, trainer_utils
from transformers.trainer import TRAINER_STATE_NAME


class ResumableTrainer(Trainer):
    """A ``Trainer`` whose subclass decides where the training state is kept, and which weights are in it."""

    def keep_training_state(self) -> None:
        """Keep the state of the training. It is called when a callback sets ``control.should_save``."""
        raise NotImplementedError

    def load_weights(self, folder: Path) -> None:
        """Read the weights of a training state, from the folder given to ``resume_from``."""
        raise NotImplementedError

    def write_progress(self, folder: Path) -> None:
        """Write the training state except the weights: optimizer, schedule, loss scale, random numbers and log."""
        self._save_optimizer_and_scheduler(str(folder))
        self._save_scaler(str(folder))
        self._save_rng_state(str(folder))
        self.write_log(folder)

    def write_log(self, folder: Path) -> None:
        """Write the log and the step."""
        self.state.save_to_json(str(folder / TRAINER_STATE_NAME))

    def read_log(self, folder: Path) -> None:
        """Read the log and the step that ``write_log`` wrote."""
        self.state = TrainerState.load_from_json(str(folder / TRAINER_STATE_NAME))

    def window(self) -> dict[str, Any]:
        """The sum of the losses since the last line of the log, and the step of that line."""
        return {"loss": self._tr_loss.clone(), "since": self._globalstep_last_logged}

    def continue_window(self, window: Mapping[str, Any]) -> None:
        """Go on with a window of the log, once the training has begun."""
        self._tr_loss += window["loss"].to(self._tr_loss.device)
        self._globalstep_last_logged = window["since"]

    def resume_from(self, folder: Path | None) -> None:
        """Train, from the state in a folder if one is given."""
        # Trainer warns about every state: ``logging_steps`` is a share of the steps in the arguments, and a number in
        # the state.
        logging.getLogger(trainer_utils.__name__).setLevel(logging.ERROR)
        self.train(resume_from_checkpoint=str(folder) if folder is not None else None)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Replaces Trainer's method, which writes the whole model into a folder that is incomplete for a while."""
        self.keep_training_state()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        self.load_weights(Path(resume_from_checkpoint))
