"""The weights of a model in shards over the processes of a trial, for encoders that no single GPU can train.

Each process keeps a part of every weight, every gradient and the optimizer's state. FSDP2 gathers a layer's weights
before the layer computes, and drops them after.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.common.errors import UserError, bad
from harness.compat import shards as compat
from harness.encoders import layers, trimmed_embedding
from harness.study import TrialConfig
from harness.training.parallel.group import Group


class Shards:
    """Cuts a model into shards over a group of processes, in place.

    If a method's docstring says "meets", all processes must call the method at the same time.
    """

    def __init__(self, model: PreTrainedModel, group: Group) -> None:
        self.model, self.group = model, group
        self._outline = _outline(model) if group.leads else None
        group.serve_torch()
        compat.shard(model, _layers(model), group.size)

    def sum(self, value: Tensor) -> Tensor:
        """The sum of a scalar over the processes, which replaces ``value``; meets."""
        self.group.sum_([value])
        return value

    def whole(self, value: Any) -> Any:
        """Nested values, with whole tensors on the CPU of process 0 and ``None`` on other processes; meets."""
        return _gathered(value, keep=self.group.leads)

    @torch.no_grad()
    def whole_model(self) -> PreTrainedModel | None:
        """A copy of the model with whole weights, on the CPU of process 0; ``None`` elsewhere. Meets."""
        weights = self.whole(self.model.state_dict())
        if self._outline is None:
            return None
        model = copy.deepcopy(self._outline, _shared(self._outline))
        names = [*_names(model)]
        model.load_state_dict(weights, assign=True)
        for first, *others in names:  # each name has got a parameter of its own
            for other in others:
                owner, _, own = other.rpartition(".")
                setattr(model.get_submodule(owner), own, model.get_parameter(first))
        return model

    def follow(self, optimizer: torch.optim.Optimizer) -> None:
        """Use an optimizer of sharded weights in ``whole_state``, and let it load whole tensors."""
        self.optimizer = optimizer
        optimizer.register_load_state_dict_pre_hook(_cut_state)

    @contextmanager
    def whole_state(self) -> Iterator[None]:
        """Within the block, ``state_dict`` of process 0's optimizer has whole tensors. Meets at the start."""
        whole = self.whole(self.optimizer.state_dict())
        hook = self.optimizer.register_state_dict_post_hook(lambda *given: whole)
        try:
            yield
        finally:
            hook.remove()


class SaveTogether(TrainerCallback):
    """Lets all processes keep a training state when process 0 does, because each has a part of it."""

    def __init__(self, group: Group) -> None:
        self.group = group

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        control.should_save = self.group.told(control.should_save)

    on_log = on_step_end


def check(trials: Iterable[TrialConfig]) -> None:
    """Refuse trials with ``shard`` whose method, optimizer or precision needs whole weights or gradients."""
    for trial in trials:
        for part in trial.method.parts if trial.shard else ():
            if not part.shards:
                raise UserError(f"--shard: the method {part.label} needs whole weights; leave out one of the two")
        if trial.shard and trial.setting.optimizer == "adafactor":
            raise bad("optimizer", "adafactor", "adamw or sgd with --shard: adafactor needs whole weights")
        if trial.shard and trial.precision == "fp16":
            raise bad("precision", "fp16", "bf16 or fp32 with --shard: the loss scale of fp16 needs whole gradients")


def _layers(model: PreTrainedModel) -> list[nn.Module]:
    """The layers of the encoder; none if they are not found."""
    try:
        return [*layers.stack(model)]
    except UserError:
        return []


def _outline(model: PreTrainedModel) -> PreTrainedModel:
    """A copy of a model without its weights."""
    memo = _shared(model)
    for parameter in model.parameters():
        memo[id(parameter)] = nn.Parameter(parameter.detach().to("meta"), requires_grad=parameter.requires_grad)
    return copy.deepcopy(model, memo)


def _names(model: nn.Module) -> Iterable[list[str]]:
    """The names of each parameter; mT5's embeddings have several."""
    found: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        found.setdefault(id(parameter), []).append(name)
    return found.values()


def _shared(model: PreTrainedModel) -> dict[int, Any]:
    """A memo for ``copy.deepcopy`` with the parts of a model that a copy may share: no training changes them in place.

    A copy gets its own buffers when a state dict is loaded into it.
    """
    return trimmed_embedding.kept_in_place(model) | {id(buffer): buffer for buffer in model.buffers()}


def _gathered(value: Any, *, keep: bool) -> Any:
    """Nested values with whole tensors on the CPU. Without ``keep``, this process gets ``None`` in place of tensors."""
    if isinstance(value, Tensor):
        whole = compat.gathered(value.detach())
        return whole.to("cpu", copy=True) if keep else None
    if isinstance(value, Mapping):
        return {name: _gathered(one, keep=keep) for name, one in value.items()}
    return [_gathered(one, keep=keep) for one in value] if isinstance(value, list) else value


def _cut_state(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """The state of an optimizer, cut into shards like the optimizer's parameters."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    kept = {
        number: {
            name: compat.sharded_like(one, parameters[number]) if isinstance(one, Tensor) and one.dim() else one
            for name, one in mine.items()
        }
        for number, mine in state["state"].items()
    }
    return {**state, "state": kept}
