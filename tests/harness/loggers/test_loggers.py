"""Loggers on real runs, read back with each package's own words: they have the store's numbers, and can neither stop
nor change a study."""

import io
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata
from wandb.proto import wandb_internal_pb2

from harness import loggers
from harness.cli.main import main
from harness.loggers import background
from harness.loggers.background import BackgroundLogging
from harness.loggers.events import parameters
from harness.methods import Composed, Ewc, LayerwiseDecay
from harness.store.record import Record
from harness.store.store import Store
from harness.study import Study, TrialConfig
from tests.helpers import synthetic

ALL = ["tensorboard", "mlflow", "wandb"]
SECRET = "hunter2-is-no-password"
OPTIONS = ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_PROJECT")
STUDY = """
question: "?"
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla, {{name: l2, strength: 0.01}}]
settings: [{{learning_rate: 1e-3, warmup_steps: 1, max_steps: 3, batch_size: 4}}]
seeds: [0]
targets: [de, hi]
"""
# MLflow's, of SQLAlchemy's
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OPTIONS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def study_file(tmp_path_factory: pytest.TempPathFactory, cut: Path) -> Path:
    file = tmp_path_factory.mktemp("study") / "two.yaml"
    file.write_text(STUDY.format(cut=cut), encoding="utf-8")
    return file


def run(study_file: Path, store: Path, names: list[str]) -> int:
    return main(["run", str(study_file), "--store", str(store), "--local", "--no-report", "--log", *names])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, study_file: Path) -> Store:
    """Two trials that were run with every logger."""
    place = tmp_path_factory.mktemp("logged") / "store"
    with pytest.MonkeyPatch.context() as patch:
        for name in OPTIONS:
            patch.delenv(name, raising=False)
        patch.setenv("STEADYTUNE_TEST", SECRET)
        assert run(study_file, place, ALL) == 0
    return Store(place)


def finished(store: Store) -> dict[str, tuple[Record, list[dict[str, float]]]]:
    records = store.records(store.ids())
    return {trial: (record, store.history(trial).to_pylist()) for trial, record in records.items()}


def expected(record: Record) -> dict[str, float]:
    """What a record has in the loggers' words."""
    cost = record.cost
    return {
        "dev/en": record.scores.dev["en"].metrics["f1"],
        **{f"test/{language}": record.scores.test[language].metrics["f1"] for language in ("en", "de", "hi")},
        "zero_shot": record.zero_shot,
        "collapsed": float(record.collapsed),
        "diverged": float(record.diverged),
        "cost/seconds": cost.seconds,
        "cost/tokens_per_second": cost.tokens_per_second,
        "cost/peak_memory_mib/resident": cost.peak_memory_mib["resident"],
    }


WINDOW = ("loss", "task_loss", "penalty", "learning_rate", "grad_norm")


# Reading back


def events(store: Store, study: str, trial: str) -> EventAccumulator:
    (file,) = (Path(store.root) / "logs" / "tensorboard" / study / trial).iterdir()
    return EventAccumulator(str(file)).Reload()


def hparams(found: EventAccumulator) -> tuple[dict[str, Any], int]:
    """The settings that TensorBoard's HParams page shows, and the status."""
    content = {tag: found.SummaryMetadata(tag).plugin_data.content for tag in found.PluginTagToContent("hparams")}
    start = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    end = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG])
    return {name: getattr(value, str(value.WhichOneof("kind"))) for name, value in start.hparams.items()}, end.status


def mlflow(store: Store, uri: str = "") -> MlflowClient:
    return MlflowClient(uri or f"sqlite:///{store.root}/logs/mlflow/mlflow.db")


def mlflow_runs(client: MlflowClient, study: str) -> dict[str, Run]:
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert len({run.info.run_name for run in runs}) == len(runs)
    return {run.info.run_name: run for run in runs}


def wandb_records(store: Store, study: str, trial: str) -> list[wandb_internal_pb2.Record]:
    """The records of an offline run: LevelDB's log format after a header of 7 bytes."""
    (file,) = (Path(store.root) / "logs" / "wandb" / study / trial).glob("**/offline-run-*/run-*.wandb")
    content, found, place, whole = file.read_bytes(), [], 7, b""
    while place < len(content):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        whole += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # the whole of a record, or its end
            found.append(wandb_internal_pb2.Record.FromString(whole))
            whole = b""
    return found


def items(entries: Any) -> dict[str, Any]:
    return {entry.key or "/".join(entry.nested_key): json.loads(entry.value_json) for entry in entries}


# Tests


def test_tensorboard_has_the_stores_numbers(store: Store) -> None:
    for trial, (record, history) in finished(store).items():
        found = events(store, "two", trial)
        for name, value in expected(record).items():
            (event,) = found.Scalars(name)
            assert (event.step, event.value) == (3, pytest.approx(value, rel=1e-6)), name
        for name in WINDOW:
            read = [(event.step, event.value) for event in found.Scalars(f"train/{name}")]
            assert read == [(row["step"], pytest.approx(row[name], rel=1e-6)) for row in history], name
        settings, status = hparams(found)
        assert status == api_pb2.STATUS_SUCCESS
        assert settings == parameters(TrialConfig.from_json(record.config), "two")


