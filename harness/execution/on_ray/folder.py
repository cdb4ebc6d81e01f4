"""The folder of a Ray of our own: its logs, sockets and spilled objects."""

import os
import sys


def place() -> str:
    """The folder that Ray takes by itself."""
    inherited = os.environ.get("TMPDIR") if sys.platform.startswith("linux") else None
    return os.path.join(os.environ.get("RAY_TMPDIR") or inherited or "/tmp", "ray")  # noqa: PTH118
