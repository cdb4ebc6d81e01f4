"""Fine-tuning: ``transformers.Trainer`` with a penalty's gradient added once per optimizer step."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import Dataset, Sampler
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.common.machine import signals
from harness.compat.shards import cut, mine
from harness.compat.trainer import ResumableTrainer
from harness.methods import Method
from harness.methods.batch import Batch
from harness.methods.penalty import Term, annealed_pull, penalties
from harness.setting import Setting
from harness.tasks import Task
from harness.tasks.base import IGNORED
from harness.training.hyperparameters.optimizers import options_of, restart_with
from harness.training.parallel.group import Group
from harness.training.parallel.shards import SaveTogether, Shards
from harness.training.training_state import AtStart, SaveEvery, TrainingStates, load_rest, save_rest

Loss = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""Loss of a model's outputs and a batch's labels, summed over the labels; see ``Task.loss``."""
TRAINED = "trained.safetensors"
"""File name of the weights in a training state."""


def mean_loss(outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None, *, summed: Loss) -> Tensor:
    """Mean of a loss over all labels of the optimizer step's batch (-100 ignored); ``summed`` gives the sum.

    Some token-classification heads accept ``num_items_in_batch`` and ignore it, which scales their gradient by the
    number of micro-batches. Dividing by it here makes the accumulated gradient equal to the gradient of the whole
    batch.
    """
    return summed(outputs, labels) / _divisor(labels, num_items_in_batch)


def _divisor(labels: Tensor, num_items_in_batch: Tensor | int | None) -> Tensor:
    """The number of labels of an optimizer step, or their total weight; 1 without any."""
    # A batch may have no label: the tokenizer turns some words into nothing.
    total = torch.as_tensor(num_items_in_batch if num_items_in_batch is not None else labels.ne(-100).sum())
    return torch.where(total > 0, total, 1)


class LogLastStep(TrainerCallback):
    """Closes the last window of the log, which ``Trainer`` drops if it is shorter than the others."""

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_log = True


