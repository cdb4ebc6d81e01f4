"""Time limits for trials that hang."""

import subprocess
import sys
import time

import pytest

from harness.common.errors import TimeLimitError
from harness.execution.time_limit import time_limit

SOON = 0.2 / 60
"""A time limit in minutes."""


def test_hanging_python_code_is_interrupted() -> None:
    start = time.monotonic()
    with (
        pytest.raises(TimeLimitError, match="took longer than --minutes-per-trial"),
        time_limit(SOON, may_exit=False),
    ):
        time.sleep(60)
    assert time.monotonic() - start < 10


HANGS = """
import signal, sys, threading, time
from harness.execution import time_limit
time_limit.GRACE = 0.2

def hang():
    with time_limit.time_limit(0.2 / 60, may_exit=True):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as a library is that never comes back to Python
        time.sleep(60)

if sys.argv[1] == "ends":
    with time_limit.time_limit(0.2 / 60, may_exit=True):
        pass
    time.sleep(1)
elif sys.argv[1] == "main":
    hang()
else:
    thread = threading.Thread(target=hang)
    thread.start()
    thread.join()
"""


@pytest.mark.parametrize("thread", ["main", "another"])
def test_a_process_out_of_reach_of_signals_is_ended(thread: str) -> None:
    done = subprocess.run([sys.executable, "-c", HANGS, thread], timeout=30, capture_output=True, text=True)
    assert done.returncode == 1
    assert "in hang" in done.stderr  # the place where it hung


def test_a_process_within_the_limit_is_not_interrupted() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS, "ends"], timeout=30, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
