"""The connection to a Ray cluster, or to a Ray that steadytune starts, within a time limit."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.compat import ray as ray_compat  # Ray reads its environment variables when it is imported
from harness.compat import ray_authentication

# isort: split
import ray

from harness.cluster import in_time, own_ray
from harness.common.errors import UserError, reason_and_file
from harness.common.machine import signals

TOKEN_NEEDED = (
    "it asks for Ray's authentication token, and this machine has none or a different one; copy ~/.ray/auth_token from "
    "the cluster's head, or set RAY_AUTH_TOKEN to the output of 'ray get-auth-token' there (and unset "
    "RAY_AUTH_MODE=disabled)"
)
LIMIT = 60.0
"""Time limit for a cluster to answer, in seconds."""
RETRY = 1.0
"""Seconds between two attempts to reach a cluster. The cluster may still be starting."""


@contextmanager
def connection(address: str | None, workers: int = 0, cores_each: int = 1) -> Iterator[None]:
    """A connection to a cluster, or a temporary Ray of our own (see ``harness.cluster.own_ray``).

    ``workers`` is the number of processes that a Ray of our own starts right away, for trials of ``cores_each`` cores.
    Raises ``UserError`` if a cluster does not answer in time, or a Ray of our own does not start in time.
    """
    if address is None:
        own = own_ray.taken(workers, cores_each)
        try:
            own.wait()
            yield
        finally:
            own.end()
        return
    own_ray.hush()
    ended = threading.Event()
    _join(address, ended)
    try:
        yield
    finally:
        ray_compat.shut_down()
        ended.set()


def _join(address: str, ended: threading.Event) -> None:
    logs = "Ray's logs are in /tmp/ray/session_latest/logs on the cluster's machines"
    end = time.monotonic() + LIMIT

    def join() -> None:
        ray_authentication.check_token()
        _knock(address, end)
        # With Ray's client the job belongs to the cluster, which does not have this working directory.
        job: dict[str, Any] = {} if address.startswith("ray://") else {"job_config": ray_compat.DriversCode()}
        with signals.sigterm_kept():  # Ray's handler would print a C++ stack and abort
            ray.init(address=address, **job, **own_ray.QUIET)

    waiting = f"Waiting for the Ray cluster {address!r}, {LIMIT:.0f} s at most; {logs}"
    try:
        in_time.wait(in_time.begun(join, ended), LIMIT + RETRY, waiting)
    except Exception as error:
        if ray_authentication.refused(error):
            raise UserError(f"--ray-address: {address!r} cannot be reached: {TOKEN_NEEDED}") from None
        said = f"no answer within {LIMIT:.0f} s" if isinstance(error, TimeoutError) else reason_and_file(error)
        raise UserError(f"--ray-address: {address!r} cannot be reached: {said}; {logs}") from None


def _knock(address: str, end: float) -> None:
    """Wait until a cluster's address accepts connections, and greet the cluster.

    ``end`` is the last time to try, on the clock of ``time.monotonic``. Raises the ``OSError`` of the last attempt. An
    unknown host name is an error at once. Ray itself would keep trying for many minutes.
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