class PenaltyTrainer(ResumableTrainer):
    """A ``Trainer`` whose total loss is the task loss plus a penalty (Eq. 1 and 2).

    The gradient of the coupled terms, ``penalty``, is added between an optimizer step's last backward pass and
    clipping. Neither gradient accumulation nor autograd sees it. The decoupled terms, ``decay``, move the weights right
    before the optimizer does.

    Each window of the log has:

    - ``task_loss`` and ``penalty``: means over the window's steps. ``penalty`` is the sum of all penalties and of the
      method's own loss, minus a task loss that it replaces.
    - ``loss``: the task loss plus the method's own loss, or replaced by it, plus the coupled penalty.
    - ``grad_norm`` (before clipping) and ``learning_rate`` (the largest of any parameter): values of the last step.

    A method's own loss (``Method.loss``) is divided by the step's number of labels, or their weight. So is the task's
    loss.

    Args:
        task: The task.
        loss: The task's loss, with the setting's class weights and smoothing.
        method: The method, with its own loss and optimizer if it has them.
        setting: The hyperparameters, for the method's own optimizer.
        terms: Terms of the penalties, which pull towards ``anchor``.
        anchor: θ* by parameter name within the body.
        rates: Share of the learning rate by parameter name, for shares other than 1.
        weights: Weights of the classes in ``loss``, (classes,); ``None`` for equal weights.
        order: The order of the training rows; ``None`` for a random order.
        group: The processes that train together; ``None`` if this process trains alone.
        shard: Whether each process of a group holds a part of the weights.
        kwargs: Arguments of ``Trainer``.
    """

    def __init__(
        self,
        *,
        task: Task[Any],
        loss: Loss,
        method: Method,
        setting: Setting,
        terms: Sequence[Term],
        anchor: Mapping[str, Tensor],
        rates: Mapping[str, float],
        weights: Tensor | None = None,
        order: "Sampler[int] | None" = None,
        group: Group | None = None,
        shard: bool = False,
        **kwargs: Any,
    ) -> None:
        self.weights, self.order = weights, order
        super().__init__(compute_loss_func=partial(mean_loss, summed=loss), **kwargs)
        self.add_callback(LogLastStep)
        assert isinstance(self.model, PreTrainedModel)
        # Only now, because Trainer has put the model on its device.
        self.shards = Shards(self.model, group) if shard and group is not None else None
        self.penalty, self.decay = penalties(self.model.base_model, anchor, terms)
        self.annealed = annealed_pull(self.model.base_model, anchor, terms)
        self.task, self.method, self.setting, self.loss = task, method, setting, loss
        self.rates = rates
        self.group = group
        self._idle = False
        """Whether this process has no row of the present batch."""
        self._passes = 0
        """Number of batches since the last optimizer step."""
        self._coupled: list[Tensor] = []
        self._decoupled: list[Tensor] = []
        self._annealed: list[Tensor] = []
        """Values of the penalties since the last log."""
        self._own: list[Tensor] = []
        """Values of the method's own loss since the last log, one for each batch."""
        self._steps = 0
        """Number of optimizer steps since the last log."""
        self._tokens: Tensor | int = 0
        self._groups: list[dict[str, Any]] = []
        """Hyperparameters of the optimizer's groups at its start."""
        self._states: TrainingStates | None = None
        self.earlier = 0.0
        """Seconds of training up to the state from which the training resumed."""
        self.resumed_at: list[int] = []
        """Steps at which the training resumed."""
        self._since = 0.0
        self._seconds: float | None = None
        """Seconds of the training once it has ended."""
        self._ended: dict[str, Tensor] = {}
        """The trained tensors once the training has ended: a method may then merge them into others."""

    @property
    def tokens_seen(self) -> int:
        """Sub-words trained on so far, without padding.

        ``Trainer`` counts them too, but waits for the end of every step to do so.
        """
        return int(self._tokens)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Always 0. Nothing reads the count, and for it ``Trainer`` would count the parameters at every step."""
        return 0

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        given = dict(inputs)  # Trainer removes the labels from ``inputs``
        loss, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
        asked = {name: value for name, value in given.items() if name != "labels"}
        batch = Batch(asked, given["labels"], self.task, self.loss)
        own = self.method.loss(cast(PreTrainedModel, model), batch, outputs)
        if own is not None:
            own = own / _divisor(batch.labels, num_items_in_batch)
            whole = own if self.method.replaces_loss else loss + own
            self._own.append((whole - loss).detach())
            loss = whole
        if self._idle:  # the row is another process's
            loss = 0 * loss
            if own is not None:
                self._own[-1] = 0 * self._own[-1]
        return (loss, outputs) if return_outputs else loss

    def examples(self) -> Iterator[Batch]:
        """The training rows as batches of one, in their order."""
        for inputs in self.single_rows():
            labels = inputs.pop("labels")
            yield Batch(inputs, labels, self.task, self.loss)

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        if self.group is None:
            loss = super().training_step(model, inputs, num_items_in_batch)
        else:
            loss = self._joint_step(self.group, model, inputs, num_items_in_batch)
        # The sum stays on the device until the end. ``numel()`` is known on the host.
        self._tokens += inputs["attention_mask"].sum() if "attention_mask" in inputs else inputs["input_ids"].numel()
        self._steps += self.accelerator.sync_gradients
        if self.penalty is not None and self.accelerator.sync_gradients:
            self._coupled.append(self._summed(self.penalty.add_gradient_(self._loss_scale())))
        return loss

    def _joint_step(
        self, group: Group, model: nn.Module, inputs: Mapping[str, Any], num_items_in_batch: Tensor | int | None
    ) -> Tensor:
        """A forward and backward pass on this process's rows of a batch. Returns the loss of the whole batch.

        Before an optimizer step, the gradients become the gradients of the whole step.
        """
        part, any_row = group.part(inputs)
        before, self._idle = len(self._own), not any_row
        with group.own_draws(self.args.seed, self.state.global_step, self._passes):
            loss = super().training_step(model, part, num_items_in_batch)
        group.sum_([loss, *self._own[before:]])
        self._passes += 1
        if self.accelerator.sync_gradients:
            self._passes = 0
            if self.shards is None:
                group.sum_gradients_([parameter for parameter in model.parameters() if parameter.requires_grad])
        return loss

    def _summed(self, value: Tensor) -> Tensor:
        """A penalty's value over all weights, from its value over the weights here."""
        return value if self.shards is None else self.shards.sum(value)

    def batch_weight(self, labels: Tensor) -> Tensor | None:
        return None if self.weights is None else self.weights.to(labels.device)[labels[labels != IGNORED]].sum()

    def train_sampler(self, rows: Dataset[Any] | None) -> "Sampler[int] | None":
        return self.order

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        fresh = self.optimizer is None
        optimizer = super().create_optimizer(model)
        if fresh:
            self._split_groups(optimizer)
            self.optimizer = optimizer = self._own_optimizer(optimizer) or optimizer
            self._groups = options_of(optimizer)
            if self.shards is not None:
                self.shards.follow(optimizer)
            if self.decay is not None:
                optimizer.register_step_pre_hook(self._decay)
            if (annealed := self.annealed) is not None:
                optimizer.register_step_pre_hook(lambda *ignored: annealed.before_step())
                optimizer.register_step_post_hook(self._anneal)
        return optimizer

    def _own_optimizer(self, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer | None:
        """The method's own optimizer, with the parameter groups of the setting's optimizer; ``None`` if it has none."""
        names = ("params", "lr", "weight_decay")
        return self.method.optimizer(
            [{name: one[name] for name in names} for one in optimizer.param_groups], self.setting
        )

    def _split_groups(self, optimizer: torch.optim.Optimizer) -> None:
        """Give each share of the learning rate its own parameter groups, the largest rate first.

        The log shows the rate of the first group.
        """
        assert self.model is not None
        shares = {parameter: self.rates.get(name, 1.0) for name, parameter in self.model.named_parameters()}
        if set(shares.values()) == {1.0}:
            return
        groups: list[dict[str, Any]] = []
        for group in optimizer.param_groups:
            for share in dict.fromkeys(shares[parameter] for parameter in group["params"]):
                mine = [parameter for parameter in group["params"] if shares[parameter] == share]
                groups.append({**group, "params": mine, "lr": group["lr"] * share})
        optimizer.param_groups = sorted(groups, key=lambda group: -group["lr"])

    def _decay(self, optimizer: torch.optim.Optimizer, *ignored: Any) -> None:
        assert self.decay is not None
        self._decoupled.append(self._summed(self.decay.decay_(*_rates(optimizer))))

    def _anneal(self, optimizer: torch.optim.Optimizer, *ignored: Any) -> None:
        assert self.annealed is not None
        value = self.annealed.after_step_(self.state.global_step + 1, *_rates(optimizer))
        self._annealed.append(self._summed(value))

    def _loss_scale(self) -> float:
        """The factor by which fp16 gradients are scaled until they are clipped."""
        scaler = self.accelerator.scaler
        return scaler.get_scale() if scaler is not None else 1.0

    def resume(self, states: TrainingStates | None = None) -> None:
        """Train, from the last state in ``states`` if a state there fits. New states are kept in ``states``."""
        if states is None:
            self.train()
            self._make_whole()
            return
        self._states = states
        self.add_callback(SaveEvery(states.every))
        if self.shards is not None:
            self.add_callback(SaveTogether(self.shards.group))
        with states.latest(self._shapes()) as latest:
            folder = latest if self.group is None else self.group.same_folder(latest)
            rest = load_rest(folder) if folder is not None else {}
            if rest:
                self._take_up(rest)
            self._since = time.perf_counter()
            if folder is not None and rest.get("ended"):
                self.load_weights(folder)
                self.read_log(folder)
            else:
                if rest:
                    self.add_callback(AtStart(partial(self._continue, rest["window"], changed=states.changed)))
                self.resume_from(folder)
            if self.group is not None:
                self.group.meet()  # every process has read the state
        self._make_whole()
        self._seconds = time.perf_counter() - self._since
        self._ended = self._trained()

    def whole(self, model: PreTrainedModel) -> PreTrainedModel:
        """The model to score: ``model``, or on process 0 a whole copy of a model in shards. All processes call this."""
        made = None if self.shards is None else self.shards.whole_model()
        return model if made is None else cast(PreTrainedModel, made.to(cast(Any, self.args.device)))

    def _make_whole(self) -> None:
        """Give process 0 the whole model after the training."""
        if self.shards is not None:
            assert isinstance(self.model, PreTrainedModel)
            self.model = self.whole(self.model)

    def _take_up(self, rest: Mapping[str, Any]) -> None:
        """Restore the counters and callbacks of an interrupted training."""
        self._tokens, self.earlier = rest["tokens"], rest["seconds"]
        self.resumed_at = [*rest["resumed_at"], rest["step"]]
        for callback, state in zip(self._with_state(), rest["callbacks"], strict=True):
            callback.load_state_dict(state)

    def _window(self) -> dict[str, Any]:
        """The sums since the last line of the log."""
        return {**self.window(), "values": self._values(), "steps": self._steps}

    def _continue_window(self, values: list[list[Tensor]], steps: int, **window: Any) -> None:
        """Go on with the window of the log in which an interrupted training stopped."""
        self.continue_window(window)
        for own, kept in zip(self._values(), values, strict=True):
            own[:] = [value.to(self.args.device) for value in kept]
        self._steps = steps

    def _continue(self, window: Mapping[str, Any], *, changed: bool) -> None:
        """Go on where an interrupted training stopped; if ``changed``, with the setting's hyperparameters."""
        self._continue_window(**window)
        if changed:
            assert self.optimizer is not None
            assert self.lr_scheduler is not None
            restart_with(self._groups, self.optimizer, self.lr_scheduler)

    def _values(self) -> list[list[Tensor]]:
        """The lists that each line of the log empties."""
        return [self._coupled, self._decoupled, self._annealed, self._own]

    def _with_state(self) -> list[Any]:
        """The callbacks whose state does not follow from the step alone."""
        return [callback for callback in self.callback_handler.callbacks if hasattr(callback, "state_dict")]

    def _callback_states(self) -> list[dict[str, Any]]:
        return [callback.state_dict() for callback in self._with_state()]

    def keep_training_state(self) -> None:
        """Keep the state of the training, and raise ``KeyboardInterrupt`` after a signal."""
        assert self._states is not None
        if self.shards is None:
            self._states.write(partial(self._fill, self._trained(), self._callback_states()))
        else:
            trained, callbacks = self.shards.whole([self._trained(), self._callback_states()])
            with self.shards.whole_state():
                self._states.write(partial(self._fill, trained, callbacks))
        if signals.requested():
            raise KeyboardInterrupt

    def keep_end(self) -> None:
        """Keep the state of a training that has ended, so that only its scoring is repeated."""
        if self._ended and self._states is not None and not math.isinf(self._states.every):
            self._states.write(partial(self._fill, self._ended, self._callback_states()))

    def _fill(self, trained: Mapping[str, Tensor], callbacks: list[dict[str, Any]], folder: Path) -> None:
        save_file({name: tensor.detach().contiguous() for name, tensor in trained.items()}, folder / TRAINED)
        if self._ended:
            self.write_log(folder)
        else:
            self.write_progress(folder)
        save_rest(
            folder,
            tokens=self.tokens_seen,
            seconds=self.earlier + (self._seconds or time.perf_counter() - self._since),
            step=self.state.global_step,
            ended=bool(self._ended),
            window=self._window(),
            resumed_at=self.resumed_at,
            shapes={name: list(tensor.shape) for name, tensor in trained.items()},
            callbacks=callbacks,
        )

    @torch.no_grad()
    def load_weights(self, folder: Path) -> None:
        saved = load_file(folder / TRAINED)
        for name, tensor in self._trained().items():
            mine(tensor).copy_(cut(saved[name], tensor))

    def _trained(self) -> dict[str, Tensor]:
        """Tensors of the model that training changes; all others are as built."""
        assert self.model is not None
        kept = self.model.state_dict()
        parameters = {name: parameter for name, parameter in self.model.named_parameters() if parameter.requires_grad}
        return parameters | {name: buffer for name, buffer in self.model.named_buffers() if name in kept}

    def _shapes(self) -> dict[str, list[int]]:
        return {name: list(tensor.shape) for name, tensor in self._trained().items()}

    def free(self) -> None:
        """Free the gradients and the optimizer's state, because scoring needs the room.

        With AdamW they are three times the size of the weights.
        """
        if self.optimizer is not None:  # a training that resumed at its end has no optimizer
            self.optimizer.zero_grad(set_to_none=True)
            self.optimizer.state.clear()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            *pulls, _ = self._values()
            coupled, *rest = (torch.stack(values).mean().item() if values else 0.0 for values in pulls)
            own = torch.stack(self._own).sum().item() / self._steps if self._own else 0.0
            logs["task_loss"] = logs["loss"] - own
            logs["penalty"] = coupled + sum(rest) + own
            logs["loss"] = logs["loss"] + coupled
            for values in self._values():
                values.clear()
            self._steps = 0
            if self.group is not None and self.shards is None:
                self.group.check_equal([part for part in self._trained().values() if part.is_floating_point()])
        super().log(logs, start_time)


def _rates(optimizer: torch.optim.Optimizer) -> tuple[dict[Tensor, float], Tensor | float]:
    """Each parameter's learning rate, and the share of a step by which weights move.

    After an fp16 overflow the share is 0: the fused optimizer leaves the weights as they are, and so must every decay.
    Otherwise it is 1.
    """
    rates = {parameter: float(group["lr"]) for group in optimizer.param_groups for parameter in group["params"]}
    overflowed = getattr(optimizer, "found_inf", None)
    return rates, 1.0 if overflowed is None else 1.0 - overflowed