def test_mlflow_has_the_stores_numbers(store: Store) -> None:
    client = mlflow(store)
    runs = mlflow_runs(client, "two")
    for trial, (record, history) in finished(store).items():
        found = runs.pop(trial)
        assert found.info.status == "FINISHED"
        assert found.data.metrics.items() >= expected(record).items()
        assert (found.info.end_time - found.info.start_time) / 1000 == pytest.approx(record.cost.seconds, abs=0.01)
        for name in WINDOW:
            read = [
                (point.step, point.value) for point in client.get_metric_history(found.info.run_id, f"train/{name}")
            ]
            assert read == [(row["step"], row[name]) for row in history]
        told = parameters(TrialConfig.from_json(record.config), "two")
        assert found.data.params == {name: str(value) for name, value in told.items()}
        assert found.data.tags.keys() == {"mlflow.runName", "steadytune.trial", "steadytune.ended"}
    assert not runs


def test_wandb_has_the_stores_numbers(store: Store) -> None:
    for trial, (record, history) in finished(store).items():
        records = wandb_records(store, "two", trial)
        (run,) = [one.run for one in records if one.HasField("run")]
        assert (run.display_name, run.run_group, run.project, run.host) == (trial, "two", "steadytune", "")
        told = parameters(TrialConfig.from_json(record.config), "two")
        config = items(run.config.update)
        assert {name: config[name] for name in told} == told
        rows = [items(one.history.item) for one in records if one.HasField("history")]
        assert [{f"train/{name}": row[name] for name in WINDOW} for row in history] == [
            {name: value for name, value in row.items() if not name.startswith("_")} for row in rows
        ]
        assert [row["_step"] for row in rows] == [row["step"] for row in history]
        summary: dict[str, Any] = {}
        for one in records:
            summary |= items(one.summary.update)
        assert summary.items() >= expected(record).items()
        (end,) = [one.exit.exit_code for one in records if one.HasField("exit")]
        assert end == 0
        assert not any(one.HasField("stats") or one.HasField("environment") for one in records)


def test_nothing_of_the_environment_is_logged(store: Store) -> None:
    files = [file for file in (Path(store.root) / "logs").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".db", ".wandb"}
    for file in files:
        assert SECRET.encode() not in file.read_bytes()
        assert file.name not in ("wandb-metadata.json", "requirements.txt", "debug.log")


