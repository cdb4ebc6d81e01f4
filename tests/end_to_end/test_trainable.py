"""``harness.trainable`` under schedulers of Ray Tune, on two nodes of one cluster."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray
from optuna.samplers import RandomSampler
from ray import tune
from ray.cluster_utils import Cluster
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, HyperBandForBOHB, PopulationBasedTraining, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

import harness
import search_spaces
from harness.cli.main import main
from harness.common.errors import UserError
from harness.methods import Vanilla
from harness.store.store import Store
from harness.study import Study, TrialConfig
from tests.helpers.cut_trials import ended
from tests.helpers.own_method import METHODS, NEIGHBOUR
from tests.helpers.own_method import STUDY as OWN
from tests.helpers.readme import blocks

pytestmark = [pytest.mark.nightly, pytest.mark.slow]
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
RATES = tune.loguniform(1e-4, 1e-1)
DRIVER = """
import sys
import ray, search_spaces, harness
from ray import tune
ray.init(sys.argv[1])
trainable = harness.trainable(search_spaces.load(sys.argv[2]), store=sys.argv[3], reports=4)
space = {"learning_rate": tune.grid_search([1e-3, 2e-3]), "method": "vanilla"}
run = tune.RunConfig(storage_path=sys.argv[4], name="killed", verbose=0)
tune.Tuner(trainable, param_space=space, run_config=run).fit()
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0})
    for _ in range(2):
        made.add_node(**NODE)
    made.wait_for_nodes()
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def own(tmp_path: Path, cut: Path) -> Path:
    """A study with own methods, whose setting has 20 steps."""
    (tmp_path / "mine.py").write_text(METHODS)
    (tmp_path / "wording.py").write_text(NEIGHBOUR)
    file = tmp_path / "own.yaml"
    file.write_text(OWN.format(cut=cut).replace("max_steps: 3", "max_steps: 20"))
    return file


def tuned(
    study: Study,
    place: Path,
    scheduler: TrialScheduler,
    samples: int,
    gone: tuple[Path, ...] = (),
    searcher: Searcher | None = None,
    reports: int = 4,
    **space: Any,
) -> list[dict[str, Any]]:
    """The last reports of a tuner's trials. Files are deleted before it runs."""
    trainable = harness.trainable(study, store=place, reports=reports)
    for file in gone:
        file.unlink()
    tuner = tune.Tuner(
        trainable,
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="f1",
            mode="max",
            search_alg=searcher,
            num_samples=samples,
            scheduler=scheduler,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(place.parent / "tune"), name=place.name, verbose=0),
    )
    found = [*tuner.fit()]
    assert [one.error for one in found] == [None] * len(found)
    assert all(Path(one.path, "progress.csv").is_file() for one in found)  # Tune's own files are the user's
    return [one.metrics or {} for one in found]


def check_plain(reports: list[dict[str, Any]], store: Store, other: Store) -> None:
    """Finished trials are those of ``steadytune run``, to the bit; others have no record; the study lists all."""
    _, listed = store.study("own")
    configs = {trial.id: trial for trial in listed}
    assert set(configs) == {report["id"] for report in reports}
    assert {*store.ids()} == {report["id"] for report in reports if report["finished"]}
    for report in reports:
        assert report["course"] == ""
        if report["finished"]:
            record, _ = ended(configs[report["id"]], other)
            again = store.record(report["id"])
            assert again is not None
            assert (again.scores, again.cost.steps) == (record.scores, record.cost.steps)
            assert (report["training_iteration"], report["test_de"]) == (4, record.zero_shot)


def test_asha_stops_trials_and_finished_ones_are_plain(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    code = (own.with_name("mine.py"), own.with_name("wording.py"))
    scheduler = ASHAScheduler(max_t=4, grace_period=1, reduction_factor=2)
    methods = tune.choice(["vanilla", "twice"])
    study = search_spaces.load(str(own))
    reports = tuned(study, tmp_path / "store", scheduler, 6, code, learning_rate=RATES, method=methods)
    assert {report["finished"] for report in reports} == {True, False}
    code[0].write_text(METHODS)
    code[1].write_text(NEIGHBOUR)
    check_plain(reports, Store(tmp_path / "store"), Store(tmp_path / "other"))
    assert main(["report", "own", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "page")]) == 0


class RandomSearch(OptunaSearch):
    """A random searcher with the methods that BOHB's scheduler calls."""

    def on_pause(self, trial_id: str) -> None:
        pass

    def on_unpause(self, trial_id: str) -> None:
        pass


