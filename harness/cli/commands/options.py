"""Options that several commands share, and what they stand for."""

import argparse
import contextlib
import math
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness import loggers
from harness.common.errors import UserError, bad

if TYPE_CHECKING:
    from harness.execution.resources import Resources
    from harness.loggers.base import Logger
    from harness.setting import Setting
    from harness.store.store import Store
    from harness.study import Study, TrialConfig

STORE = "steadytune-store"
AUTO = "auto"
DURATIONS = ("minutes", "checkpoint_minutes")
"""Fields of ``Resources`` that ``duration_options`` set."""
SAME_SHARE = 0.005
"""Difference up to which two shares of a GPU are the same: 0.33 is a third."""


def study_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("study", metavar="STUDY", help="a name from 'steadytune list', or your own .py or .yaml file")


def scaling_options(command: argparse.ArgumentParser) -> None:
    """What changes a study without a file of one's own; see ``scaled_study``."""
    group = command.add_argument_group(
        "scaling the study", "Trials that this changes are other trials; the study keeps its name."
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the study (task, encoder, data, source, precision, checkpoint, ...), of all its "
        "settings (max_steps, batch_size, ..., also as a multiple of their own, learning_rate=10x, and "
        "warmup_steps as a share, 10%%) or of a method (l2.strength); may be given several times",
    )
    group.add_argument("--languages", nargs="+", metavar="XX", help="target languages, or 'paper', 'xtreme' or 'all'")
    group.add_argument("--seeds", nargs="+", metavar="N", help="seeds of every method")
    group.add_argument(
        "--limit-train", metavar="N", help="train on so many of the training examples; short for --set train_examples=N"
    )


def scaled_study(options: argparse.Namespace) -> "Study":
    """The study that the command line names, as ``scaling_options`` change it; prints what is to be said of that."""
    import search_spaces
    from harness.cli.overrides import scaled

    named = search_spaces.load(options.study)
    if (
        search_spaces.is_file_name(options.study)
        and named.name in search_spaces.names()
        and named != search_spaces.load(named.name)
    ):
        print(
            f"Note: {named.name!r} is also the name of a study that ships with steadytune, and is another; in a store "
            "the two would mix."
        )
    study, notes = scaled(
        named,
        changes=options.set,
        languages=options.languages,
        seeds=options.seeds,
        limit_train=options.limit_train,
    )
    for note in notes:
        print(f"Note: {note}.")
    return study


def warn_of_warmups(settings: Iterable["Setting"], trial: "TrialConfig | None", searched: Collection[str] = ()) -> None:
    """Print which warmups do not end in the training data of a trial, or where there is none in what is known without
    it.

    ``searched`` are the hyperparameters that a search looks for: they cannot be set beside.
    """
    from harness.cli.warmups import SHORTER, endless
    from harness.data.origin import Origin
    from harness.data.reading import examples

    there = len(examples(Origin.of(trial), "train", trial.source)) if trial is not None else None
    advice = "give the search a shorter range of warmup_steps, or more steps" if "warmup_steps" in searched else SHORTER
    for note in endless(dict.fromkeys(settings), there, advice):
        print(f"Note: {note}.")


def store_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store",
        default=STORE,
        metavar="PLACE",
        help="folder or URL that keeps all trials, shared by all studies (default: %(default)s)",
    )


def ddof_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--ddof",
        type=int,
        choices=(0, 1),
        default=1,
        help="of standard deviations: 1 sample, 0 population (default: 1)",
    )


def resource_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--local", action="store_true", help="one after another in this process, without Ray (for debugging)"
    )
    ray_options(command)


def ray_options(command: argparse.ArgumentParser) -> None:
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
        help="GPU of a trial, e.g. 0.25 for four on one (default: 1 where there are any)",
    )


def duration_options(command: argparse.ArgumentParser, *, checkpoints: bool = True) -> None:
    """How long a trial may take, and how much of it may be lost."""
    command.add_argument(
        "--minutes-per-trial",
        dest="minutes",
        type=float,
        metavar="M",
        help="time limit of a trial: one that hangs has failed then (default: none)",
    )
    if checkpoints:
        command.add_argument(
            "--checkpoint-minutes",
            type=float,
            default=10.0,
            metavar="M",
            help="how often a training's state is kept for a trial that is cut short to go on from; 'inf' for never "
            "(default: %(default)g)",
        )


