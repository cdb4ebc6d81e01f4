"""Settings of Ray that have no public name.

Import this module before ``ray``, which reads its environment variables once. Tested with Ray 2.40 to 2.60.
"""

import importlib
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from itertools import takewhile
from pathlib import Path
from typing import Any

from harness.common.machine import environment
from harness.common.machine.garbage import collect_seldom

# A worker on a cluster imports this module before torch, and has the variables of a job that started the cluster.
environment.clear()

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")

import ray
from ray._private import accelerators, node, ray_constants, services, worker
from ray.experimental import internal_kv
from ray.job_config import JobConfig

if worker.global_worker.mode == worker.WORKER_MODE:
    collect_seldom()

from ray.tune.execution import class_cache

# Without this, Tune would replace this process's handler of SIGUSR1. After the signal, Tune would end its run as if all
# trials had ended, and would not pass on the signal.
importlib.import_module("ray.tune.tune")._setup_signal_catching = threading.Event  # type: ignore[attr-defined]

controller: Any = importlib.import_module("ray.tune.execution.tune_controller")
usage: Any = importlib.import_module("ray.air._internal.usage")

OF_OUR_TUNER = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # Tune's result files would be a second, weaker store
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the command line handles Ctrl-C
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",  # Tune's own state grows with the trials and is never restored
    "RAY_AIR_NEW_OUTPUT": "0",
}
"""Environment variables for steadytune's tuners. Tune reads them while a tuner runs."""


class _Inheriting(class_cache._ActorClassCache):
    """Tune's actors on a Ray of this process, whose workers inherit this process's variables.

    Tune's own actors ask for some of these variables. Ray gives such actors none of the workers that it has started.
    """

    def get(self, trainable: type) -> Any:
        if trainable not in self._cache:
            self._cache[trainable] = ray.remote(trainable)
        return self._cache[trainable]


@contextmanager
def our_tuner() -> Iterator[None]:
    """Run a tuner of steadytune. A user's own tuner in the same process keeps Tune's result files and Tune's state."""
    absent = {name: value for name, value in OF_OUR_TUNER.items() if name not in os.environ}
    os.environ.update(absent)
    actors, count = controller._ActorClassCache, usage.tag_callbacks
    usage.tag_callbacks = bool  # Ray's own function imports MLflow and W&B to count callbacks
    own: Any = worker._global_node
    if own is not None and own.is_head():
        controller._ActorClassCache = _Inheriting
    try:
        yield
    finally:
        controller._ActorClassCache, usage.tag_callbacks = actors, count
        for name in absent:
            os.environ.pop(name, None)


@contextmanager
def on_this_machine_only() -> Iterator[None]:
    """Bind each Ray that starts in this context to the loopback address. By default, Ray listens on every network.

    A Ray needs the context until its end. Afterwards this process can start and find clusters as before.
    """
    before, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def keep_from_workers(variables: Collection[str]) -> None:
    """Stop Tune from copying environment variables to workers.

    Otherwise Ray's logs would contain the variables, and all users can read these logs.
    """
    class_cache.ENV_VARS_TO_PROPAGATE -= set(variables)


def host_and_port(address: str) -> tuple[str, int] | None:
    """Host and port of a cluster. ``None`` for ``local`` and Ray's client, whose own time limit is half a minute.

    Raises ``ConnectionError`` if ``auto`` finds no cluster, and ``ValueError`` if the text is no address.
    """
    if "://" in address:
        return None
    found = services.canonicalize_bootstrap_address(address)
    if found is None:
        return None
    host, _, port = found.rpartition(":")
    return host.strip("[]"), int(port)


_starting = threading.local()
"""Whether this thread starts a Ray with few processes. Meanwhile, another thread may start a Ray of the user."""


def _unless_few(method: Callable[..., None]) -> Callable[..., None]:
    """A method of Ray that starts a process, changed to do nothing within ``few_processes``."""

    @wraps(method)
    def start(self: node.Node, *given: Any, **options: Any) -> None:
        if not getattr(_starting, "few", False):
            method(self, *given, **options)

    return start


def _noted(method: Callable[..., None]) -> Callable[..., None]:
    """Ray's method that starts a node's first processes, with a note of the node within ``few_processes``."""

    @wraps(method)
    def start(self: node.Node, *given: Any, **options: Any) -> None:
        if getattr(_starting, "few", False):
            _starting.node = self
        method(self, *given, **options)

    return start


node.Node.start_head_processes = _noted(node.Node.start_head_processes)  # type: ignore[method-assign]
for _name in ("start_monitor", "start_api_server", "start_log_monitor"):
    setattr(node.Node, _name, _unless_few(getattr(node.Node, _name)))


