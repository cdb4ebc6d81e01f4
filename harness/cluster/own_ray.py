"""A Ray of our own: without dashboard, bound to this machine, quiet. It may start beside other work."""

import logging
import shutil
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.compat import ray as ray_compat  # Ray reads its environment variables when it is imported
from harness.compat import ray_authentication

# isort: split
import ray

from harness.cluster import folder as ray_folder
from harness.cluster import in_time
from harness.common.errors import UserError, reason_and_file
from harness.common.machine import signals
from harness.common.machine.cores import cores
from harness.common.machine.threads import room_for_threads

OBJECT_STORE_BYTES = 100 * 2**20
"""Size of the object store. Processes exchange only trials' configs, once. Results go to the store on disk."""
QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
WAY_OUT = "set RAY_TMPDIR to a writable folder with a short name, or give --local, which uses no Ray"
AWS_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
"""Variables that Tune would copy to workers; Ray's logs would then contain the values."""
LIMIT = 180.0
"""Time limit for the start, in seconds. The start takes a small part of it on an idle machine."""
THREADS, THREADS_A_WORKER = 170, 30
"""Numbers of threads: of an idle Ray, and of each worker. Measured with Ray 2.60."""


def hush() -> None:
    """Stop Ray's messages: our own line reports the end of a trial."""
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


STARTS = 3
"""Largest number of starts of a Ray whose own processes are too slow."""


class OwnRay:
    """A Ray of this process. It starts in a thread."""

    def __init__(self, workers: int, cores_each: int = 1) -> None:
        """Begin the start. ``workers`` processes for trials of ``cores_each`` cores import their libraries right away.

        With a GPU, no process does so. Raises ``UserError`` if the limit on this user's threads is too low.
        """
        room, needed = room_for_threads(), THREADS + THREADS_A_WORKER * cores()
        if room is not None and room < needed:  # Ray would wait forever, or be aborted
            raise UserError(
                f"Ray cannot be started: this user may have {room} more threads, and Ray needs about {needed}; "
                "raise the limit (ulimit -u), or give --local, which uses no Ray"
            )
        hush()
        ray_compat.keep_from_workers(AWS_KEYS)  # workers here inherit them anyway
        # A library that looks for GPUs too early would see GPUs of other trials.
        self._workers = 0 if ray_compat.sees_accelerators() else workers
        self._cores_each = cores_each
        self._ended = threading.Event()
        self._held = ExitStack()
        self._held.enter_context(ray_compat.on_this_machine_only())
        private = self._held.enter_context(tempfile.TemporaryDirectory(prefix="steadytune-"))
        self._held.enter_context(ray_authentication.own_token(Path(private)))
        self._folder = ray_folder.private()
        self._place = self._folder or ray_folder.default()
        self._done = in_time.begun(self._start, self._ended)

    def _start(self) -> None:
        signals.keep_from_children()
        for left in reversed(range(STARTS)):
            try:
                self._init()
            except Exception as error:  # Ray raises plain exceptions
                ray_compat.end_unready()
                if not (left and ray_compat.started_too_slowly(error)):
                    raise
                self._workers = 0  # imports of early workers would slow Ray's own processes
            else:
                return

    def _init(self) -> None:
        # Ray's handler of SIGTERM would print a C++ stack and abort.
        with signals.sigterm_kept(), ray_compat.few_processes(self._workers, self._cores_each):
            ray.init(
                address="local",
                num_cpus=cores(),  # Ray ignores CPU affinity
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                job_config=ray_compat.DriversCode(),
                _temp_dir=str(self._folder) if self._folder else None,
                _plasma_directory=ray_folder.in_place_of_shared_memory(self._place),
                _system_config=ray_compat.WARM if self._workers else None,
                **QUIET,
            )

    def wait(self, limit: float = LIMIT) -> None:
        """Wait until Ray has started.

        Raises ``UserError`` if Ray cannot start, or takes longer than ``limit`` seconds. Ray's logs then stay on disk.
        """
        logs = self._place / "session_latest" / "logs"
        try:
            in_time.wait(self._done, limit, f"Ray is being started; its logs are in {logs}")
        except TimeoutError:
            raise UserError(
                f"Ray cannot be started: it is not ready after {limit:.0f} s; its logs are in {logs}; give "
                "--local, which uses no Ray"
            ) from None
        except Exception as error:  # Ray raises plain exceptions
            said = reason_and_file(error)
            if not isinstance(error, OSError | ValueError):  # the error came after a wait, so the logs help
                said += f"; its logs are in {logs}, and {ray_folder.room(self._place)}"
            raise UserError(f"Ray cannot be started: {said}; {WAY_OUT}") from None
        if self._folder is not None:
            self._held.callback(shutil.rmtree, self._folder, ignore_errors=True)

    def end(self) -> None:
        """End Ray. If Ray is still starting, its thread ends it right after the start."""
        if self._done.done():
            self._over(self._done)
        else:
            self._done.add_done_callback(self._over)

    def drop(self, code: int) -> None:
        """End a Ray that nobody needs, after a short wait for its start.

        If this process ends during the start, its exit code is ``code``.
        """
        with suppress(Exception):  # the error that ended the need for Ray says more
            in_time.wait_quietly(self._done, code)
        self.end()

    def _over(self, done: "Future[None]") -> None:
        with self._held:
            if done.exception() is None:
                ray_compat.shut_down()
            self._ended.set()


_unused: list[OwnRay] = []
"""The Ray that has begun to start and has no connection yet; empty if there is none."""


def begin(workers: int, cores_each: int = 1) -> None:
    """Start a Ray beside other work, for the next connection. Call it inside ``unused_ended``."""
    _unused.append(OwnRay(workers, cores_each))


def taken(workers: int, cores_each: int = 1) -> OwnRay:
    """The Ray that has begun to start, or a new Ray."""
    return _unused.pop() if _unused else OwnRay(workers, cores_each)


@contextmanager
def unused_ended() -> Iterator[None]:
    """At the end of this context, end a Ray that was begun in it and has no connection, as after a user's mistake."""
    code = 0
    try:
        yield
    except BaseException as error:
        code = in_time.exit_code(error)
        raise
    finally:
        while _unused:
            _unused.pop().drop(code)
