"""The connection to a Ray cluster, or to a Ray that steadytune starts, within a time limit."""

import atexit
import logging
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from harness.compat import ray as ray_compat  # Ray reads its environment variables when it is imported
from harness.compat import ray_authentication

# isort: split
import ray

from harness.cluster import folder as ray_folder
from harness.common.errors import UserError, reason_and_file
from harness.common.machine import signals
from harness.common.machine.cores import cores
from harness.common.machine.threads import room_for_threads

OBJECT_STORE_BYTES = 100 * 2**20
"""Size of the object store. Processes exchange only trials' configs, once. Results go to the store on disk."""
WAY_OUT = "set RAY_TMPDIR to a folder with a short name that can be written, or give --local, which uses no Ray"
TOKEN_NEEDED = (
    "it asks for Ray's authentication token, and there is none here or another; copy ~/.ray/auth_token from the "
    "cluster's head, or set RAY_AUTH_TOKEN to what 'ray get-auth-token' prints there (and unset RAY_AUTH_MODE=disabled)"
)
AWS_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
"""Variables that Tune passes to workers on other machines, with their values."""
LIMIT = 60.0
"""Time limit for a cluster to answer, in seconds."""
START_LIMIT = 180.0
"""Time limit for the start of a Ray of our own, in seconds. The start takes a small part of it on an idle machine."""
SILENCE = 20.0
"""Seconds of waiting without a message."""
RETRY = 1.0
"""Seconds between two attempts to reach a cluster. The cluster may still be starting."""
THREADS, THREADS_A_WORKER = 170, 30
"""Threads of an idle Ray, and of each worker; measured with Ray 2.60."""
GAVE_UP, INTERRUPTED = 2, 130
"""Exit codes of a process that stops waiting. They equal the command's codes for ``UserError`` and Ctrl-C."""


@contextmanager
def connection(address: str | None) -> Iterator[None]:
    """A connection to a cluster, or a temporary Ray of our own: without dashboard, bound to this machine, quiet.

    Raises ``UserError`` if a cluster does not answer in time, or a Ray of our own does not start in time.
    """
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # our own line reports the end of a trial
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    ended = threading.Event()
    with ExitStack() as held:
        if address is None:
            private = held.enter_context(tempfile.TemporaryDirectory(prefix="steadytune-"))
            held.enter_context(ray_authentication.own_token(Path(private)))
        with signals.sigterm_kept():  # Ray's handler would print a C++ stack and abort
            if address is None:
                if (folder := _start(quiet, ended)) is not None:
                    held.callback(shutil.rmtree, folder, ignore_errors=True)
            else:
                _join(address, quiet, ended)
        try:
            yield
        finally:
            ray_compat.shut_down()
            ended.set()


def _start(quiet: dict[str, Any], ended: threading.Event) -> Path | None:
    """Start a Ray of our own. Returns its folder if the folder was made for this Ray alone.

    If Ray cannot start, its logs stay.
    """
    room, needed = room_for_threads(), THREADS + THREADS_A_WORKER * cores()
    if room is not None and room < needed:  # Ray would wait forever, or be aborted
        raise UserError(
            f"Ray cannot be started: this user may have {room} more threads, and Ray needs about {needed}; "
            "raise the limit (ulimit -u), or give --local, which uses no Ray"
        )
    ray_compat.listen_on_this_machine_only()
    ray_compat.keep_from_workers(AWS_KEYS)  # workers here inherit them anyway
    folder = ray_folder.private()
    place = folder or ray_folder.default()
    logs = place / "session_latest" / "logs"

    def start() -> None:
        signals.keep_from_children()
        with ray_compat.few_processes():
            ray.init(
                address="local",
                num_cpus=cores(),  # Ray ignores CPU affinity
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                job_config=ray_compat.DriversCode(),
                _temp_dir=str(folder) if folder else None,
                _plasma_directory=ray_folder.in_place_of_shared_memory(place),
                **quiet,
            )

    try:
        _in_time(start, ended, START_LIMIT, f"Ray is being started; its logs are in {logs}")
    except TimeoutError:
        raise UserError(
            f"Ray cannot be started: it is not ready after {START_LIMIT:.0f} s; its logs are in {logs}; or give "
            "--local, which uses no Ray"
        ) from None
    except Exception as error:  # Ray raises plain exceptions
        said = reason_and_file(error)
        if not isinstance(error, OSError | ValueError):  # the error came after a wait, so the logs help
            said += f"; its logs are in {logs}, and {ray_folder.room(place)}"
        raise UserError(f"Ray cannot be started: {said}; {WAY_OUT}") from None
    return folder


def _join(address: str, quiet: dict[str, Any], ended: threading.Event) -> None:
    logs = "Ray's logs are in /tmp/ray/session_latest/logs on the cluster's machines"
    end = time.monotonic() + LIMIT

    def join() -> None:
        ray_authentication.check_token()
        _knock(address, end)
        # With Ray's client the job belongs to the cluster, which does not have this working directory.
        job: dict[str, Any] = {} if address.startswith("ray://") else {"job_config": ray_compat.DriversCode()}
        ray.init(address=address, **job, **quiet)

    waiting = f"Waiting for the Ray cluster {address!r}, {LIMIT:.0f} s at most; {logs}"
    try:
        _in_time(join, ended, LIMIT + RETRY, waiting)
    except Exception as error:
        if ray_authentication.refused(error):
            raise UserError(f"--ray-address: {address!r} cannot be reached: {TOKEN_NEEDED}") from None
        said = f"no answer within {LIMIT:.0f} s" if isinstance(error, TimeoutError) else reason_and_file(error)
        raise UserError(f"--ray-address: {address!r} cannot be reached: {said}; {logs}") from None


def _knock(address: str, end: float) -> None:
    """Wait until a cluster's address accepts connections, and greet the cluster.

    Raises the ``OSError`` at the end of the time. Ray itself would keep trying for many minutes.
    """
    place = ray_compat.host_and_port(address)
    while place is not None:
        try:
            with socket.create_connection(place, timeout=max(RETRY, end - time.monotonic())):
                break
        except socket.gaierror:  # unknown host name
            raise
        except OSError:
            if time.monotonic() >= end:
                raise
        time.sleep(RETRY)
    if place is not None:
        ray_authentication.greet(*place)


def _in_time(action: Callable[[], None], ended: threading.Event, limit: float, waiting: str) -> None:
    """Run an action that may hang in code outside Python.

    Prints ``waiting`` on standard error if the action takes a while. Raises ``TimeoutError`` at the limit. After that,
    or after Ctrl-C, the action's thread keeps running, and the process ends without waiting for Ray's shutdown.
    """
    done: Future[None] = Future()

    def act() -> None:
        try:
            action()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)
            ended.wait()  # the kernel ends Ray's processes when the thread that started them ends

    threading.Thread(target=act, name="ray", daemon=True).start()
    try:
        _result(done, limit, waiting)
    except BaseException as error:
        if not done.done():
            atexit.register(_leave, _exit_code(error))
        raise


def _result(done: "Future[None]", limit: float, waiting: str) -> None:
    try:
        done.result(min(SILENCE, limit))
    except TimeoutError:
        if done.done():  # the action itself raised this error
            raise
        print(f"{waiting}.", file=sys.stderr, flush=True)
        done.result(max(0.0, limit - SILENCE))


def _exit_code(error: BaseException) -> int:
    if not isinstance(error, KeyboardInterrupt):
        return GAVE_UP
    return signals.exit_code() if signals.requested() else INTERRUPTED


def _leave(code: int) -> None:
    """End this process at once, together with a Ray that it was starting."""
    ray_compat.end_own_processes()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