def test_a_study_that_is_run_again_is_not_logged_again(
    store: Store, study_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def state() -> dict[str, int]:
        return {
            str(file): file.stat().st_mtime_ns
            for file in (Path(store.root) / "logs").rglob("*")
            if file.suffix not in (".db", ".log")
        }

    before, runs = state(), mlflow_runs(mlflow(store), "two")
    assert run(study_file, Path(store.root), ALL) == 0
    out = capsys.readouterr().out
    assert "2 finished before, 0 failed before, 0 to run" in out
    assert {line for line in out.splitlines() if "trials logged" in line} == {
        f"tensorboard: 0 trials logged, {store.root}/logs/tensorboard/two",
        f"mlflow: 0 trials logged, sqlite:///{store.root}/logs/mlflow/mlflow.db",
        f"wandb: 0 trials logged, {store.root}/logs/wandb/two",
    }
    assert state() == before
    assert mlflow_runs(mlflow(store), "two").keys() == runs.keys()


def test_a_logger_that_raises_is_told_of_once(
    store: Store, study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "store"
    Store(place)
    (place / "logs").mkdir()
    (place / "logs" / "tensorboard").write_text("in the way")
    assert run(study_file, place, ["tensorboard", "wandb"]) == 0
    out, err = capsys.readouterr()
    told = [line for line in out.splitlines() if line.startswith("tensorboard: ")]
    assert len(told) == 1
    assert "NotADirectoryError: Not a directory. This logger gets no more trials now" in told[0]
    assert f"wandb: 2 trials logged, {place}/logs/wandb/two" in out
    assert "Traceback" not in out + err
    scores = {trial: record.scores for trial, (record, _) in finished(Store(place)).items()}
    assert scores == {trial: record.scores for trial, (record, _) in finished(store).items()}


@pytest.mark.parametrize("name", ALL)
def test_a_missing_package_is_an_error_before_anything_else(name: str, study_file: Path, tmp_path: Path) -> None:
    arguments = ["run", str(study_file), "--store", str(tmp_path / "store"), "--log", name]
    code = (
        f"import sys\nsys.modules[{name!r}] = None\nfrom harness.cli import main as cli\n"
        f"sys.exit(cli.main({arguments!r}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"steadytune: --log {name}: its package is missing (")
    assert ended.stderr.endswith(f"; pip install 'steadytune[{name}]'\n")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("command", ["run", "search"])
def test_an_unknown_logger_gets_the_nearest_name(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sorted(loggers.LOGGERS) == sorted(ALL)
    assert main([command, "quickstart", "--store", str(tmp_path / "store"), "--log", "wandb", "tensorbord"]) == 2
    assert capsys.readouterr().err == (
        "steadytune: --log: there is no 'tensorbord'. Did you mean 'tensorboard'? Known: mlflow, tensorboard, wandb\n"
    )
    assert not (tmp_path / "store").exists()


# On stores of made-up scores


@pytest.fixture
def made() -> Study:
    return synthetic.study(2, rates=2, seeds=1)


@pytest.fixture
def full(made: Study, tmp_path: Path) -> Store:
    """Eight trials: the fourth has failed, the sixth is missing, the eighth has collapsed."""
    return synthetic.store(tmp_path / "store", made)


def log(store: Store, study: Study, names: list[str] = ALL) -> str:
    out = io.StringIO()
    with BackgroundLogging(loggers.named(names), study.name, store, Console(file=out, width=250)):
        pass
    return out.getvalue()


def test_what_ended_before_is_logged_failed_trials_as_failed(full: Store, made: Study) -> None:
    out = log(full, made)
    assert out.count("7 trials logged") == 3, out
    trials = synthetic.trials(made)
    assert trials[5].id not in mlflow_runs(mlflow(full), made.name)
    runs = mlflow_runs(mlflow(full), made.name)
    assert {trial: run.info.status for trial, run in runs.items() if run.info.status != "FINISHED"} == {
        trials[3].id: "FAILED"
    }
    assert runs[trials[3].id].data.tags["error"] == "OutOfMemoryError: synthetic"
    assert runs[trials[7].id].data.metrics["collapsed"] == 1
    found = events(full, made.name, trials[3].id)
    assert hparams(found)[1] == api_pb2.STATUS_FAILURE
    (told,) = found.Tensors("error")
    assert told.tensor_proto.string_val == [b"OutOfMemoryError: synthetic"]
    records = wandb_records(full, made.name, trials[3].id)
    assert [one.exit.exit_code for one in records if one.HasField("exit")] == [1]
    assert any(items(one.summary.update).get("error") == "OutOfMemoryError: synthetic" for one in records)


def test_a_record_that_replaces_another_replaces_its_run(full: Store, made: Study) -> None:
    log(full, made)
    trials = synthetic.trials(made)
    folder = Path(full.root) / "trials" / trials[3].id
    record = json.loads((folder.parent / trials[0].id / "result.json").read_text())
    written = {**record, "id": trials[3].id, "config": trials[3].to_json(), "finished": "2026-02-01T00:00:00+00:00"}
    (folder / "result.json").write_text(json.dumps(written))
    assert log(full, made).count("1 trial logged") == 3
    run = mlflow_runs(mlflow(full), made.name)[trials[3].id]
    assert (run.info.status, run.data.metrics["test/en"]) == ("FINISHED", record["scores"]["test"]["en"]["f1"])
    assert hparams(events(full, made.name, trials[3].id))[1] == api_pb2.STATUS_SUCCESS
    assert [one.exit.exit_code for one in wandb_records(full, made.name, trials[3].id) if one.HasField("exit")] == [0]


def test_an_interrupted_study_ends_at_once_and_is_logged_later(made: Study, tmp_path: Path) -> None:
    study = synthetic.study(2, rates=10, seeds=5)
    full = synthetic.store(tmp_path / "store", study)
    along = BackgroundLogging(loggers.named(["tensorboard"]), study.name, full, Console(file=io.StringIO()))

    def interrupted() -> None:
        with along:
            along.ended(*synthetic.trials(study))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any(one.thread.is_alive() for one in along.threads)
    logs = Path(full.root) / "logs" / "tensorboard"
    early = len(list(logs.rglob("events.*")))
    assert early < 199
    assert f"{199 - early} trials logged" in log(full, study, ["tensorboard"])
    assert len(list(logs.rglob("events.*"))) == len([file for file in logs.rglob("*") if file.is_file()]) == 199


def test_the_users_own_places_are_honoured(
    full: Store, made: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mine.db")
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    assert "mlflow: 7 trials logged, MLFLOW_TRACKING_URI" in log(full, made, ["mlflow", "wandb"])
    assert len(mlflow_runs(mlflow(full, f"sqlite:///{tmp_path}/mine.db"), made.name)) == 7
    assert not (Path(full.root) / "logs" / "mlflow").exists()
    assert [
        one.run.project for one in wandb_records(full, made.name, synthetic.trials(made)[0].id) if one.HasField("run")
    ] == ["mine"]


def test_the_logs_of_a_store_by_url_are_beside_it() -> None:
    assert background.folder(Store("memory://logged"), "mlflow") == Path("steadytune-logs/mlflow")


def test_options_are_told_by_method_and_places_without_their_folders() -> None:
    method = Composed(methods=(Ewc(strength=10, text="/home/me/texts", languages=("af",)), LayerwiseDecay(decay=0.9)))
    (config, *_) = synthetic.trials(synthetic.study(2, methods=(method,), rates=1, seeds=1))
    told = parameters(config, "mine")
    assert (
        told.items()
        >= {"method": method.arm.label, "ewc.strength": 10.0, "ewc.text": "texts", "layerwise_decay.decay": 0.9}.items()
    )
    assert told["train_examples"] == "all"
    assert "/home" not in str(told)