def gpu_sharing_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--trials-per-gpu",
        metavar="N",
        help="trials that share a GPU, --gpus-per-trial 1/N; 'auto' tries the largest trial 1, 2, 4, ... times at "
        "once for some seconds each, and takes the number that trains most tokens a second and fits the memory",
    )


def resources_of(options: argparse.Namespace) -> "Resources":
    """What the options give a trial. Called before torch looks for GPUs. Raises ``UserError`` where trials are to share
    one and there is none."""
    from harness.execution.resources import Resources

    gpus = _share(options)
    durations = {name: vars(options)[name] for name in DURATIONS if name in options}
    resources = Resources(
        local=options.local, cpus=options.cpus_per_trial, gpus=gpus, ray_address=options.ray_address, **durations
    )
    if options.local:
        # One device a trial, as on Ray: with several, transformers would train on all, with a larger batch than the
        # setting says.
        os.environ["CUDA_VISIBLE_DEVICES"] = (
            "" if options.gpus_per_trial == 0 else os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        )
    if vars(options).get("trials_per_gpu") is not None and options.ray_address is None:
        from harness.training import precision

        if not precision.gpu_here(None):
            raise UserError(
                "--trials-per-gpu: this machine has no GPU for trials to share; without it each gets its CPU cores"
            )
    return resources


def _share(options: argparse.Namespace) -> float | None:
    """GPU of a trial by ``--gpus-per-trial`` and ``--trials-per-gpu``; ``None`` where neither says, or where it is to
    be measured."""
    word, gpus = vars(options).get("trials_per_gpu"), options.gpus_per_trial
    if word is None:
        return gpus
    if not (word == AUTO or (word.isdecimal() and int(word) > 0)):
        raise bad("--trials-per-gpu", word, f"a whole number of at least 1, or {AUTO!r}")
    if options.local and word != "1":
        raise bad("--trials-per-gpu", word, "it without --local, which runs one trial at a time")
    if word == AUTO:
        if gpus is not None:
            raise bad("--gpus-per-trial", gpus, f"it without --trials-per-gpu {AUTO}, which finds it out")
        if options.ray_address is not None:
            raise bad(
                "--trials-per-gpu", word, "a number with --ray-address: a cluster's GPUs cannot be tried from here"
            )
        return None
    share = 1 / int(word)
    if gpus is not None and not math.isclose(gpus, share, abs_tol=SAME_SHARE):
        raise bad("--gpus-per-trial", gpus, f"{share:.3g}, or leave it out, with --trials-per-gpu {word}")
    return share


def with_gpu_sharing(
    resources: "Resources", options: argparse.Namespace, trials: "Sequence[TrialConfig]", store: str | None
) -> "Resources":
    """The resources with as many trials on a GPU as ``--trials-per-gpu auto`` finds best; without it they stay what
    they are.

    ``trials`` are those that are to run, and ``store`` keeps their tokenised data; ``None`` to write nothing.
    """
    if options.trials_per_gpu != AUTO or not trials:
        return resources
    import torch

    from harness.execution.gpu_sharing import pick
    from harness.execution.resources import cores
    from harness.store.store import Store

    by_cores = max(1, cores() // (resources.cpus * torch.cuda.device_count()))
    cache = Store(store).cache if store is not None else None
    return replace(resources, gpus=1 / pick(trials, cache, threads=resources.cpus, most=by_cores))


def log_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--log",
        nargs="+",
        default=[],
        metavar="LOGGER",
        help=f"log the study's finished and failed trials to any of {', '.join(loggers.LOGGERS)}, each an extra of its "
        "name to install; into the store's folder logs, with nothing sent anywhere unless your environment says "
        "so",
    )


def loggers_of(options: argparse.Namespace) -> "dict[str, type[Logger]]":
    """The loggers of ``--log``. Called before anything else: raises ``UserError`` for an unknown one, or one without
    its package."""
    return loggers.named(options.log)


def study_name(word: str) -> str:
    """The name of a study, of one's own file too."""
    import search_spaces

    return search_spaces.load(word).name if search_spaces.is_file_name(word) else word


def repair(store: "Store | None") -> None:
    """Move the broken files that a report has found in its store to quarantine, and print a line for each.

    The next run makes them again. Where the store cannot be written they stay.
    """
    if store is None:
        return
    with contextlib.suppress(UserError):
        for moved in store.repair():
            print(f"Set aside: {moved}. 'steadytune run' makes it again.")
    for fault in store.faults:
        print(f"Note: {fault}, and was left out.")
