"""Ray workers with the clock of ``tests.benchmarks.watched``, in a module that they import by name."""

from typing import Any

from harness.execution.on_ray import tune as ray_tune
from tests.benchmarks.watched import watch_attempts


class Watched(ray_tune.Worker):
    """A worker that records the times of its trials."""

    def setup(self, config: dict[str, Any], **shared: Any) -> None:
        watch_attempts()
        super().setup(config, **shared)
