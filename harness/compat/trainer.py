"""Private names of ``transformers.Trainer``, in a separate module because the import of ``Trainer`` takes a second.

Tested with transformers 5.17 to 5.24.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler
from transformers import Trainer, TrainerState, TrainingArguments, trainer_utils
from transformers.trainer import TRAINER_STATE_NAME


def on_one_device(arguments: TrainingArguments) -> TrainingArguments:
    """The arguments for the first device alone. By default, ``Trainer`` splits batches over all visible devices."""
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


class ResumableTrainer(Trainer):
    """A ``Trainer`` with hooks: a subclass defines the place and the weights of the training state."""

    def batch_weight(self, labels: Tensor) -> Tensor | None:
        """Total weight of a batch's labels, the divisor of an optimizer step's loss; ``None``: the number of labels."""
        return None

    def train_sampler(self, rows: Dataset[Any] | None) -> "Sampler[int] | None":
        """The order of the training rows; ``None`` for ``Trainer``'s random order."""
        return None

    def keep_training_state(self) -> None:
        """Keep the training state. Called when a callback sets ``control.should_save``."""
        raise NotImplementedError

    def load_weights(self, folder: Path) -> None:
        """Read the weights of a training state, from the folder given to ``resume_from``."""
        raise NotImplementedError

    def single_rows(self) -> Iterator[dict[str, Any]]:
        """The model's inputs and labels of each training row, on the model's device. Draws no random number."""
        rows = self._remove_unused_columns(self.train_dataset, description="training")
        loader = DataLoader(rows, batch_size=1, collate_fn=self.data_collator, generator=torch.Generator())
        for inputs in loader:
            yield {**self._prepare_inputs(inputs)}

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
        """Continue a window of the log, after the start of the training."""
        self._tr_loss += window["loss"].to(self._tr_loss.device)
        self._globalstep_last_logged = window["since"]

    def resume_from(self, folder: Path | None) -> None:
        """Train, from the state in a folder if one is given."""
        # Trainer warns about every state: ``logging_steps`` is a share of the steps in the arguments, but a number of
        # steps in the state.
        logging.getLogger(trainer_utils.__name__).setLevel(logging.ERROR)
        self.train(resume_from_checkpoint=str(folder) if folder is not None else None)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Replaces Trainer's method, which writes the whole model into a folder that is incomplete for a while."""
        self.keep_training_state()

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Tensor | int | None:
        weights = [self.batch_weight(batch["labels"]) for batch in batch_samples]
        if found := [weight for weight in weights if weight is not None]:
            return torch.stack(found).sum().to(device)
        counted: Tensor | int | None = super()._get_num_items_in_batch(batch_samples, device)
        return counted

    def _get_train_sampler(self, train_dataset: Any = None) -> "Sampler[int] | None":
        rows = self.train_dataset if train_dataset is None else train_dataset
        own = self.train_sampler(rows)
        return super()._get_train_sampler(train_dataset) if own is None else own

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        self.load_weights(Path(resume_from_checkpoint))
