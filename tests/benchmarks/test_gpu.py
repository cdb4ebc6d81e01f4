"""A small run of ``tests.benchmarks.gpu`` on the CPU, with few packages: it must run completely before a GPU is
used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.on_gpu.training import known_peak

CHECK = Path(__file__).parent / "gpu_check.sh"
SMALL = (
    "--device cpu --layers 1 --hidden 24 --vocabulary 20000 --batch-size 4 --length 32 --steps 2 --warm-up 1 "
    "--rounds 1 --packed 1 --seconds 0.1 --scored 2000 --windows 8"
)
LACKING = ("conllu", "msgspec", "optuna", "ray", "seqeval")
"""Packages that a machine with a GPU may lack, except packages that ``transformers`` imports if installed."""
LACK = """import sys

class Lacking:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in {lacking}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Lacking())
"""


@pytest.mark.nightly
@pytest.mark.slow
def test_a_small_version_of_the_check_runs_with_few_packages(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LACK.format(lacking=LACKING), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "OUT": str(tmp_path / "out"), "PYTHON": sys.executable}
    ended = subprocess.run([CHECK, *SMALL.split()], capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in ended.stdout.splitlines() if line.startswith("| ")
    ]
    runs = [row for row in table if row[0] == "full" and len(row) == 8]
    sides = [[method, side] for method in ("vanilla", "l2", "ewc") for side in ("peer", "ours")]
    assert [row[1:3] for row in runs[: len(sides)]] == sides
    assert all(float(row[3].replace(",", "")) > 0 for row in runs[: len(sides)])
    for part in ("udpos", "pawsx", "loop", "by layer"):
        assert any(row[0] == part for row in table), part
    assert "    1 at once: chosen" in ended.stdout
    assert "left out" not in ended.stdout
    assert "leaked" not in ended.stdout
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"gpu.txt", "profile.txt", "profile.json.gz"}


def test_a_device_has_the_peak_of_its_own_name() -> None:
    named = {
        "NVIDIA H100 80GB HBM3": 989e12,
        "NVIDIA H100 PCIe": 756e12,
        "NVIDIA H100 NVL": 835e12,
        "NVIDIA L4": 121e12,
        "NVIDIA A100-SXM4-80GB": 312e12,
        "NVIDIA RTX A1000": None,
        "NVIDIA A10G": None,
    }
    assert {name: known_peak(name) for name in named} == named
