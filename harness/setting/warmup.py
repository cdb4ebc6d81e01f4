"""A warmup as a share of the steps, such as ``10%``."""

import math
from typing import Any

from harness.common import fields
from harness.common.errors import bad


def is_share(value: object) -> bool:
    """Whether a warmup is written as a share."""
    return isinstance(value, str) and value.strip().endswith("%")


def steps(value: Any, max_steps: Any) -> Any:
    """The warmup steps for a share of ``max_steps``. Any other value stays as it is.

    Raises ``UserError`` for a share outside 0 % to 100 %, and for a share without ``max_steps``.
    """
    if not is_share(value):
        return value
    try:
        percent = float(value.strip().removesuffix("%"))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise bad("warmup_steps", value, "a whole number of steps, or a share of them from 0% to 100%")
    if max_steps is None:
        raise bad(
            "warmup_steps",
            value,
            "a whole number of steps; a share needs max_steps, because it is a share of max_steps",
        )
    return round(fields.converted("max_steps", max_steps, int) * percent / 100)
