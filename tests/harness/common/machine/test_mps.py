"""NVIDIA's MPS is started, asked and ended by its own program, for which a script with its commands stands here."""

import os
from pathlib import Path

import pytest

from harness.common.machine import mps

SCRIPT = """#!/bin/sh
said="{said}"
if [ "$1" = -d ]; then
    echo "start $CUDA_MPS_PIPE_DIRECTORY" >>"$said"
    [ -n "{refuses}" ] && exit 1
    touch "$CUDA_MPS_PIPE_DIRECTORY/control"
    exit 0
fi
read -r command
echo "$command" >>"$said"
[ -e "$CUDA_MPS_PIPE_DIRECTORY/control" ] || exit 1
[ "$command" = quit ] && rm "$CUDA_MPS_PIPE_DIRECTORY/control"
exit 0
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The file with the commands that the program got."""
    program, file = tmp_path / mps.CONTROL, tmp_path / "said"
    program.write_text(SCRIPT.format(said=file, refuses=getattr(request, "param", "")), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv(mps.PLACES[0], raising=False)
    monkeypatch.setenv(mps.PLACES[1], "mine")
    return file


def test_it_runs_for_a_while_and_ends(said: Path) -> None:
    with mps.running() as runs:
        assert runs
        place = os.environ[mps.PLACES[0]]
        assert Path(place).is_dir()
    assert said.read_text(encoding="utf-8").split("\n")[:-1] == [
        "get_server_list",
        f"start {place}",
        "get_server_list",
        "quit",
    ]
    assert not Path(place).exists()
    assert mps.PLACES[0] not in os.environ
    assert os.environ[mps.PLACES[1]] == "mine"


def test_it_ends_after_an_error(said: Path) -> None:
    with pytest.raises(ZeroDivisionError), mps.running():
        raise ZeroDivisionError
    assert said.read_text(encoding="utf-8").endswith("quit\n")


@pytest.mark.parametrize("said", ["yes"], indirect=True)
def test_a_machine_may_refuse_it(said: Path) -> None:
    with mps.running() as runs:
        assert not runs
    assert "quit" not in said.read_text(encoding="utf-8")
    assert mps.PLACES[0] not in os.environ


def test_one_that_runs_already_is_left_alone(said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "control").touch()
    monkeypatch.setenv(mps.PLACES[0], str(tmp_path))
    with mps.running() as runs:
        assert not runs
    assert said.read_text(encoding="utf-8") == "get_server_list\n"


def test_without_the_program_nothing_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with mps.running() as runs:
        assert not runs
