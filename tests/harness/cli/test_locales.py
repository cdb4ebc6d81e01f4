"""Terminals and file names in locales that are not UTF-8.

The C locale exists everywhere; the other may have to be created.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import STUDY

TASK = """
from harness.tasks.udpos import Udpos

class Noisy(Udpos):
    name = "noisy"

    def relabelled(self, rows, gold):
        raise ValueError("mißlungen: Ω")

TASK = Noisy()
"""
TWO_SETTINGS = """
- {learning_rate: 1e-3, max_steps: 2, batch_size: 4, label_noise: 0.5}
- {learning_rate: 1e-3, max_steps: 2, batch_size: 4}
"""


@pytest.fixture
def study(cut: Path, tmp_path: Path) -> Path:
    """A study whose first trial fails with a message that few encodings can print, like the study's question."""
    (tmp_path / "noisy.py").write_text(TASK, encoding="utf-8")
    (tmp_path / "noisy").symlink_to(cut / "udpos")
    text = STUDY.replace('"?"', '"Fällt Ω?"').replace("task: udpos", f"task: {tmp_path}/noisy.py")
    text += f"data: {tmp_path}\nencoder: {cut}/encoder\n"
    settings = next(line for line in text.splitlines() if line.startswith("settings:"))
    file = tmp_path / "s.yaml"
    file.write_text(text.replace(settings, f"settings:{TWO_SETTINGS}"), encoding="utf-8")
    return file


def in_locale(name: str, arguments: list[str], **variables: str) -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environ, **variables, "LC_ALL": name, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment.pop("PYTHONIOENCODING", None)
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments], env=environment, capture_output=True, check=False
    )


def test_a_message_that_cannot_be_printed_stops_nothing(study: Path, tmp_path: Path) -> None:
    store = tmp_path / "Köfferchen-Ω"
    done = in_locale("C", ["run", str(study), "--local", "--store", str(store)])
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert b"failed: ValueError: mi?lungen: ?" in done.stdout
    assert b"Mean ? standard deviation" in done.stdout  # the table and the report's place are printed too
    assert f"report: {tmp_path}/K?fferchen-?/reports/s/report.html".encode() in done.stdout
    assert (done.returncode, len(list(store.glob("trials/*/result.json")))) == (1, 1)
    assert (store / "reports/s/report.html").exists()


def test_a_terminal_of_another_encoding_gets_what_it_can_show(study: Path, tmp_path: Path) -> None:
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/charmaps/ISO-8859-15.gz").exists():
        pytest.skip("needs the sources of locales")
    made = tmp_path / "de_DE.ISO-8859-15"
    subprocess.run(["localedef", "-i", "de_DE", "-f", "ISO-8859-15", str(made)], check=True)
    done = in_locale(made.name, ["show", str(study), "--store", "Köfferchen-Ω"], LOCPATH=str(tmp_path))
    assert done.stdout.splitlines()[0] == "s: Fällt ??".encode("iso8859-15"), done.stderr.decode()
    assert done.stdout.count(b"K\xf6fferchen-?") == 1
    assert done.returncode == 0
