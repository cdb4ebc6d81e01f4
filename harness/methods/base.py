"""The base of fine-tuning methods: options in a frozen dataclass, and changes to the model, the loss and the steps."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import fields, files
from harness.methods.fisher_estimate import Estimate
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import PreTrainedModel, TrainerCallback

    from harness.encoders.loading import Pretrained
    from harness.methods.batch import Batch
    from harness.methods.penalty import Term


@dataclass(frozen=True, kw_only=True)
class Method:
    """Base of all methods.

    A new method is one file: a frozen dataclass with a ``name``, its options as fields, and the methods that it
    overrides.
    """

    name: ClassVar[str]
    places: ClassVar[tuple[str, ...]] = ()
    """Options that name a location. The content there is part of a trial's identity; the location is not."""
    unidentified: ClassVar[tuple[str, ...]] = ()
    """Options on how a location is read. Like the location, they are no part of a trial's identity."""
    pulls: ClassVar[bool] = False
    """Whether the method pulls the pretrained weights towards θ*. Some of them must then be trained."""

    replaces_loss: ClassVar[bool] = False
    """Whether ``loss`` replaces the task's loss, instead of adding to it."""
    shards: ClassVar[bool] = False
    """Whether the method works on shards of the weights, see ``harness.training.parallel.shards``. Such a method
    uses whole weights only before and after the training, and in a layer's forward pass."""
    defined_in: ClassVar[str] = ""
    """The file with the class; empty for a class outside a file, such as in a notebook's cell."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_globals.get("__name__") != cls.__module__:
            frame = frame.f_back  # a dataclass with slots is made again within ``dataclasses``
        cls.defined_in = "" if frame is None else str(frame.f_globals.get("__file__", ""))

    def __post_init__(self) -> None:
        fields.coerce(self)

    @property
    def outside_identity(self) -> tuple[str, ...]:
        """Options that are no part of a trial's identity."""
        return self.places + self.unidentified

    @property
    def label(self) -> str:
        """The label in tables and figures: the method's name and the options that differ from their defaults."""
        return self.named(fields.chosen(self))

    def named(self, options: Mapping[str, Any]) -> str:
        """The name with some options. A location is shown by its last part."""
        shown = [
            f"{name}={files.last_part(value) if name in self.places else fields.short(value)}"
            for name, value in options.items()
        ]
        return f"{self.name}({', '.join(shown)})" if shown else self.name

    @property
    def arm(self) -> "Method":
        """The method as its study names it. The trials of a method that is split by language share one arm."""
        return self

    @property
    def parts(self) -> "tuple[Method, ...]":
        """The composed methods, or the method alone."""
        return (self,)

    # Known before anything is trained

    def clash(self, other: "Method") -> str:
        """The reason why two methods cannot be combined, empty if they can.

        It ends a sentence that begins with both names.
        """
        return ""

    def check(self, targets: Sequence[str], checkpoint: str, settings: Sequence[Setting]) -> None:
        """Refuse a study whose target languages, checkpoint or settings do not suit the method."""

    def warnings(self, setting: Setting) -> list[str]:
        """Warnings for a careful user before a run at a setting."""
        return []

    def expand(self, targets: tuple[str, ...]) -> "list[tuple[Method, tuple[str, ...]]]":
        """The trials of one setting and seed: pairs of the trained method and the target languages scored with it."""
        return [(self, targets)]

    def located(self, absolute: Callable[[str, str], str]) -> "Method":
        """The same method with every location replaced by ``absolute(option, location)``."""
        return replace(self, **{place: absolute(place, getattr(self, place)) for place in self.places})

    def beside(self, folder: Path) -> "Method":
        """The method with full paths in place of relative paths with ``{language}``, which start in ``folder``."""

        def placed(option: str, place: str) -> str:
            return files.full(place, folder, option) if files.is_pattern(place) else place

        return self.located(placed)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **asdict(self)}

    def identity(self) -> dict[str, Any]:
        """The values that distinguish the method in a trial's identity."""
        return {
            "name": self.name,
            **{name: value for name, value in fields.chosen(self).items() if name not in self.outside_identity},
        }

    # Called in a trial

    @property
    def virtual_tokens(self) -> int:
        """Number of the encoder's input positions that the method takes for virtual tokens."""
        return 0

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        """Freeze or add weights in a fresh copy of the pretrained model, in place.

        A model without weights is accepted too, to test whether it can be adapted. Raises ``UserError`` if it cannot.
        """

    def restarts(self, model: "PreTrainedModel", pretrained: "Pretrained") -> frozenset[str]:
        """Names of pretrained parameters that start at random, as the head does. They have no θ*."""
        return frozenset()

    def estimates(self) -> list[Estimate]:
        """The Fisher diagonals that ``terms`` needs."""
        return []

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        """The pulls towards θ*; none by default. ``diagonals`` are in the order of ``estimates``."""
        return []

    def rates(self, model: "PreTrainedModel", pretrained: "Pretrained") -> dict[str, float]:
        """Share of the setting's learning rate by parameter name, for shares other than 1."""
        return {}

    def optimizer(self, groups: "list[dict[str, Any]]", setting: Setting) -> "Optimizer | None":
        """The optimizer, in place of the setting's; ``None`` for the setting's.

        ``groups`` have ``params``, ``lr`` and ``weight_decay``. The schedule scales each group's ``lr``. The penalty's
        gradient, clipping and accumulation are as with any optimizer.
        """
        return None

    @property
    def has_optimizer(self) -> bool:
        """Whether the method may bring its own optimizer."""
        return type(self).optimizer is not Method.optimizer

    def loss(self, model: "PreTrainedModel", batch: "Batch", outputs: "Mapping[str, Tensor]") -> "Tensor | None":
        """A scalar that is added to the task's loss of a batch, or replaces it (``replaces_loss``); ``None`` for none.

        The scalar is a sum over the batch's labels. The trainer divides it by the number of labels of the optimizer's
        step, or by their class weights' sum, so that accumulation changes nothing. ``outputs`` come from one forward
        pass in training mode; ``batch.outputs(model)`` makes a further pass.
        """
        return None

    def callbacks(self) -> "list[TrainerCallback]":
        """Callbacks for training, fresh ones for every trial."""
        return []

    def finish(self, model: "PreTrainedModel") -> None:
        """Called once after training, before scoring."""