def _with_few(start: Callable[..., Any]) -> Callable[..., Any]:
    """Ray's function that starts a process, with the workers, import folder and threads of ``few_processes``."""

    @wraps(start)
    def with_few(command: list[str], *given: Any, **options: Any) -> Any:
        if getattr(_starting, "few", False):
            asked = f"{WORKERS_AT_ONCE}{_starting.workers}"
            command = [asked if part.startswith(WORKERS_AT_ONCE) else part for part in command]
            places = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(IN_WORKERS))))
            # Ray sets OMP_NUM_THREADS at a worker's first task. By then the libraries have made a thread for each core.
            threads = os.environ.get("OMP_NUM_THREADS", str(_starting.cores))
            options["env_updates"] = {
                **(options.get("env_updates") or {}),
                "PYTHONPATH": places,
                "OMP_NUM_THREADS": threads,
            }
        return start(command, *given, **options)

    return with_few


IN_WORKERS = Path(__file__).with_name("in_workers")
WORKERS_AT_ONCE = "--num_prestart_python_workers="
services.start_ray_process = _with_few(services.start_ray_process)


@contextmanager
def few_processes(workers: int = 0, cores: int = 1) -> Iterator[None]:
    """Start Ray without the processes that only a cluster needs: autoscaler, API server and reader of workers' logs.

    These processes take half of Ray's start. Ray starts them even with ``include_dashboard=False``. ``workers``
    worker processes start right away, in place of one per core, for trials of ``cores`` cores.
    """
    _starting.few, _starting.workers, _starting.cores = True, workers, cores
    try:
        yield
    finally:
        _starting.few = False


def started_too_slowly(error: Exception) -> bool:
    """Whether Ray gave up its start because one of its own processes was too slow, as on a busy machine.

    Ray waits 15 s for its agents, and no option changes this (github.com/ray-project/ray/issues/65983).
    """
    return "timed out during startup" in str(error)


def end_unready() -> None:
    """End the processes of a Ray whose start failed in this thread, within ``few_processes``."""
    if (unready := getattr(_starting, "node", None)) is not None:
        unready.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        _starting.node = None


WARM = {
    # Nothing else of steadytune: a worker knows the folder of the driver's copy only later.
    "preload_python_modules": ["steadytune_worker", "torch", "transformers.trainer", "datasets", "peft", "ray.tune"],
    # Time between Ray's searches for idle workers. Before the first trials, Ray takes the trials' workers for idle.
    "kill_idle_workers_interval_ms": 30_000,
}
"""Settings of a Ray whose workers import libraries before their first trial."""


def sees_accelerators() -> bool:
    """Whether Ray finds a GPU, or another device of this kind, on this machine."""
    return any(kind.get_current_node_num_accelerators() for kind in accelerators.get_all_accelerator_managers())


def shut_down() -> None:
    """Disconnect from Ray, and end a Ray that this process started, without a wait for each of Ray's processes.

    By default, Ray sends SIGTERM to each process and waits a second. Here Ray's processes block that signal (see
    ``signals``).
    """
    own = worker._global_node
    if own is not None:
        end = own.kill_all_processes
        own.kill_all_processes = lambda **options: end(check_alive=False, allow_graceful=False, wait=True)
    with _children_too():
        ray.shutdown()


def end_own_processes() -> None:
    """End a Ray that was started by this process."""
    if worker._global_node is not None:
        with _children_too():
            worker._global_node.kill_all_processes(check_alive=False, allow_graceful=False)


@contextmanager
def _children_too() -> Iterator[None]:
    """After the block, end the children of this process's own Ray: its agents notice its end only after a minute."""
    psutil: Any = vars(node)["psutil"]  # Ray ships a copy
    own, children = worker._global_node, list[Any]()
    live: list[Any] = [] if own is None else own.live_processes()
    for _, process in live:
        with suppress(psutil.Error):
            children += psutil.Process(process.pid).children()
    yield
    for child in children:
        with suppress(psutil.Error):
            child.kill()


def mark(name: str) -> None:
    """Leave a mark that every process of the cluster sees."""
    internal_kv._internal_kv_put(name, b"1")


def marked(name: str) -> bool:
    """Whether the cluster has a mark; ``False`` if the cluster does not answer."""
    with suppress(Exception):  # the cluster may be ending
        return bool(internal_kv._internal_kv_exists(name))
    return False


class DriversCode(JobConfig):
    """Lets workers import the same code as the driver.

    The driver's own import folders, such as ``PYTHONPATH``, come before the interpreter's libraries. The working
    directory, which Ray otherwise puts first, is left out.
    """

    def __init__(self) -> None:
        # Ray prepends the folders one by one, which reverses their order.
        super().__init__(_py_driver_sys_path=[*reversed(own_places())])

    def _runtime_env_has_working_dir(self) -> bool:
        """Called before Ray adds the working directory; ``True`` keeps it out."""
        return True


def own_places() -> list[str]:
    """The folders that this process imports from before its interpreter's own libraries."""
    library = Path(os.__file__).parent
    archive = library.with_name(f"python{sys.version_info.major}{sys.version_info.minor}.zip")
    places = [Path(place).absolute() for place in sys.path]
    return [str(place) for place in takewhile(lambda place: place not in (library, archive), places)]
