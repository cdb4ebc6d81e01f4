"""What a fine-tuning method is: a frozen dataclass of its options, with the penalty it adds to the task loss."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import fields

if TYPE_CHECKING:
    from torch import Tensor

    from harness.penalty import Term

Fisher = Callable[[str, int], "dict[str, Tensor]"]
"""Gives the diagonal of a language's Fisher information over a number of examples, by parameter name within the encoder's body."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """Base of all methods. A new one is one file: a frozen dataclass with a ``name``, its options as fields and what it overrides."""

    name: ClassVar[str]
    places: ClassVar[tuple[str, ...]] = ()
    """Options that say where something lies; what lies there is in a trial's identity, the place is not."""

    def __post_init__(self) -> None:
        fields.coerce(self)

    @property
    def label(self) -> str:
        """How tables and figures name the method: the name with the options that differ from their defaults."""
        shown = [f"{name}={fields.short(value)}" for name, value in fields.chosen(self).items()]
        return f"{self.name}({', '.join(shown)})" if shown else self.name

    @property
    def arm(self) -> "Method":
        """The method as its study names it: the trials of a method that is split by language share one arm."""
        return self

    def expand(self, targets: tuple[str, ...]) -> list[tuple["Method", tuple[str, ...]]]:
        """The trials one setting and seed takes: pairs of the method as trained and the target languages scored with it."""
        return [(self, targets)]

    def texts(self) -> dict[str, str]:
        """The unlabelled text the method reads before training: languages and where each one's text is."""
        return {}

    def terms(self, fisher: Fisher) -> list["Term"]:
        """The penalties added to the task loss; none by default."""
        return []

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **asdict(self)}

    def identity(self) -> dict[str, Any]:
        """What tells the method from others in a trial's identity."""
        return {"name": self.name, **{name: value for name, value in fields.chosen(self).items() if name not in self.places}}
