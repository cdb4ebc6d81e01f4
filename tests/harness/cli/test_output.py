"""A command continues when its standard output ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import STUDY

COMMAND = [sys.executable, "-m", "harness.cli"]


@pytest.fixture
def file(cut: Path, tmp_path: Path) -> Path:
    made = tmp_path / "s.yaml"
    made.write_text(STUDY + f"data: {cut}\nencoder: {cut}/encoder\n")
    return made


def finished(store: Path) -> int:
    return len(list(store.glob("trials/*/result.json")))


def test_a_run_goes_on_when_its_reader_leaves(file: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "run", str(file), "--local", "--store", str(tmp_path / "store"), "--no-report"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, finished(tmp_path / "store")) == (0, 1), said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_run_goes_on_when_its_output_is_on_a_full_disk(file: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "run", str(file), "--local", "--store", str(tmp_path / "store"), "--no-report"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, finished(tmp_path / "store")) == (0, 1), done.stderr
    assert done.stderr.splitlines()[-1] == "steadytune: the output is cut short: No space left on device"
    assert "Traceback" not in done.stderr


def test_a_command_without_standard_output_ends_well() -> None:
    command = f"exec {sys.executable} -m harness.cli list >&-"
    done = subprocess.run(["/bin/sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
