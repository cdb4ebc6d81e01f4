"""Ray that does not answer, or cannot start, is given up in time, and with a word."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.cluster import connection as ray_connection
from harness.cluster import in_time
from harness.common.errors import UserError
from harness.common.machine.threads import threads_of

CONNECTS = """
import sys
from harness.common.errors import UserError
from harness.cluster import connection as ray_connection
from harness.cluster import in_time

ray_connection.LIMIT, in_time.SILENCE = 4.0, 1.0
try:
    with ray_connection.connection(sys.argv[1] or None):
        pass
except UserError as error:
    print(error)
"""


def test_an_address_where_nothing_listens_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ray_connection, "LIMIT", 2.0)
    monkeypatch.setattr(in_time, "SILENCE", 0.5)
    start = time.monotonic()
    message = r"'127\.0\.0\.1:1' cannot be reached: Connection refused; Ray's logs are in /"
    with pytest.raises(UserError, match=message), ray_connection.connection("127.0.0.1:1"):
        pass
    assert time.monotonic() - start < 10
    assert capsys.readouterr().err == (
        "Waiting for the Ray cluster '127.0.0.1:1', 2 s at most; Ray's logs are in /tmp/ray/session_latest/logs on the "
        "cluster's machines.\n"
    )


def test_an_address_where_nothing_answers_is_given_up() -> None:
    with socket.create_server(("", 0)) as silent:
        command = [sys.executable, "-c", CONNECTS, f"127.0.0.1:{silent.getsockname()[1]}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "cannot be reached: no answer within 4 s" in done.stdout, done.stderr
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs to become another user")
def test_too_few_threads_are_refused_at_once() -> None:
    reads = "--inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search --bounding-set=-all,+dac_read_search"
    nobody = ["setpriv", "--reuid=65534", "--clear-groups", *reads.split()]
    command = ["bash", "-c", 'ulimit -u 100; exec "$@"', "bash", sys.executable, "-c", CONNECTS, ""]
    done = subprocess.run([*nobody, *command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("Ray cannot be started: this user may have "), done.stderr
    assert "raise the limit (ulimit -u), or give --local" in done.stdout


def test_a_users_threads_are_counted(tmp_path: Path) -> None:
    for process, threads in (("1", ["1"]), ("20", ["20", "21", "22"]), ("self", ["20"])):
        for thread in threads:
            (tmp_path / process / "task" / thread).mkdir(parents=True)
    (tmp_path / "30").mkdir()  # it has just ended
    assert threads_of(os.getuid(), tmp_path) == 4
    assert threads_of(os.getuid() + 1, tmp_path) == 0


def test_a_ray_of_the_users_own_starts_whole_while_ours_starts() -> None:
    """Ours may still start in its thread after Ctrl-C."""
    from harness.compat.ray import few_processes, node

    inside, over = threading.Event(), threading.Event()

    def start() -> None:
        with few_processes():
            inside.set()
            over.wait()

    ours = threading.Thread(target=start, daemon=True)
    ours.start()
    inside.wait()
    with few_processes():
        node.Node.start_monitor(None)
    with pytest.raises(AttributeError):  # Ray's own method begins
        node.Node.start_monitor(None)
    over.set()
    ours.join()
    with pytest.raises(AttributeError):
        node.Node.start_monitor(None)


ENDS = """
import psutil
from harness.cluster.connection import connection

with connection(None):
    started = psutil.Process().children(recursive=True)
print(len(started) > 3, psutil.wait_procs(started, timeout=10)[1])
"""


def test_no_process_of_ray_is_left() -> None:
    code = f"import harness.compat.ray{ENDS}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "True []\n", done.stderr
