"""Ray for a study: a trial's share of the cluster, and the study's Fisher diagonals."""

import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import NamedTuple

from harness.cluster.connection import connection  # before Ray, which reads environment variables at import

# isort: split
import ray
from rich.console import Console

from harness.common.console import say
from harness.common.errors import UserError
from harness.common.users.own_code import Bundle, packed, receive
from harness.execution.follow.beating import beating
from harness.execution.follow.display import Display
from harness.execution.on_ray.ahead import at_once
from harness.execution.on_ray.worker import take_gpu
from harness.execution.progress import announce_diagonals
from harness.execution.resources import Resources
from harness.execution.retries import Loss
from harness.execution.time_limit import time_limit
from harness.execution.worker_errors import ANSI
from harness.fisher import supply
from harness.fisher.diagonal_files import Request
from harness.store.store import Store
from harness.study import TrialConfig


class Cluster(NamedTuple):
    """A connected Ray cluster, as trials use it."""

    place: str
    """The store's place, as a worker opens it."""
    gpus: float
    """GPUs of a trial: 0, a fraction or a whole number."""
    scratch: str
    """A folder for Tune's own files."""


@contextmanager
def ready(
    trials: Sequence[TrialConfig],
    store: Store,
    resources: Resources,
    console: Console,
    display: Display | None = None,
) -> Iterator[Cluster]:
    """A connected Ray cluster, after the computation of the trials' Fisher diagonals.

    The diagonals' progress is shown on ``display``, or on a new display. Raises ``UserError`` if the cluster cannot be
    reached or no node has room for a trial.
    """
    place = store.for_workers
    connected = connection(resources.ray_address, at_once(len(trials), resources), resources.cores)
    # Ray's processes may still write to the folder when a signal ends the study, so Ray ends first.
    with tempfile.TemporaryDirectory(prefix="steadytune-", ignore_cleanup_errors=True) as scratch, connected:
        gpus = _gpus(resources)
        _check_fits(resources, gpus)
        diagonals = supply.lacking(supply.needed(trials), store)
        announce_diagonals(diagonals, console)
        with Display(console, store) if display is None else nullcontext(display) as shown:
            for _ in _provided(diagonals, place, resources, min(1.0, gpus), shown):
                pass  # the trials that need a failed diagonal find it missing and record the failure
        if resources.ray_address is not None:
            there = ray.cluster_resources()
            size = f"nodes: {len(ray.nodes())}, cores: {there.get('CPU', 0):g}, GPUs: {there.get('GPU', 0):g}"
            say(console, f"The cluster: {size}. A trial: cores: {resources.cores}, GPUs: {gpus:g}.")
        yield Cluster(place, gpus, scratch)


def provide_on_ray(requests: Sequence[Request], store: Store, resources: Resources, display: Display) -> None:
    """Compute Fisher diagonals as Ray tasks, each with a trial's CPUs and at most one GPU. Raises the first error."""
    with connection(resources.ray_address, at_once(len(requests), resources), resources.cores):
        gpus = min(1.0, _gpus(resources))
        _check_fits(replace(resources, gpus=gpus, processes=None, shard=False), gpus)
        for error in _provided(requests, store.for_workers, resources, gpus, display):
            if error is not None:
                raise error.cause if isinstance(error, ray.exceptions.RayTaskError) else error


def _provided(
    requests: Sequence[Request], place: str, resources: Resources, gpus: float, display: Display
) -> Iterator[Exception | None]:
    """Compute diagonals in parallel, as many as fit on the cluster.

    Yields the error of each diagonal as it ends, or ``None``.
    """
    task = ray.remote(num_cpus=resources.cpus, num_gpus=gpus, max_retries=0)(_provide)
    asked = {
        task.remote(request, place, resources, gpus, packed(request.origin.own_files)): request for request in requests
    }
    for request in requests:
        display.add(request.id, request.label)
    running = list(asked)
    while running:
        ended, running = ray.wait(running)
        display.remove(asked[ended[0]].id)
        try:
            ray.get(ended)
            yield None
        except Exception as error:
            yield error


def _provide(request: Request, place: str, resources: Resources, gpus: float, code: Bundle) -> None:
    """Compute a diagonal on a worker, within a trial's time limit."""
    take_gpu(gpus)
    receive(code)
    store = Store(place, create=False)
    with time_limit(resources.minutes, may_exit=True), beating(store, request.id) as progress:
        supply.provide(request, store, resources.cpus, progress)


def _gpus(resources: Resources) -> float:
    """GPUs of a trial on the connected cluster."""
    return resources.gpus if resources.gpus is not None else min(1.0, ray.cluster_resources().get("GPU", 0.0))


def loss_of_node(error: RuntimeError) -> Loss:
    """The loss of all running trials after Ray ended a worker because its node was low on memory.

    ``error`` is the exception that Tune raises then. Raises any other error again.
    """
    if not isinstance(error.__cause__, ray.exceptions.RayError):
        raise error
    said = ANSI.sub("", str(error.__cause__)).strip() or type(error.__cause__).__name__
    return Loss(said.splitlines()[0], ANSI.sub("", "".join(traceback.format_exception(error))))


def _check_fits(resources: Resources, gpus: float) -> None:
    """Refuse a trial that fits on no node, because the trial would wait forever."""
    cpus = resources.cores
    of_cores = "--cpus-per-trial" if cpus == resources.cpus else resources.option
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    for name, flag, asked in (("GPU", "--gpus-per-trial", gpus), ("CPU", of_cores, cpus)):
        most = max((node.get(name, 0) for node in nodes), default=0)
        if asked > most:
            of = f"each process of a trial needs a {name}; " if asked == resources.together > 1 else ""
            raise UserError(f"{flag}: {asked:g} is not allowed; {of}the nodes of this cluster have {most:g} at most")
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        raise UserError(
            f"--cpus-per-trial: {cpus} is not allowed with --gpus-per-trial {gpus:g}; no node of this cluster has both"
        )
