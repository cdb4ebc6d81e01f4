"""Hyperparameters with a list of values, or with one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.common import fields
from harness.common.errors import bad


@dataclass(frozen=True, repr=False)
class Choice:
    """One value of a list, all values equally likely."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _entries("choice", self.values))

    def __repr__(self) -> str:
        return f"choice({list(self.values)})"

    def at(self, share: float) -> Any:
        """The value at a share in [0, 1) of the list."""
        return self.values[int(share * len(self.values))]

    def to_json(self) -> dict[str, Any]:
        """The form in YAML."""
        return {"choice": list(self.values)}

    def to_optuna(self) -> Any:
        """optuna's distribution of the values."""
        from optuna import distributions

        return distributions.CategoricalDistribution(self.values)


@dataclass(frozen=True, repr=False)
class GridSearch:
    """All values of a list; nothing is drawn."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _entries("grid_search", self.values))

    def __repr__(self) -> str:
        return f"grid_search({list(self.values)})"


@dataclass(frozen=True)
class Constant:
    """A value that does not vary."""

    value: Any


def _entries(word: str, values: Sequence[Any]) -> tuple[Any, ...]:
    for value in values:
        if not isinstance(value, str | int | float | None):
            raise bad(word, value, "numbers and text")
    fields.once(word, values)
    return tuple(values)
