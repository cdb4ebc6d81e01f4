"""Designs of experiments by name: functions that make a study's settings from ranges or values, before training.

A design is one file in this package, one line in ``DESIGNS``, and one import here for studies in Python files.
The same arguments give the same settings on every machine. Imports neither torch, Ray, NumPy nor scipy, so that listing
a study with a design is fast.
"""

import inspect
from collections.abc import Callable, Mapping

from harness.common.errors import UserError
from harness.common.registry import Registry
from harness.designs.grid import grid as grid
from harness.designs.latin_hypercube import latin_hypercube as latin_hypercube
from harness.designs.one_at_a_time import one_at_a_time as one_at_a_time
from harness.designs.random import random as random
from harness.designs.sobol import sobol as sobol
from harness.setting import Setting, unknown_field

DESIGNS: Registry[Callable[..., tuple[Setting, ...]]] = Registry(
    {
        "grid": "harness.designs.grid:grid",
        "one_at_a_time": "harness.designs.one_at_a_time:one_at_a_time",
        "random": "harness.designs.random:random",
        "latin_hypercube": "harness.designs.latin_hypercube:latin_hypercube",
        "sobol": "harness.designs.sobol:sobol",
    }
)


def settings_from(values: Mapping[str, object], where: str) -> tuple[Setting, ...]:
    """Settings from a mapping in YAML, with a ``design`` of ``DESIGNS``, its arguments and hyperparameters.

    Raises ``UserError`` that begins with ``where``.
    """
    rest = dict(values)
    if "design" not in rest:
        raise UserError(
            f"{where}: the field 'design' is missing; give one of {', '.join(DESIGNS)}, or a list of settings"
        )
    name = rest.pop("design")
    design = DESIGNS.find(f"{where}: design", name)
    own = [p.name for p in inspect.signature(design).parameters.values() if p.kind is not p.VAR_KEYWORD]
    for field in rest:
        if field not in own and field not in Setting.__dataclass_fields__:
            raise unknown_field(f"{where}: hyperparameter", field, (*own, *Setting.__dataclass_fields__))
    for field in own:
        if field not in rest:
            raise UserError(f"{where}: the field {field!r} is missing")
    try:
        return design(**rest)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
