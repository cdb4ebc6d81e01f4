"""``tests.benchmarks.gpu`` in small on the CPU, without Ray: it must run completely before a GPU is at hand."""

import subprocess
import sys

import pytest

from tests.benchmarks.gpu import PEAKS

SMALL = (
    "--device cpu --layers 1 --hidden 24 --vocabulary 20000 --batch-size 4 --length 32 --steps 2 --warm-up 1 "
    "--rounds 1 --packed 1"
)


@pytest.mark.nightly
@pytest.mark.slow
def test_it_runs_in_small_and_without_ray() -> None:
    code = "import sys; from tests.benchmarks import gpu; gpu.main(); sys.exit('ray' in sys.modules)"
    command = [sys.executable, "-c", code, *SMALL.split(), "--seconds", "0.1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in ended.stdout.splitlines() if line.startswith("| ")
    ]
    assert [row[:2] for row in table[1:7]] == [
        [side, method] for method in ("vanilla", "l2", "ewc") for side in ("peer", "ours")
    ]
    assert all(float(row[2].replace(",", "")) > 0 for row in table[1:7])
    assert "    1 at once it is" in ended.stdout
    assert "leaked" not in ended.stderr


def test_a_device_has_the_peak_of_its_own_name() -> None:
    named = {
        "NVIDIA H100 80GB HBM3": 989e12,
        "NVIDIA H100 PCIe": 756e12,
        "NVIDIA H100 NVL": 835e12,
        "NVIDIA L4": 121e12,
    }
    assert {name: next(peak for part, peak in PEAKS.items() if part in name) for name in named} == named
