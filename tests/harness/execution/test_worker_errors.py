"""Errors of workers on one line, with the place in the user's file."""

import json

import pytest

from harness.common.errors import UserError
from harness.execution.worker_errors import cut, described, described_trace

RAY = """\x1b[36mray::Worker.step()\x1b[39m (pid=3, ip=10.0.0.1)
  File "/usr/lib/python3.11/site-packages/ray/tune/trainable.py", line 300, in train
    result = self.step()
             ^^^^^^^^^^^
  File "/home/me/my_task.py", line 12, in scores
    return table[tag]
           ~~~~~^^^^^
KeyError: 'NOUN'"""
DIED = """ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.
\tclass_name: Worker
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker \
unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1) the process was \
killed by the OOM killer due to high memory usage, (2) ray stop --force was called."""


def test_an_error_names_the_last_line_of_the_users_own_file() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("{")  # raised in the standard library
    assert described(raised.value).startswith("JSONDecodeError: Expecting property name")
    assert "tests/harness/execution/test_worker_errors.py, line " in described(raised.value)
    assert described(UserError("data: none")) == "UserError: data: none"


def test_rays_traceback_becomes_one_clean_line() -> None:
    assert described_trace(RAY) == "KeyError: 'NOUN' (/home/me/my_task.py, line 12)"
    assert described_trace(DIED) == "the process died: it was killed, e.g. for lack of memory, or crashed"
    assert described_trace("The actor died because its node has died. Node Id: 1") == (
        "its machine died or left the cluster"
    )
    assert described_trace("") == ""


def test_a_long_error_keeps_its_place() -> None:
    error = f"ValueError: {'x' * 500} (/home/me/my_task.py, line 12)"
    assert len(cut(error)) == 400
    assert cut(error).endswith("(/home/me/my_task.py, line 12)")
