"""``weight_averaging``: scoring of the mean of the last weights (Izmailov et al., 2018; Kaddour, 2022)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.common.errors import bad
from harness.methods.base import Method
from harness.setting import Setting

if TYPE_CHECKING:
    from transformers import TrainerCallback


@dataclass(frozen=True, kw_only=True)
class WeightAveraging(Method):
    """θ̄ = 1/K Σ θ_t over the weights after each of the last K optimizer steps. Training itself is unchanged.

    Exactly one of ``steps`` and ``epochs`` is given. With ``lora`` the means of A and of B are taken, not the mean of
    their products.
    """

    name: ClassVar[str] = "weight_averaging"
    shards: ClassVar[bool] = True

    steps: int | None = None
    """K, the number of averaged steps."""
    epochs: float | None = None
    """Length of the last K steps, in passes over the training data."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.exactly_one(steps=self.steps, epochs=self.epochs)
        if self.steps is not None:
            fields.at_least("steps", self.steps, 1)
        if self.epochs is not None:
            fields.above("epochs", self.epochs, 0)

    def check(self, targets: Sequence[str], checkpoint: str, settings: Sequence[Setting]) -> None:
        if checkpoint != "last":
            raise bad(
                "checkpoint",
                checkpoint,
                "'last' with weight_averaging: the best checkpoint has the weights of one step",
            )
        for setting in settings:
            if setting.early_stopping is not None:
                raise bad(
                    "early_stopping",
                    setting.early_stopping,
                    "none with weight_averaging: if training ends before the last K steps, nothing is averaged",
                )
        if self.epochs is not None and any(setting.epochs is None for setting in settings):
            raise bad("weight_averaging: epochs", self.epochs, "'steps' instead, as a setting has max_steps")
        for name in ("steps", "epochs"):
            mine = getattr(self, name)
            for setting in settings:
                most = setting.max_steps if name == "steps" else setting.epochs
                if mine is not None and most is not None and mine > most:
                    raise bad(f"weight_averaging: {name}", mine, f"at most the setting's {most:g}")

    def callbacks(self) -> "list[TrainerCallback]":
        from harness.methods.averaging import AverageLast

        return [AverageLast(steps=self.steps, epochs=self.epochs)]
