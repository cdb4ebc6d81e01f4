"""NVIDIA's Multi-Process Service (MPS), through which kernels of several processes run on a GPU at the same time.

Without it the GPU gives its time to one process after another.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

CONTROL = "nvidia-cuda-mps-control"
"""The program that starts, asks and ends the service; it comes with NVIDIA's driver."""
PLACES = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")
"""Variables for the folders of the service's sockets and logs."""
SECONDS = 20.0
"""Time limit for an answer of the program."""


@contextmanager
def running() -> Iterator[bool]:
    """Run the service for the processes that start within a ``with`` block, if it is installed and not running yet.

    Yields whether this call started the service. Only this process and its children know the folder of the service.
    """
    if shutil.which(CONTROL) is None or _answers("get_server_list"):
        yield False
        return
    before = {name: os.environ.get(name) for name in PLACES}
    with tempfile.TemporaryDirectory(prefix="steadytune-mps-") as folder:
        os.environ |= dict.fromkeys(PLACES, folder)
        started = False
        try:
            started = _runs([CONTROL, "-d"])
            yield started and _answers("get_server_list")
        finally:
            if started:
                _answers("quit")
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _answers(command: str) -> bool:
    """Whether the service takes a command, given to the program on standard input."""
    return _runs([CONTROL], command)


def _runs(command: list[str], given: str = "") -> bool:
    """Whether a program ends with exit code 0 within the time limit."""
    try:
        ended = subprocess.run(
            command, input=given + "\n", capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
