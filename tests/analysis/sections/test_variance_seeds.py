"""A crossed study of init and data seeds: the report's split against statsmodels, from a table and from real runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.formula.api import ols
from statsmodels.regression.mixed_linear_model import MixedLM

from analysis.results import from_csv, from_store
from analysis.results.tidy import tidy
from analysis.results.view import View
from analysis.sections import variance
from analysis.statistics.decomposition.seeds import seed_components
from harness import designs
from harness.execution.attempt import attempt
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.methods import Vanilla
from harness.setting import Setting
from harness.store.store import Store
from harness.study import Study

LEVELS = 4


def crossed(seed: int = 0, settings: int = 1, rests: int = 1) -> pd.DataFrame:
    """Scores of every setting, init seed, data seed and rest, with known effects."""
    draw = np.random.default_rng(seed)
    init, data = draw.normal(0, 3, (settings, LEVELS, 1)), draw.normal(0, 2, (settings, 1, LEVELS))
    both = draw.normal(0, 1, (settings, LEVELS, LEVELS))
    scores = (init + data + both)[..., None] + draw.normal(0, 0.5, (settings, LEVELS, LEVELS, rests)) + 50
    places = np.indices(scores.shape).reshape(4, -1)
    names = ("setting", "init_seed", "data_seed", "seed")
    return pd.DataFrame(dict(zip(names, places, strict=True)) | {"score": scores.ravel()})


def squares(frame: pd.DataFrame, formula: str) -> "pd.Series[float]":
    """Mean squares of statsmodels' analysis of variance."""
    table = sm.stats.anova_lm(ols(formula, frame).fit())
    return table["sum_sq"] / table["df"]


def test_the_split_of_a_crossed_study_is_statsmodels() -> None:
    frame = crossed()
    found = seed_components(frame.assign(language="de"))["de"]
    found_squares = squares(frame, "score ~ C(init_seed) + C(data_seed)")
    rest = found_squares["Residual"]
    expected = [(found_squares[f"C({name})"] - rest) / LEVELS for name in ("init_seed", "data_seed")]
    assert found.names == ("init seed", "data seed", "init × data + rest")
    assert found.variance[:, 0] == pytest.approx([*expected, rest])
    effects = {name: f"0 + C({name})" for name in ("data_seed", "init_seed")}
    fitted = MixedLM.from_formula("score ~ 1", frame, groups=np.ones(len(frame)), vc_formula=effects).fit()
    assert found.variance[:2, 0] == pytest.approx(fitted.vcomp[::-1], rel=0.01)


def test_runs_with_the_same_two_seeds_tell_the_rest_and_settings_are_averaged() -> None:
    frame = crossed(1, settings=2, rests=3)
    found = seed_components(frame.assign(language="de"))["de"]
    assert found.names == ("init seed", "data seed", "init × data", "rest")
    each = []
    for _, rows in frame.groupby("setting"):
        of = squares(rows, "score ~ C(init_seed) * C(data_seed)")
        both, rest = of["C(init_seed):C(data_seed)"], of["Residual"]
        mains = [(of[f"C({name})"] - both) / (3 * LEVELS) for name in ("init_seed", "data_seed")]
        each.append([*mains, (both - rest) / 3, rest])
    assert found.variance[:, 0] == pytest.approx(np.mean(each, axis=0))


def test_settings_without_a_common_split_have_no_intervals() -> None:
    """The second setting has one init seed."""
    frame = crossed(2, settings=2)
    kept = frame[(frame["setting"] == 0) | (frame["init_seed"] == 0)]
    found = seed_components(kept.assign(language="de"))["de"]
    assert found.reason
    assert (found.names, found.share_low.size, found.share_high.size) == ((), 0, 0)


def table(path: Path) -> Path:
    frame = crossed().drop(columns="setting").assign(method="l2")
    rows = pd.concat([frame.assign(language="en", score=frame["score"] + 20), frame.assign(language="de")])
    rows.to_csv(path, index=False)
    return path


def test_a_table_of_crossed_seeds_has_one_setting_and_sixteen_seeds(tmp_path: Path) -> None:
    results = from_csv.read(str(table(tmp_path / "runs.csv")))
    assert results.runs["setting"].nunique() == 1
    assert results.runs["seed"].nunique() == LEVELS**2
    assert "init 1, data 2" in set(results.runs["seed"])
    assert "init_seed" not in results.settings
    assert any("share seeds" in note for note in results.notes)
    section = variance.section(View(results))
    assert section is not None
    split = next(part for part in section.parts if getattr(part, "name", "") == "variance-seeds-l2")
    assert split.header == ["language", "std", "init seed", "data seed", "init × data + rest"]
    tidy(results).to_csv(tmp_path / "results.csv", index=False)
    again = from_csv.read(str(tmp_path / "results.csv"))
    assert again.wide.equals(results.wide)


def test_seeds_that_are_the_runs_own_leave_the_table_as_it_is(tmp_path: Path) -> None:
    rows = pd.read_csv(table(tmp_path / "runs.csv")).query("init_seed == data_seed")
    rows.assign(seed=rows["init_seed"], init_seed="None").drop(columns="data_seed").to_csv(tmp_path / "own.csv")
    rows = pd.read_csv(tmp_path / "own.csv", index_col=0, keep_default_na=False)
    rows.to_csv(tmp_path / "own.csv", index=False)
    results = from_csv.read(str(tmp_path / "own.csv"))
    assert sorted(results.runs["seed"]) == [0, 1, 2, 3]
    assert results.notes == () or not any("share seeds" in note for note in results.notes)


def test_a_setting_names_its_seeds() -> None:
    setting = Setting(learning_rate=1, max_steps=1, init_seed=3)
    assert replace(setting, data_seed=2).to_json().items() >= {"init_seed": 3, "data_seed": 2}.items()


def test_a_crossed_study_runs_and_its_store_has_the_split(study: Study, tmp_path: Path) -> None:
    settings = designs.grid(
        learning_rate=1e-3, max_steps=2, batch_size=4, train_examples=8, init_seed=[0, 1], data_seed=[0, 1]
    )
    crossing = replace(study, methods=(Vanilla(),), settings=settings, targets=("de",))
    trials, store = plan(crossing), Store(tmp_path)
    for trial in trials:
        assert not attempt(trial, store, Resources()).error
    store.save_study(crossing, trials)
    results = from_store.load(store, study.name)
    assert sorted(results.runs["seed"]) == [f"init {init}, data {data}" for init in (0, 1) for data in (0, 1)]
    assert len(results.settings) == 1
    scores = results.runs.set_index("seed")["zero_shot"].to_numpy().reshape(2, 2)
    effects = [scores.mean(axis=1).var(ddof=1), scores.mean(axis=0).var(ddof=1)]
    rest = (scores[0, 0] - scores[0, 1] - scores[1, 0] + scores[1, 1]) ** 2 / 4
    frame = results.runs.merge(results.trials[["trial", "seed", "init_seed", "data_seed"]], on="seed")
    found = seed_components(frame.assign(language="de", score=frame["zero_shot"]))["de"]
    assert found.variance[:, 0] == pytest.approx([*(effect - rest / 2 for effect in effects), rest])
