"""Ray workers with trials that do nothing, for ``tests.benchmarks.no_op``.

This is a separate module because workers import it by name.
"""

from typing import Any

from harness.execution.on_ray import tune as ray_tune
from tests.benchmarks.no_op import do_nothing


class Idle(ray_tune.Worker):
    """A worker that trains and scores nothing."""

    def setup(self, config: dict[str, Any], **shared: Any) -> None:
        do_nothing()
        super().setup(config, **shared)
