"""Commands in a terminal of 80 columns: no line is cut by the terminal's edge."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import pytest

from harness.cli.main import main
from tests.helpers.command_line import short_study

METHOD = "{name: layerwise_decay, decay: 0.9123456789}"
LABEL = "layerwise_decay(decay=0.9123456789)"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def study(cut: Path, tmp_path: Path) -> Path:
    file = tmp_path / "wide.yaml"
    text = short_study(cut).replace("[vanilla]", f"[{METHOD}]")
    text = text.replace("seeds: [0]", "seeds: [123456789]").replace("1e-3,", "1.23456789e-3,")
    file.write_text(text.replace("max_steps: 2,", "max_steps: 2, warmup_steps: 9,"))
    return file


def lines_in_terminal(*command: str) -> list[str]:
    """All lines that a command puts on a terminal of 80 columns, redrawn ones included."""
    process, end = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        os.environ.pop("COLUMNS", None)
        os.execv(sys.executable, [sys.executable, "-m", "harness.cli", *command])
    shown = b""
    while True:
        try:
            shown += (read := os.read(end, 65536))
        except OSError:  # the terminal is closed
            break
        if not read:
            break
    os.close(end)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, shown.decode()
    return CONTROL.sub("", shown.decode().replace("\r", "\n")).splitlines()


def test_a_run(study: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    lines = lines_in_terminal("run", str(study), "--local", "--no-report", "--store", str(store))
    assert [line for line in lines if len(line) > 80] == []
    [start] = [i for i, line in enumerate(lines) if line.startswith(f"1/1  {LABEL}")]
    assert re.fullmatch(
        rf"1/1  {re.escape(LABEL)} learning_rate=0.00123456789 seed=123456789: en [\d.]+, zero-shot [\d.]+ \(\d+ s\)",
        " ".join(f"{lines[start]} {next(filter(None, lines[start + 1 :]))}".split()).replace("1/1 ", "1/1  "),
    )
    assert any(line.startswith("Note: a warmup of 9 steps does not end in 2") for line in lines)
    logged = (store / "logs" / "wide.log").read_text()
    assert re.search(rf"  1/1  {re.escape(LABEL)} .*zero-shot [\d.]+ \(\d+ s\)\n", logged)


@pytest.mark.parametrize("command", ["show", "check"])
def test_tables(command: str, study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(tmp_path / "store")] if command == "show" else []
    assert main([command, str(study), *store]) == 0
    lines = capsys.readouterr().out.splitlines()
    prose = ("Note:", "Warning:")  # sentences have no line breaks where the output is no terminal
    whole = [line for line in lines if line.startswith(prose) or str(tmp_path.parent) in line]  # paths are not broken
    assert [line for line in lines if len(line) > 80 and line not in whole] == []
    if command == "show":
        rows = [line for line in lines if "missing" in line]
        assert len(rows) == 1
        assert max(map(len, rows)) <= 80
