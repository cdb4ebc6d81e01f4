"""The design ``one_at_a_time``: a centre, and each hyperparameter changed alone."""

from collections.abc import Mapping
from dataclasses import asdict

from harness.designs.grid import values_of
from harness.ranges import space
from harness.setting import INSTEAD, Setting


def one_at_a_time(centre: Setting | Mapping[str, object], **values: object) -> tuple[Setting, ...]:
    """The centre first, then the centre with each value of each hyperparameter, in the given order.

    The centre's own values are not repeated. Values are as in ``grid``. The design shows no interaction of
    hyperparameters: an analysis of variance needs a grid.
    """
    start = centre if isinstance(centre, Setting) else Setting.from_json(centre, "centre")
    around = [
        Setting.from_json(
            asdict(start) | ({INSTEAD[name]: None} if name in INSTEAD else {}) | {name: value}, "one_at_a_time"
        )
        for name, made in space(values).items()
        for value in values_of("one_at_a_time", name, made)
    ]
    return tuple(dict.fromkeys((start, *around)))
