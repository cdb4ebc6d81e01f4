"""What a fine-tuning method is: a frozen dataclass of its options, and what it does to the model, the loss and the
steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import fields
from harness.methods.fisher_estimate import Estimate
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, TrainerCallback

    from harness.encoders.loading import Pretrained
    from harness.methods.penalty import Term


@dataclass(frozen=True, kw_only=True)
class Method:
    """Base of all methods. A new one is one file: a frozen dataclass with a ``name``, its options as fields and what it
    overrides."""

    name: ClassVar[str]
    places: ClassVar[tuple[str, ...]] = ()
    """Options that say where something lies; what lies there is in a trial's identity, the place is not."""
    pulls: ClassVar[bool] = False
    """Whether it holds the pretrained weights near θ*, so that some of them have to be trained."""

    def __post_init__(self) -> None:
        fields.coerce(self)

    @property
    def label(self) -> str:
        """How tables and figures name the method: the name with the options that differ from their defaults."""
        return self.named(fields.chosen(self))

    def named(self, options: Mapping[str, Any]) -> str:
        """The name with some options; of a place its last part, wherever that lies."""
        shown = [
            f"{name}={PurePath(value).name if name in self.places else fields.short(value)}"
            for name, value in options.items()
        ]
        return f"{self.name}({', '.join(shown)})" if shown else self.name

    @property
    def arm(self) -> "Method":
        """The method as its study names it: the trials of a method that is split by language share one arm."""
        return self

    @property
    def parts(self) -> "tuple[Method, ...]":
        """The methods that it is composed of; itself where it is one."""
        return (self,)

    # What is known before anything is trained

    def clash(self, other: "Method") -> str:
        """Why the two make no sense together, as the end of a sentence that begins with both names; empty where they
        do."""
        return ""

    def check(self, targets: Sequence[str], checkpoint: str, settings: Sequence[Setting]) -> None:
        """Refuse a study that the method cannot be run in, by its target languages, its checkpoint and the settings of
        the method."""

    def warnings(self, setting: Setting) -> list[str]:
        """What a careful user would want to hear before a run at a setting."""
        return []

    def expand(self, targets: tuple[str, ...]) -> "list[tuple[Method, tuple[str, ...]]]":
        """The trials one setting and seed takes: pairs of the method as trained and the target languages scored with
        it."""
        return [(self, targets)]

    def located(self, absolute: Callable[[str, str], str]) -> "Method":
        """The same with every place as ``absolute(option, place)`` gives it."""
        return replace(self, **{place: absolute(place, getattr(self, place)) for place in self.places})

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **asdict(self)}

    def identity(self) -> dict[str, Any]:
        """What tells the method from others in a trial's identity."""
        return {
            "name": self.name,
            **{name: value for name, value in fields.chosen(self).items() if name not in self.places},
        }

    # What it does in a trial

    @property
    def virtual_tokens(self) -> int:
        """Positions that it takes from the encoder beside the text's."""
        return 0

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        """Freeze weights of a fresh copy of the pretrained model, or add some, in place.

        May be called on a model without weights, to see whether it can be done. Raises ``UserError`` where it cannot.
        """

    def estimates(self) -> list[Estimate]:
        """The Fisher diagonals that ``terms`` is given."""
        return []

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        """The pulls towards θ*; none by default."""
        return []

    def rates(self, model: "PreTrainedModel", pretrained: "Pretrained") -> dict[str, float]:
        """Share of the setting's learning rate by parameter name, where not 1."""
        return {}

    def callbacks(self) -> "list[TrainerCallback]":
        """What is to be called during training; fresh ones for every trial."""
        return []

    def finish(self, model: "PreTrainedModel") -> None:
        """Called once after training, before scoring."""
