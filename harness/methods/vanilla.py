"""``vanilla``: fine-tuning by the task loss alone, the baseline of every table (Section 4.2)."""

from dataclasses import dataclass
from typing import ClassVar

from harness.methods.base import Method


@dataclass(frozen=True, kw_only=True)
class Vanilla(Method):
    """No penalty: all weights follow the task loss."""

    name: ClassVar[str] = "vanilla"
    shards: ClassVar[bool] = True

    def clash(self, other: Method) -> str:
        return f"vanilla adds nothing to {other.name}"
