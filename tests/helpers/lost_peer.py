"""A peer whose training ends at once with a lost connection."""

import sys
from pathlib import Path
from typing import Any

from harness.training import peer
from harness.training.parallel.lost import LostProcessError


def lose(*given: Any, **rest: Any) -> None:
    raise LostProcessError("a process of the trial no longer answers")


if __name__ == "__main__":
    peer._train = lose
    peer.main(Path(sys.argv[1]), int(sys.argv[2]))
