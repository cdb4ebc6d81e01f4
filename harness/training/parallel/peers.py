"""The start and end of peers: the processes that train a trial together with this process."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

import harness
from harness.common.users import own_code
from harness.study import TrialConfig
from harness.training.parallel.group import Group
from harness.training.parallel.lost import LostProcessError, is_lost

PEER = "harness.training.peer"
"""The module that a peer executes. Its arguments are the folder and the peer's number."""
GIVEN = "given.pkl"
"""File name of the trial for the peers."""
POLL = 0.05
"""Seconds between two checks of the processes."""
GRACE = 30.0
"""Seconds until this process ends after a peer on a GPU has died: a GPU that waits for a dead peer never returns."""
LAST = 60.0
"""Seconds in which peers must end after the ``with`` block of ``Peers``."""


class Peers:
    """The other processes of a trial, alive within a ``with`` block; none if one process trains it.

    Raises ``LostProcessError`` with the peer's error, signal or exit code if the block ends because a peer no longer
    answers. Peers end with this process, however it ends, because their standard input then closes.

    Args:
        config: The trial.
        cache: Folder with tokenised data and Fisher diagonals.
        threads: Number of CPU threads of each process.
        resumes: Whether the training may start from a training state, see ``PenaltyTrainer.resume``.
    """

    def __init__(self, config: TrialConfig, cache: Path, threads: int, *, resumes: bool) -> None:
        self.config, self.size = config, config.processes
        self.given = {"cache": cache.absolute(), "threads": threads, "resumes": resumes}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.over = threading.Event()
        self.group: Group | None = None

    def __enter__(self) -> Self:
        if self.size == 1:
            return self
        self._kept = tempfile.TemporaryDirectory(prefix="steadytune-group-")
        self.folder = Path(self._kept.name)
        try:
            self._start()
        except BaseException:
            self._end(patience=0.0)
            self._kept.cleanup()
            raise
        return self

    def _start(self) -> None:
        gpus = visible_gpus() if torch.cuda.is_available() else []
        self.gpu = len(gpus) >= self.size  # else NCCL refuses, and gloo sums for processes that share a GPU
        given = self.given | {
            "config": self.config.to_json(),
            "code": own_code.packed(self.config.own_files),
            "size": self.size,
            "gpu": self.gpu,
        }
        (self.folder / GIVEN).write_bytes(pickle.dumps(given))
        for rank in range(1, self.size):
            self.processes.append(self._started(rank, gpus[rank % len(gpus)] if gpus else ""))
        if self.gpu:
            threading.Thread(target=self._watch, daemon=True, name="peers").start()

    def _started(self, rank: int, gpu: str) -> "subprocess.Popen[bytes]":
        place = str(Path(harness.__path__[0]).parent)
        paths = os.pathsep.join(filter(None, [place, os.environ.get("PYTHONPATH")]))
        with error_file(self.folder, rank).with_suffix(".log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", PEER, str(self.folder), str(rank)],
                env={**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": gpu},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def join(self) -> Group | None:
        """The group, once all peers have started; ``None`` without peers.

        Raises ``LostProcessError`` if a peer ends earlier.
        """
        if self.size == 1:
            return None
        while not all(ready_file(self.folder, rank).exists() for rank in range(1, self.size)):
            self._check_alive()
            time.sleep(POLL)
        made: Future[Group] = Future()
        threading.Thread(target=self._meet, args=(made,), daemon=True, name="meeting").start()
        while not made.done():
            self._check_alive()
            time.sleep(POLL)
        self.group = made.result()
        return self.group

    def _check_alive(self) -> None:
        if any(process.poll() is not None for process in self.processes):
            raise LostProcessError("a process of the trial did not start")

    def _meet(self, made: "Future[Group]") -> None:
        """Form the group. If a peer dies meanwhile, the wait never ends, so this thread may stay behind."""
        try:
            made.set_result(Group(self.folder, 0, self.size, gpu=self.gpu))
        except BaseException as error:
            made.set_exception(error)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.size == 1:
            return
        self.over.set()
        try:
            self._end(patience=LAST if error is None else 5.0 if is_lost(error) else 0.0)
            if self.group is not None:
                self.group.abandon()
            if error is not None and is_lost(error):
                raise self._cause(error) from error
        finally:
            self._kept.cleanup()

    def _end(self, patience: float) -> None:
        """Wait up to ``patience`` seconds for the peers to end by themselves, then kill them."""
        until = time.monotonic() + patience
        while time.monotonic() < until and any(process.poll() is None for process in self.processes):
            time.sleep(POLL)
        self.codes = [process.poll() for process in self.processes]
        for process in self.processes:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()

    def _cause(self, error: BaseException) -> LostProcessError:
        """The likely cause of the loss: a peer that was killed or crashed, else a peer's own error, else ``error``."""
        told: list[dict[str, Any]] = []
        for rank, code in enumerate(self.codes, 1):
            file = error_file(self.folder, rank)
            if file.exists():
                told.append(json.loads(file.read_text(encoding="utf-8")))
            elif code not in (None, 0):
                how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
                return LostProcessError(f"process {rank} of the trial's {self.size} {how}{self._last(rank)}", died=True)
        own = next((one for one in told if not one["lost"]), None)
        return LostProcessError(str(error) if own is None else own["error"])

    def _last(self, rank: int) -> str:
        """The last line that a peer has printed, to end a sentence."""
        lines = error_file(self.folder, rank).with_suffix(".log").read_text("utf-8", "replace").split("\n")
        printed = [line.strip() for line in lines if line.strip()]
        return f": {printed[-1]}" if printed else ""

    def _watch(self) -> None:
        """End this process if a peer has died. NCCL, unlike gloo, does not notice the death."""
        while not self.over.wait(10 * POLL):
            if any(process.poll() not in (None, 0) for process in self.processes) and not self.over.wait(GRACE):
                print("A process of the trial died, and the others wait for it: they end too.", file=sys.stderr)
                os._exit(1)


def visible_gpus() -> list[str]:
    """The names of the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` lists them."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return [str(number) for number in range(torch.cuda.device_count())]
    return [name for name in listed.split(",") if name]


def ready_file(folder: Path, rank: int) -> Path:
    """The file that a peer writes once it has started."""
    return folder / f"ready-{rank}"


def error_file(folder: Path, rank: int) -> Path:
    """The file with the error of a peer, as JSON."""
    return folder / f"error-{rank}.json"
