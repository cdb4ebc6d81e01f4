"""The estimated cost of a study, beside the actual cost of its trials."""

import argparse
import re
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from harness.cli.commands.dry_run import dry_run
from harness.cli.main import main
from harness.cli.planning import costs
from harness.common.provenance import provenance
from harness.execution.attempt import attempt
from harness.execution.costs.cost import FisherCost, at_once, estimated, fisher_cost, trained
from harness.execution.costs.elsewhere import estimated_on, moved
from harness.execution.costs.past import Past, comparable, grounds, similar
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.fisher import supply
from harness.methods import L2, Ewc, Vanilla
from harness.setting import Setting
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tuning.journal import FAILED, STOPPED, Journal, read
from harness.tuning.search import bases
from tests.helpers.cut_trials import cut as cut_short
from tests.helpers.stores import recorded
from tests.helpers.studies import SCORED, SHORT, TRAINED


def past(trial: TrialConfig, **took: float) -> Past:
    given = {
        "preparation": 1.0,
        "training": 0.1,
        "evaluation": 0.01,
        "stored": 10.0,
        "parameters": 1000,
        "tokens": 50.0,
    }
    return Past(trial, "cpu", 1, **{**given, **took})  # type: ignore[arg-type]


def test_past_trials_predict_the_cost_of_the_next(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for trial in plan(study):
        attempt(trial, store, Resources())
    before = {str(file): file.stat().st_mtime_ns for file in (tmp_path / "store").rglob("*")}
    more = plan(replace(study, seeds=(1, 2)))
    found = comparable(more, Store(tmp_path / "store", create=False), provenance().device)
    assert sorted(one.config.method.name for one in found) == ["l2", "vanilla"]
    cost = estimated(more, found, Resources(local=True), gpus=0)
    records = [recorded(store, trial.id) for trial in plan(study)]
    assert cost.seconds == pytest.approx(2 * sum(record.cost.seconds for record in records))
    sizes = [sum(f.stat().st_size for f in (tmp_path / "store" / "trials" / record.id).iterdir()) for record in records]
    assert cost.disk == pytest.approx(2 * sum(sizes))
    assert (cost.at_once, cost.gpu_hours) == (1, 0)
    assert before == {str(file): file.stat().st_mtime_ns for file in (tmp_path / "store").rglob("*")}
    assert comparable(more, store, "another device") == []
    assert comparable([replace(trial, precision="bf16") for trial in more], store, provenance().device) == []


def test_only_the_most_similar_trials_count(study: Study) -> None:
    (trial,) = plan(replace(study, methods=(Vanilla(),)))
    other = replace(trial, method=L2(strength=1.0))
    large = replace(trial, setting=replace(trial.setting, batch_size=32))
    one, two, three = past(trial), past(other), past(large)
    assert similar(trial, [one, two, three]) == [one]
    assert similar(trial, [two, three]) == [two]  # of the same batch size
    assert similar(trial, [three]) == [three]
    assert similar(replace(other, setting=large.setting), [one]) == [one]
    with pytest.raises(ValueError, match="past trials"):
        estimated([trial], [], Resources(local=True), gpus=0)


def test_costs_grow_with_steps_examples_and_languages(study: Study) -> None:
    (trial,) = plan(replace(study, methods=(Vanilla(),), targets=("de", "hi")))
    scored = 4 * SCORED  # dev, and test in en, de, hi
    times = [past(trial, training=0.1), past(trial, training=0.3), past(trial, training=0.2)]
    cost = estimated([trial, replace(trial, seed=1)], times, Resources(local=True), gpus=0, keep_weights=True)
    # 3 steps of 4
    assert cost.seconds == pytest.approx(2 * (1 + statistics.median([0.1, 0.2, 0.3]) * 12 + 0.01 * scored))
    assert cost.disk == pytest.approx(2 * (10 * scored + 4 * 1000))
    # TRAINED in 4 batches
    assert trained(replace(trial, setting=Setting(learning_rate=1e-3, epochs=1.5, batch_size=64))) == 6 * 64
    assert TRAINED == 200
    assert (
        trained(replace(trial, setting=Setting(learning_rate=1e-3, epochs=2, batch_size=8, train_examples=9))) == 4 * 8
    )


@pytest.mark.parametrize(
    ("resources", "gpus", "together", "hours"),
    [
        (Resources(gpus=0.25, cpus=1), 1, 4, 0.25),
        (Resources(gpus=None), 2, 2, 1.0),
        (Resources(gpus=0), 0, None, 0.0),
        (Resources(local=True), 1, 1, 1.0),
        (Resources(ray_address="auto"), 1, 1, 1.0),
    ],
)
def test_costs_account_for_shared_gpus(
    study: Study, monkeypatch: pytest.MonkeyPatch, resources: Resources, gpus: int, together: int | None, hours: float
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(8))
    (trial,) = plan(replace(study, methods=(Vanilla(),)))
    cost = estimated([trial], [past(trial, training=0, evaluation=0, preparation=3600)], resources, gpus=gpus)
    assert cost.at_once == at_once(resources, gpus) == (together or 8)
    assert cost.gpu_hours == pytest.approx(hours)
    assert cost.wall_seconds == pytest.approx(3600 / (together or 8))


STUDY = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 3, batch_size: 4}}]
seeds: [0, 1]
targets: [de]
"""
SEARCH = """
search: {{learning_rate: {{loguniform: [1e-4, 1e-2]}}, max_steps: {{randint: [2, 4]}}, trials: 5}}
"""


def test_a_dry_search_reports_the_longest_trials_and_writes_nothing(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, store = tmp_path / "mine.yaml", tmp_path / "store"
    file.write_text((STUDY + SEARCH).format(cut=cut), encoding="utf-8")
    assert main(["search", str(file), "--dry-run", "--store", str(store)]) == 0
    out = capsys.readouterr().out
    assert "mine: 5 trials of each method, 0 of 5 tried in" in out
    assert "to draw   5, each at most as long as the longest setting" in out
    assert re.search(r"^time      .*\d", out, re.MULTILINE)
    assert not store.exists()


def test_a_dry_search_counts_trials_of_the_store(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, store = tmp_path / "mine.yaml", Store(tmp_path / "store")
    file.write_text((STUDY + SEARCH).format(cut=cut), encoding="utf-8")
    study = search_spaces.load(str(file))
    trials = bases(study, Resources())
    journal = Journal(study, trials, store)
    for rate, status in ((0.001, STOPPED), (0.002, FAILED)):
        tried = replace(trials[0], setting=replace(trials[0].setting, learning_rate=rate))
        journal.begun(tried)
        journal.ended(tried, status, 1.0)
    attempt(trials[0], store, Resources())  # so that costs are known
    for option, left in ((), 3), (("--retry-failed",), 4):
        assert main(["search", str(file), "--dry-run", *option, "--store", store.place]) == 0
        out = capsys.readouterr().out
        assert f"mine: 5 trials of each method, {5 - left} of 5 tried in" in out
        assert f"to draw   {left}, each" in out
        assert "Estimated from 1 trial that finished" in out
    assert [one.status for one in read(store, "mine")] == [STOPPED, FAILED]


def test_a_plan_and_a_dry_run_have_the_same_range(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for trial in plan(study):
        attempt(trial, store, Resources())
    more, resources = replace(study, seeds=(0, 1, 2)), Resources(gpus=0)
    hardware = {"cpus_per_trial": 1, "gpus_per_trial": 0, "processes_per_trial": 1}
    options = argparse.Namespace(store=str(tmp_path / "store"), on=None, price=None, **hardware)
    expense = costs(more, (1, 3), options)[0].of((1, 3))
    lacking = [trial for trial in plan(more, gpus=0) if trial.id not in store.ids()]
    past, _ = grounds(lacking, lacking, store, resources)
    cost = estimated_on(lacking, moved(past, None, store), resources)  # type: ignore[arg-type]
    at_once = min(cost.at_once, len(lacking))
    assert expense.to_run == len(lacking) == 4
    assert expense.span(3600 * expense.hours) == pytest.approx((cost.low / at_once, cost.high / at_once))
    assert cost.low < cost.seconds < cost.high


def test_past_trials_on_the_same_number_of_cores_are_preferred(study: Study) -> None:
    (trial,) = plan(replace(study, methods=(Vanilla(),)))
    one, two = (
        past(trial, preparation=0, training=0, evaluation=0),
        past(trial, preparation=60, training=0, evaluation=0),
    )
    found = [one, replace(two, threads=2)]
    assert estimated([trial], found, Resources(local=True, cpus=2), gpus=0).seconds == 60
    other = estimated([trial], found, Resources(local=True, cpus=4), gpus=0)
    assert (other.seconds, other.grounds) == (30, "2 trials (with 1 or 2 CPU threads each, not 4)")


def test_fisher_information_counts_once_and_not_if_it_is_cached(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = plan(replace(study, methods=(Ewc(strength=1.0, examples=3),), seeds=(0, 1)))
    cost = fisher_cost(supply.needed(trials), [past(trials[0])])
    # de and hi, three windows of 128 sub-words each, 50 a second
    assert cost == FisherCost(2, 2 * 3 * 128 / 50, 2 * 4 * 1000)
    store = Store(tmp_path / "store")
    attempt(plan(replace(study, methods=(Vanilla(),)))[0], store, 1)
    for requests, said in ((supply.needed(trials), "2 diagonals"), (supply.needed(trials)[1:], "1 diagonal,")):
        dry_run(study, trials, str(tmp_path / "store"), Resources(local=True))
        assert f"Fisher information, once: {said}" in capsys.readouterr().out
        supply.provide(requests[0], store, 1)
    dry_run(study, trials, str(tmp_path / "store"), Resources(local=True))
    assert "Fisher" not in capsys.readouterr().out


def test_a_dry_run_reports_and_writes_nothing(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, store = tmp_path / "mine.yaml", tmp_path / "store"
    file.write_text(STUDY.format(cut=cut), encoding="utf-8")
    assert main(["run", str(file), "--local", "--dry-run", "--store", str(store)]) == 0
    out = capsys.readouterr().out
    assert "mine: 2 trials: 0 finished, 0 failed, 2 missing" in out
    assert "one after another" in out
    assert "Estimated from 1 trial of a few steps, run just now." in out
    assert re.search(r"^disk      about .* of results and .* of tokenised data", out, re.MULTILINE)
    assert "for checkpoints while trials run" in out
    assert not store.exists()
    assert main(["run", str(file), "--dry-run", "--store", str(store), "--ray-address", "auto"]) == 0
    assert "not known" in capsys.readouterr().out
    assert main(["run", str(file), "--local", "--no-report", "--seeds", "0", "--store", str(store)]) == 0
    capsys.readouterr()
    assert main(["run", str(file), "--local", "--dry-run", "--store", str(store)]) == 0
    out = capsys.readouterr().out
    assert "1 finished, 0 failed, 1 missing" in out
    assert "Estimated from 1 trial that finished" in out
    assert "GB free" in out or "MB free" in out
    assert main(["run", str(file), "--local", "--dry-run", "--seeds", "0", "--store", str(store)]) == 0
    assert "to run    0" in capsys.readouterr().out


def test_other_hardware_is_slower_or_faster_by_a_stated_factor(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, store = tmp_path / "mine.yaml", tmp_path / "store"
    file.write_text(STUDY.format(cut=cut), encoding="utf-8")
    command = ["run", str(file), "--store", str(store)]
    assert main([*command, "--local", "--no-report", "--seeds", "0"]) == 0
    capsys.readouterr()
    assert main([*command, "--dry-run", "--on", "8 A100", "--seeds", "0", "1", "2"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "on 8 A100, 2 at once" in out
    assert "GPU-hours less than 0.01" in out
    assert "e+" not in out
    assert "e-" not in out
    assert "times as fast as cpu" in out
    assert "data sheets" in out
    assert main([*command, "--dry-run", "--on", "8 A1000"]) == 2
    assert "Did you mean 'A100'?" in capsys.readouterr().err
    assert main([*command, "--dry-run", "--on", "8 A100", "--gpus-per-trial", "0"]) == 2
    assert "--on: '8 A100' is not allowed; give a number of cores with --gpus-per-trial 0" in capsys.readouterr().err
    assert main([*command, "--on", "8 A100"]) == 2
    assert "--on: it needs --dry-run" in capsys.readouterr().err


def test_a_range_contains_its_own_trials(study: Study) -> None:
    (trial,) = plan(replace(study, methods=(Vanilla(),)))
    times = [past(trial, preparation=seconds, training=0, evaluation=0) for seconds in (10.0, 20.0, 40.0)]
    cost = estimated([trial, replace(trial, seed=1)], times, Resources(local=True), gpus=0)
    assert (cost.low, cost.seconds, cost.high) == (16.0, 40.0, 100.0)


def test_disk_counts_checkpoints_and_tokenised_data(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    config = trial(setting=replace(SHORT, max_steps=5))
    cut_short(config, store, 3)
    (folder,) = (tmp_path / "store" / "trials").glob("*/checkpoint-*")
    sizes = [file.stat().st_size for file in folder.iterdir()]
    attempt(config, store, Resources())
    cost = estimated([config], comparable([config], store, None), Resources(local=True), gpus=0)
    assert sum(sizes) <= cost.checkpoint  # a bound: the vocabulary is trimmed
    tokenised = sum(file.stat().st_size for file in store.cache.glob("tokenised/**/*.arrow"))
    assert tokenised / 2 <= cost.tokenised <= 2 * tokenised
