"""``tests.benchmarks.growth``: its slopes on times with known growth, and small real curves."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import growth

NS = (1, 2, 4, 8, 16) * 3


def noisy(fixed: float, each: float, power: float, seed: int) -> list[float]:
    draw = np.random.default_rng(seed)
    return [(fixed + each * n**power) * float(np.exp(0.05 * draw.standard_normal())) for n in NS]


@pytest.mark.parametrize(("fixed", "power"), [(0.0, 1.0), (0.0, 2.0), (3.0, 1.0), (3.0, 2.0)])
def test_the_exponent_is_found_despite_a_fixed_part(fixed: float, power: float) -> None:
    held = [growth.growth(NS, noisy(fixed, 1.0, power, seed)).exponent for seed in range(40)]
    assert sum(low <= power <= high for _, low, high in held) >= 34
    assert abs(np.median([best for best, _, _ in held]) - power) < 0.15


def test_a_fixed_part_flattens_the_slope() -> None:
    found = growth.growth(NS, noisy(3.0, 1.0, 1.0, 0))
    assert found.slope[2] < 0.9 < found.exponent[2]
    assert found.fixed == pytest.approx(3, rel=0.5)
    assert found.known


def test_a_constant_time_has_no_known_exponent() -> None:
    found = [growth.growth(NS, noisy(1.0, 0.0, 1.0, seed)) for seed in range(40)]
    assert sum(low <= 0 <= high for low, high in (one.slope[1:] for one in found)) >= 34
    assert sum(not one.known for one in found) >= 30


@pytest.mark.slow
def test_real_curves_are_measured_and_plotted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "growth.svg"
    sizes = "--languages 1 2 3 --scored 4 --examples 20 40 80 --epoch 8 16 32 --terms 1 2 4 --pulls 2"
    names = ["evaluation", "preparation", "epoch", "pull", "binding"]
    monkeypatch.setattr(
        sys, "argv", ["growth", "--repeats", "2", *sizes.split(), "--only", *names, "--figure", str(figure)]
    )
    growth.main()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("| ")
    ]
    assert [row[0] for row in rows[1:]] == names
    assert rows[1][1:3] == ["languages scored", rows[1][2]]
    assert [part.split(":")[0] for part in rows[2][2].split("  ")] == ["20", "40", "80"]
    drawn = figure.read_text()
    assert drawn.count('<g id="axes_') == len(names)
