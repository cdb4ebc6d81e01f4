"""Resources of a trial, and its machine."""

from dataclasses import dataclass

from harness.common.errors import UserError, bad

A_YEAR = 525_600
"""A year in minutes."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Resources of each trial, and the machines that trials run on. Raises ``UserError`` for values that do not fit."""

    local: bool = False
    """Whether to run one trial after another in this process, without Ray."""
    cpus: int = 1
    """CPU cores and threads of a trial."""
    gpus: float | None = None
    """GPUs of a trial: a whole number, a fraction to share a GPU, or 0; ``None`` means 1 if there are any.

    With several GPUs, a process per GPU trains a part of every batch. The setting's batch size stays the same.
    """
    processes: int | None = None
    """Processes that train a trial together; ``None`` means one for each GPU, or one without GPUs."""
    shard: bool = False
    """Whether each of a trial's processes holds a part of the weights, instead of all weights."""
    ray_address: str | None = None
    """Address of an existing cluster, e.g. ``auto``; ``None`` starts Ray on this machine for the time of the study."""

    minutes: float | None = None
    """Time limit of a trial; ``None`` for no limit. A longer trial fails."""
    checkpoint_minutes: float = 10.0
    """Minutes between two checkpoints; ``inf`` for none. An interrupted trial continues from its last checkpoint."""

    def __post_init__(self) -> None:
        if self.cpus < 1:
            raise bad("--cpus-per-trial", self.cpus, "a whole number of at least 1")
        if self.gpus is not None and not (0 <= self.gpus <= 1 or (self.gpus > 1 and float(self.gpus).is_integer())):
            raise bad(
                "--gpus-per-trial",
                self.gpus,
                "a number from 0 to 1, or a whole number for trials that train on several GPUs",
            )
        if self.processes is not None:
            if self.processes < 1:
                raise bad("--processes-per-trial", self.processes, "a whole number of at least 1")
            if self.gpus and self.processes != max(1, self.gpus):
                raise bad(
                    "--processes-per-trial",
                    self.processes,
                    f"{max(1, int(self.gpus))}, or leave it out: each GPU of a trial has one process",
                )
            if self.processes > 1 and self.gpus is None:
                raise bad(
                    "--processes-per-trial",
                    self.processes,
                    f"--gpus-per-trial {self.processes} with it, or --gpus-per-trial 0 for a training on CPUs",
                )
        if self.shard and self.together == 1:
            raise UserError("--shard: it needs several processes for a trial, such as --gpus-per-trial 2")
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
        if self.local and self.gpus is not None and 0 < self.gpus < 1:
            raise bad("--gpus-per-trial", self.gpus, "a whole number with --local, which runs one trial at a time")

    @property
    def together(self) -> int:
        """Number of processes that train a trial together."""
        return self.processes or max(1, int(self.gpus or 1))

    @property
    def option(self) -> str:
        """The option that sets the number of processes, for messages."""
        return "--gpus-per-trial" if self.gpus else "--processes-per-trial"

    @property
    def cores(self) -> int:
        """CPU cores of a trial, at least one for each of its processes."""
        return max(self.cpus, self.together)

    @property
    def threads(self) -> int:
        """CPU threads of each of a trial's processes."""
        return max(1, self.cpus // self.together)
