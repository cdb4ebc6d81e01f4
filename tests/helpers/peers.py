"""Peers, the processes that help another process to train a trial, as the system lists them."""

import os
from pathlib import Path

from harness.training.parallel.peers import PEER


def peers(of: int | Path) -> list[int]:
    """The ids of running peers: children of the process ``of``, or peers whose group's folder is in ``of``."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if PEER.encode() not in words or status[0] == "Z":
            continue
        group = Path(os.fsdecode(words[words.index(PEER.encode()) + 1]))
        if int(status[1]) == of if isinstance(of, int) else group.parent == of:
            found.append(int(folder.name))
    return found
