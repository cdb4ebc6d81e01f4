"""``steadytune plan``: mistakes, and the command that runs a design."""

import argparse
from pathlib import Path

import pytest

import search_spaces
from analysis.sections.power_curves import figure
from harness.cli.main import main
from harness.cli.plan_text import command, told
from tests.benchmarks.planner import planned


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--ratio", "1"], ["--ratio", "1.0 is not allowed"]),
        (["--power", "1.2"], ["--power", "1.2 is not allowed"]),
        (["--collapse", "0.2"], ["--collapse", "'0.2' is not allowed", "0.2:0.02"]),
        (["--collapse", "0.2:1.5"], ["--collapse", "shares from 0 to 1"]),
        (["--equivalent", "1.2:1.5"], ["--equivalent", "0.8:1.25"]),
        (["--price", "-1"], ["--price", "above 0"]),
        (["--method", "l3"], ["--method", "there is no 'l3'"]),
        (["--baseline", "vanila"], ["--baseline", "Did you mean 'vanilla'?"]),
        (["--on", "8 A1000"], ["--on", "Did you mean 'A100'?"]),
        (["--on", "8 A100", "--gpus-per-trial", "0"], ["--on: '8 A100'", "cores with --gpus-per-trial 0"]),
    ],
)
def test_mistakes_are_named(
    options: list[str], parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "quickstart", "--store", str(tmp_path / "none"), *options]) == 2
    error = capsys.readouterr().err
    for part in parts:
        assert part in error
    assert not (tmp_path / "none").exists()


def test_a_study_with_one_method_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "alone.yaml"
    file.write_text(
        "task: udpos\nmethods: [vanilla]\nsettings: [{learning_rate: 1e-4, max_steps: 5}]\nseeds: [0]\ntargets: [de]\n"
    )
    assert main(["plan", str(file), "--store", str(tmp_path / "none")]) == 2
    assert "one method, vanilla" in capsys.readouterr().err


def test_a_metric_that_is_no_points_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lengths.yaml"
    file.write_text(
        "task: {kind: regression, text: a, metric: rmse}\ndata: '{split}-{language}.csv'\nmethods: [vanilla, bitfit]\n"
        "settings: [{learning_rate: 1e-4, max_steps: 5}]\nseeds: [0]\ntargets: [de]\n"
    )
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (tmp_path / f"{name}.csv").write_text("a,label\nx,1\ny,2\n")
    assert main(["plan", str(file), "--store", str(tmp_path / "none")]) == 2
    assert "metric: 'rmse' is not allowed; give a metric in points: a plan's effects" in capsys.readouterr().err


def test_a_command_keeps_the_seeds_that_are_there() -> None:
    study = search_spaces.load("quickstart")
    options = argparse.Namespace(
        study="quickstart", store="a store", set=["max_steps=5"], languages=["de"], limit_train=None
    )
    assert command(study, 4, options) == (
        "steadytune run quickstart --store 'a store' --set max_steps=5 --languages de --seeds 0 1 2 3"
    )


def test_the_text_fits_a_terminal_and_the_curves_have_a_panel_a_goal() -> None:
    plan = planned(studies=1, shapes=((6, 3), (7, 4)))
    options = argparse.Namespace(study="quickstart", store="store", set=[], languages=None, limit_train=None)
    lines = [*told(plan, search_spaces.load("quickstart"), options)]
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("a    these runs") for line in lines)
    written = plan.to_json()
    panels = [ax for ax in figure(written).axes if ax.get_visible()]
    met = [i for i in range(len(written["goals"])) if any(cell["power"][i] > 0 for cell in written["grid"])]
    assert len(panels) == max(1, len(met))