def test_bohbs_scheduler_pauses_trials_of_a_random_search(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    """Trials are paused at rungs, and the best go on from their checkpoints."""
    searcher = RandomSearch(sampler=RandomSampler(seed=0))
    study = replace(search_spaces.load(str(own)), methods=(Vanilla(),))
    scheduler = HyperBandForBOHB(max_t=4, reduction_factor=2)
    reports = tuned(study, tmp_path / "store", scheduler, 4, searcher=searcher, learning_rate=RATES)
    assert {report["finished"] for report in reports} == {True, False}
    assert any(report["iterations_since_restore"] < report["training_iteration"] for report in reports)
    check_plain(reports, Store(tmp_path / "store"), Store(tmp_path / "other"))


def test_pbt_gives_clones_an_id_of_their_own(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    """A mutation multiplies the rate by 0.8 or 1.2, so that no clone is the trial that it was cloned from."""
    scheduler = PopulationBasedTraining(
        time_attr="training_iteration",
        perturbation_interval=1,
        quantile_fraction=0.5,
        resample_probability=0,
        hyperparam_mutations={"learning_rate": tune.loguniform(1e-3, 1e-1)},
    )
    study = search_spaces.load(str(own))
    study = replace(study, settings=(replace(study.settings[0], max_steps=400),))
    rates = tune.grid_search([1e-6, 1e-2])
    reports = tuned(study, tmp_path / "store", scheduler, 1, learning_rate=rates, method="vanilla", reports=10)
    store = Store(tmp_path / "store")
    clones = [report for report in reports if report["course"]]
    assert clones
    # A trial may be cloned into after its end, so the store may have more.
    records = store.records(store.ids())
    assert {report["id"] for report in reports} <= records.keys()
    for clone in clones:
        assert "; ".join(records[clone["id"]].config["course"]) == clone["course"]
    listed = {trial.id for trial in store.study("own")[1]}
    for record in records.values():
        config = TrialConfig.from_json(record.config)
        assert (record.id in listed) is (config.course == ())
        if not config.course:
            assert ended(config, Store(tmp_path / "other"))[0].scores == record.scores


def notes_a_checkpoint(experiment: Path) -> bool:
    """Whether Tune's state of the experiment, from which it is restored, names a checkpoint.

    The folder of a checkpoint exists earlier. Tune pickles the names, and writes the pickles in hexadecimal.
    """
    name = b"checkpoint_0".hex()
    return any(name in file.read_text() for file in experiment.glob("experiment_state-*.json"))


@pytest.mark.timeout(1800)  # three starts of workers: on a busy machine each takes minutes
def test_a_killed_tuner_is_restored(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    own.write_text(own.read_text().replace("max_steps: 20", "max_steps: 400"))
    place, tunes = tmp_path / "store", tmp_path / "tune"
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, cluster.address, str(own), str(place), str(tunes)],
        env={**os.environ, "TUNE_GLOBAL_CHECKPOINT_S": "0.5"},  # seconds between two states of the experiment
    )
    try:
        while not notes_a_checkpoint(tunes / "killed"):
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert [*Store(place).ids()] == []
    trainable = harness.trainable(search_spaces.load(str(own)), store=place, reports=4, checkpoints=False)
    found = [*tune.Tuner.restore(str(tunes / "killed"), trainable=trainable).fit()]
    reports = [one.metrics or {} for one in found]
    assert [report["finished"] for report in reports] == [True, True]
    assert any(report["iterations_since_restore"] < 4 for report in reports)
    for one in found:
        told = [
            json.loads(line)["training_iteration"] for line in Path(one.path, "result.json").read_text().splitlines()
        ]
        assert told[-3:] == [2, 3, 4]  # each once
    check_plain(reports, Store(place), Store(tmp_path / "other"))


def test_a_wrong_key_ends_fit_before_the_first_trial(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="config: 'lr' is called 'learning_rate' here"):
        tuned(search_spaces.load(str(own)), tmp_path / "store", FIFOScheduler(), 1, lr=RATES, method="vanilla")
    assert Store(tmp_path / "store").study("own")[1] == []


def test_the_documented_example_runs(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    wanted = [code for code in blocks("python") if "harness.trainable(" in code or 'name="small"' in code]
    for code in wanted:
        exec(code.replace('harness.run(study, store="runs", local=True)', "None"), names)
    results = names["results"]
    assert len(results) == 4
    best = results.get_best_result().metrics
    assert Store("runs").record(best["id"]) is not None
    assert {report.metrics["id"] for report in results} == {trial.id for trial in Store("runs").study("small")[1]}
