"""Resources of a trial, and the machine that it runs on."""

from dataclasses import dataclass

from harness.common.errors import bad

A_YEAR = 525_600
"""A year in minutes."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Resources of each trial, and the machines that trials run on."""

    local: bool = False
    """Whether to run one trial after another in this process, without Ray."""
    cpus: int = 1
    """CPU cores and threads of a trial."""
    gpus: float | None = None
    """GPUs of a trial: 1, a fraction to share a GPU, or 0; ``None`` means 1 if there are any.

    Never more than 1: a setting's batch size is for a single device.
    """
    ray_address: str | None = None
    """Address of an existing cluster, e.g. ``auto``; ``None`` starts Ray on this machine for the time of the study."""

    minutes: float | None = None
    """Time limit of a trial, after which it has failed; ``None`` for no limit."""
    checkpoint_minutes: float = 10.0
    """Minutes between two checkpoints, from which an interrupted trial continues; ``inf`` to keep none."""

    def __post_init__(self) -> None:
        if self.cpus < 1:
            raise bad("--cpus-per-trial", self.cpus, "a whole number of at least 1")
        if self.gpus is not None and not 0 <= self.gpus <= 1:
            raise bad("--gpus-per-trial", self.gpus, "a number from 0 to 1")
        if self.minutes is not None and not 0 < self.minutes <= A_YEAR:
            raise bad("--minutes-per-trial", self.minutes, f"a number above 0 and at most {A_YEAR}, a year")
        if not self.checkpoint_minutes >= 0:
            raise bad(
                "--checkpoint-minutes",
                self.checkpoint_minutes,
                "a number of at least 0, or 'inf' to keep no checkpoints",
            )
        if self.local and self.ray_address is not None:
            raise bad("--ray-address", self.ray_address, "it without --local, which uses no Ray")
        if self.local and self.gpus not in (None, 0, 1):
            raise bad("--gpus-per-trial", self.gpus, "0 or 1 with --local, which runs one trial at a time")
