"""A process that helps another to train a trial, on its part of every batch.

Executed by ``harness.training.parallel.peers``. It writes nothing to the store and scores nothing.
"""

import json
import os
import pickle
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.common.errors import UserError
from harness.common.machine import arithmetic, signals
from harness.common.users.own_code import receive
from harness.data.context import TrialContext
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.parallel.group import Group
from harness.training.parallel.lost import is_lost
from harness.training.parallel.peers import GIVEN, error_file, ready_file
from harness.training.training_state import NoStates
from harness.training.trial import select_on_dev

LAST_WAIT = 1.0
"""Seconds after an error in which this process may learn that the first process has ended."""


def main(folder: Path, rank: int) -> None:
    """Train, and end the process with code 0, or with 1 after an error."""
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    tempfile.tempdir = str(folder)  # this process ends without the clean-up of its own temporary files
    for number in (signal.SIGINT, *signals.ENDING):
        signal.signal(number, signal.SIG_IGN)  # the first process decides when to end
    try:
        _train(folder, rank, **pickle.loads((folder / GIVEN).read_bytes()))
    except BaseException as error:
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        told = {"error": f"{kind}{error}", "lost": is_lost(error)}
        with suppress(FileNotFoundError):  # the first process has ended, and the folder is gone
            error_file(folder, rank).write_text(json.dumps(told), encoding="utf-8")
        # A lost connection may be the first sign that the first process has ended. Nobody else removes the folder then.
        if select.select([sys.stdin], [], [], LAST_WAIT)[0]:
            _end_with_parent(folder)
        os._exit(1)
    os._exit(0)


def _train(
    folder: Path,
    rank: int,
    *,
    config: dict[str, Any],
    code: Any,
    cache: Path,
    threads: int,
    resumes: bool,
    size: int,
    gpu: bool,
) -> None:
    receive(code)
    arithmetic.settle(threads)
    trial = TrialConfig.from_json(config)
    ready_file(folder, rank).touch()
    group = Group(folder, rank, size, gpu=gpu)  # once process 0 has tokenised the data
    context = TrialContext.of(trial, cache)
    trainer = build_trainer(context, group)
    select_on_dev(trainer, context, group)
    trainer.resume(NoStates() if resumes else None)


def _end_with_parent(folder: Path) -> None:
    """Wait until the first process has ended, which closes the standard input. Then remove the folder and end."""
    os.read(sys.stdin.fileno(), 1)
    until = time.monotonic() + LAST_WAIT
    while folder.exists() and time.monotonic() < until:  # other threads and processes may add files meanwhile
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
