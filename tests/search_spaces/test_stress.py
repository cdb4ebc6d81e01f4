"""The stress studies: what they vary, and that each runs."""

from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from analysis.results.opening import opened
from harness.cli.main import main
from harness.cli.overrides import scaled
from harness.execution.plan import plan
from search_spaces import quickstart
from search_spaces.stress import CENTRE, METHODS, TARGETS

VARIED = {
    "stress/ladder": ("learning_rate", [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064], 63),
    "stress/warmup": ("warmup_steps", [0, 6, 20, 50], 24),
    "stress/epochs": ("epochs", [0.0625, 0.125, 0.5, 1.0], 24),
    "stress/batch": ("batch_size", [2, 4, 8, 16], 24),
    "stress/train-size": ("train_examples", [16, 64, 256, None], 24),
    "stress/label-noise": ("label_noise", [0.0, 0.1, 0.3, 0.6], 24),
}


def test_these_are_all() -> None:
    assert sorted(VARIED) == [name for name in search_spaces.names() if name.startswith("stress/")]


@pytest.mark.parametrize("name", VARIED)
def test_one_thing_is_varied(name: str) -> None:
    study = search_spaces.load(name)
    field, values, count = VARIED[name]
    assert (
        sorted((getattr(setting, field) for setting in study.settings), key=lambda value: (value is None, value))
        == values
    )
    assert len({replace(setting, **{field: values[0] or values[1]}) for setting in study.settings}) == 1  # type: ignore[arg-type]
    assert len(plan(study)) == count
    assert len(study.seeds) >= 3
    assert study.targets == TARGETS == quickstart.STUDY.targets


def test_the_centre_is_the_quickstarts() -> None:
    assert CENTRE in quickstart.STUDY.settings
    assert set(METHODS) < set(quickstart.STUDY.methods)
    ids = {trial.id for trial in plan(quickstart.STUDY)}
    for name in ("stress/warmup", "stress/train-size", "stress/label-noise"):
        assert len(ids & {trial.id for trial in plan(search_spaces.load(name))}) == 4, name  # two methods, two seeds


def test_the_passes_are_as_many_steps_as_is_said() -> None:
    """An epoch is 125 steps, and 0.48 of one are the quickstart's 60."""
    from harness.execution.costs.cost import trained

    steps = {}
    for name in ("stress/epochs", "stress/batch"):
        for trial in plan(scaled(search_spaces.load(name), seeds=[0], languages=["de"])[0]):
            steps[trial.setting.epochs, trial.setting.batch_size] = trained(trial) / trial.setting.batch_size
    epochs = {(1, 16): 125, (0.5, 16): 63, (0.125, 16): 16, (0.0625, 16): 8}
    assert steps == epochs | {(0.48, 16): 60, (0.48, 8): 120, (0.48, 4): 240, (0.48, 2): 480}


@pytest.mark.slow
# what the others vary has its own trials elsewhere
@pytest.mark.parametrize("name", ["stress/ladder", "stress/epochs", "stress/batch"])
def test_each_runs_when_scaled_down(name: str, cut: Path, tmp_path: Path) -> None:
    """The two outermost settings, two steps each, to one language."""
    whole = search_spaces.load(name)
    field, values, _ = VARIED[name]
    ends = [setting for setting in whole.settings if getattr(setting, field) in (values[0], values[-1])]
    small = tmp_path / "small.py"
    small.write_text(
        "from dataclasses import replace\nimport search_spaces\n"
        f"study = search_spaces.load({name!r})\n"
        f"ends = tuple(s for s in study.settings if s.{field} in {(values[0], values[-1])})\n"
        f"STUDY = replace(study, name='small', data={str(cut)!r}, encoder={str(cut / 'encoder')!r}, settings=ends)\n",
        encoding="utf-8",
    )
    shorter: dict[str, list[str]] = {"epochs": ["--limit-train", "32"], "batch_size": ["--set", "epochs=0.02"]}
    steps = shorter.get(field, ["--set", "max_steps=2", "--set", "batch_size=4"])
    store = str(tmp_path / "store")
    assert (
        main(
            ["run", str(small), "--store", store, "--local", "--no-report", "--languages", "de", "--seeds", "0", *steps]
        )
        == 0
    )
    runs = opened("small", store).results.runs
    assert len(runs) == len(ends) * len(whole.methods)
    assert runs["complete"].all()
    assert runs.loc[runs["method"] == "vanilla", "source"].nunique() == 2
