"""A peer that has lost the connection removes the group's folder if the first process has ended."""

import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.training.parallel.peers import GIVEN, error_file


@pytest.mark.slow
def test_a_lost_connection_may_be_the_first_sign_of_an_ended_process(tmp_path: Path) -> None:
    """The peer's standard input closes after the peer's error: the end of a process closes one file after another."""
    folder = tmp_path / "group"
    folder.mkdir()
    (folder / GIVEN).write_bytes(pickle.dumps({}))
    command = [sys.executable, "-m", "tests.helpers.lost_peer", str(folder), "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as peer:
        while not error_file(folder, 1).exists():
            assert peer.poll() is None
            time.sleep(0.01)
        assert peer.stdin is not None
        peer.stdin.close()
        assert peer.wait(60) == 1
    assert not folder.exists()
