"""Signals that end a process, in processes of their own."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

CODE = """
import os, signal, sys, time
from harness.common.machine import signals
signals.PATIENCE[signal.SIGTERM] = {patience}
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a shell's background process may ignore both
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with signals.terminable():
        try:
            {block}
        except KeyboardInterrupt:
            print("asked", signals.requested(), flush=True)
            sys.exit(signals.exit_code())
finally:
    print("after", signals.requested(), flush=True)
"""
WAIT = "print('ready', flush=True); time.sleep(30)"
DEFER = f"with signals.deferred():\n                {WAIT}"


def ended(block: str, sent: Sequence[int], *, patience: float = 20.0, between: float = 0.0) -> tuple[int, list[str]]:
    """Exit code and output of a process that receives signals once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE.format(block=block, patience=patience)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for number in sent:
        process.send_signal(number)
        time.sleep(between)
    out, _ = process.communicate(timeout=20)
    return process.returncode, out.split("\n")[:-1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGUSR1, 143), (signal.SIGHUP, 129)])
def test_a_signal_raises_once(number: int, code: int) -> None:
    assert ended(WAIT, [number, number]) == (code, ["asked True", "after False"])  # as from the kernel and from srun


def test_a_second_signal_ends_at_once() -> None:
    assert ended(DEFER, [signal.SIGTERM, signal.SIGTERM], between=0.8)[1] == []


def test_patience_has_an_end() -> None:
    assert ended(DEFER, [signal.SIGTERM], patience=0.3) == (143, ["asked True", "after False"])


def test_a_deferred_signal_comes_at_the_end_of_the_block() -> None:
    block = "with signals.deferred():\n                print('ready', flush=True)\n                "
    block += "while not signals.requested(): time.sleep(0.01)\n                print('in order', flush=True)"
    assert ended(block, [signal.SIGUSR1]) == (143, ["in order", "asked True", "after False"])


def test_an_ignored_sighup_stays_ignored() -> None:
    code = CODE.format(block="os.kill(os.getpid(), signal.SIGHUP); print('goes on')", patience=1)
    code = code.replace("signal.SIGHUP, signal.SIG_DFL", "signal.SIGHUP, signal.SIG_IGN")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "goes on"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_del_is_not_lost(number: int) -> None:
    """Python drops an exception that is raised in ``__del__``."""
    block = "kind = type('Kind', (), {'__del__': lambda self: time.sleep(0.4)})\n            one = kind()\n            "
    block += "print('ready', flush=True)\n            del one\n            time.sleep(30)"
    _, lines = ended(block, [number])
    assert lines == [f"asked {number == signal.SIGTERM}", "after False"]


def test_a_signal_after_the_work_changes_no_exit_code() -> None:
    code = "import os\nfrom harness.common.machine import signals\nwith signals.terminable(last=True):\n    pass\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}for number in signals.ENDING:\n    os.kill(os.getpid(), number)"]
    )
    assert done.returncode == 0


def test_an_interruption_of_generated_code_keeps_the_exit_code() -> None:
    """Such as of ``dataclass``, which libraries call while they are imported."""
    code = (
        "import os, signal\nfrom harness.common.machine import signals\ntry:\n    with signals.terminable(last=True):\n"
        "        exec('os.kill(os.getpid(), signal.SIGTERM)')\nexcept KeyboardInterrupt:\n    pass\n"
    )
    for end, expected in (("", -signal.SIGINT), ("print('said', end='')\nsignals.leave(143)", 143)):
        done = subprocess.run([sys.executable, "-c", code + end], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (expected, "said" * bool(end))
