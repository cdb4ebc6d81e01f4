"""The connection to Ray while a study runs."""

import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from harness.execution.on_ray.cluster import ready
from harness.execution.resources import Resources
from harness.store.store import Store


def test_a_folder_that_is_still_written_to_does_not_replace_the_signal(tmp_path: Path) -> None:
    """The failed removal of the folder once hid the signal, and a terminated study ended with a traceback."""
    ended = threading.Event()

    def write(folder: Path) -> None:
        while not ended.is_set():
            for number in range(100):
                with suppress(OSError):
                    (folder / f"{number}").mkdir(parents=True, exist_ok=True)

    def study() -> None:
        with ready([], Store(tmp_path), Resources(), Console(quiet=True)) as cluster:
            writers.append((threading.Thread(target=write, args=(Path(cluster.scratch),)), cluster.scratch))
            writers[0][0].start()
            raise KeyboardInterrupt

    writers: list[tuple[threading.Thread, str]] = []
    with pytest.raises(KeyboardInterrupt):
        study()
    ended.set()
    for writer, folder in writers:
        writer.join()
        shutil.rmtree(folder, ignore_errors=True)
