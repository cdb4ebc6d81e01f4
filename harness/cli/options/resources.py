"""Options for the resources of a trial, and for its machine."""

import argparse
import os
from typing import TYPE_CHECKING

from harness.cli.options import gpu_sharing
from harness.common.errors import UserError

if TYPE_CHECKING:
    from harness.execution.costs.hardware import Hardware
    from harness.execution.resources import Resources

DURATIONS = ("minutes", "checkpoint_minutes")
"""Fields of ``Resources`` that the options of ``duration_options`` set."""


def resource_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--local",
        action="store_true",
        help="run trials one after another in this process, without Ray: to debug, or where Ray does not start",
    )
    ray_options(command)


def ray_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(trials_per_gpu=None)  # default for commands without ``gpu_sharing_option``
    command.add_argument(
        "--cpus-per-trial", type=int, default=1, metavar="N", help="CPU cores of a trial (default: %(default)s)"
    )
    gpus_option(command)
    command.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="run on an existing Ray cluster, e.g. 'auto' (default: on this machine)",
    )


def gpus_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--gpus-per-trial",
        type=float,
        metavar="X",
        help="GPUs of a trial, e.g. 0.25 for four trials on a GPU, or 4 to train each trial on four GPUs "
        "(default: 1 if there is a GPU)",
    )
    command.add_argument(
        "--processes-per-trial",
        type=int,
        metavar="N",
        help="processes that train a trial together, each on a part of every batch (default: one per GPU)",
    )


def shard_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--shard",
        action="store_true",
        help="give each of a trial's processes a part of weights, gradients and optimizer state (FSDP2), for an "
        "encoder that is too large for one GPU",
    )


def on_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--on",
        metavar="HARDWARE",
        help="hardware for the estimate of --dry-run, e.g. '8 A100' or '64 cores' (default: this machine)",
    )


def hardware_of(options: argparse.Namespace) -> "Hardware | None":
    """The hardware of ``--on``, if it is given. Raises ``UserError`` for unknown hardware."""
    from harness.execution.costs.hardware import on

    return None if options.on is None else on(options.on, gpus=options.gpus_per_trial)


def duration_options(command: argparse.ArgumentParser, *, of: str = "trial", checkpoints: bool = True) -> None:
    """Add the options for the time limit of a trial or Fisher diagonal, and the time between a trial's checkpoints."""
    command.add_argument(
        "--minutes-per-trial",
        dest="minutes",
        type=float,
        metavar="M",
        help=f"time limit of a {of}; a longer {of} fails (default: none)",
    )
    if checkpoints:
        command.add_argument(
            "--checkpoint-minutes",
            type=float,
            default=10.0,
            metavar="M",
            help="minutes between checkpoints; an interrupted trial resumes from its last checkpoint; 'inf' for none "
            "(default: %(default)g)",
        )


def resources_of(options: argparse.Namespace) -> "Resources":
    """The resources of a trial, from the options.

    Call it before torch looks for GPUs, because it may set ``CUDA_VISIBLE_DEVICES``. Raises ``UserError`` for a wrong
    value, for options that exclude one another, and for ``--trials-per-gpu`` without a GPU.
    """
    from harness.execution.resources import Resources

    if vars(options).get("on") is not None:
        if not options.dry_run:
            raise UserError("--on: it needs --dry-run; a run uses the hardware of this machine or cluster")
        hardware_of(options)
    durations = {name: vars(options)[name] for name in DURATIONS if name in options}
    resources = Resources(
        local=options.local,
        cpus=options.cpus_per_trial,
        gpus=gpu_sharing.share(options),
        processes=options.processes_per_trial,
        shard=vars(options).get("shard", False),
        ray_address=options.ray_address,
        **durations,
    )
    if options.local and not (options.gpus_per_trial and resources.together > 1):
        # One device per trial, as on Ray.
        os.environ["CUDA_VISIBLE_DEVICES"] = (
            "" if options.gpus_per_trial == 0 else os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        )
    gpu_sharing.check_gpu(options)
    return resources
