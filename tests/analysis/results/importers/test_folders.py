"""Folders of Hugging Face's Trainer and of Ray Tune, written by these libraries."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from ray.tune.logger import CSVLoggerCallback, JsonLoggerCallback
from transformers import AutoConfig, AutoModelForSequenceClassification, Trainer, TrainingArguments

from analysis.results.importers.reading import read
from analysis.results.opening import opened
from harness.common.errors import UserError
from harness.methods import Vanilla
from tests.helpers import foreign, synthetic
from tests.helpers.report_files import call

TINY = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}


def accuracy(predicted: Any) -> dict[str, float]:
    return {"accuracy": float((predicted.predictions.argmax(-1) == predicted.label_ids).mean())}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, int, str], float]]:
    """Runs of the Trainer, with its saved metrics, state and model card; and the scores that it returned."""
    root = tmp_path_factory.mktemp("runs")
    rows = [{"input_ids": [i % 8, 1, 2], "labels": i % 2} for i in range(8)]
    sets = {language: Dataset.from_list(rows[i:]) for i, language in enumerate(foreign.LANGUAGES)}
    scores = {}
    for method in ("vanilla", "l2"):
        for seed in (1, 2):
            torch.manual_seed(seed)
            model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model("bert", **TINY))
            arguments = TrainingArguments(
                str(root / method / f"seed-{seed}"),
                max_steps=2,
                per_device_train_batch_size=2,
                learning_rate=3e-5,
                seed=seed,
                save_steps=1,
                report_to=[],
                use_cpu=True,
                disable_tqdm=True,
            )
            trainer = Trainer(model, arguments, train_dataset=sets["en"], compute_metrics=accuracy)
            trainer.train()
            trainer.save_metrics("eval", trainer.evaluate(sets["en"]))
            for language, data in sets.items():
                metrics = trainer.predict(data, metric_key_prefix=f"predict_{language}").metrics
                trainer.save_metrics("predict", metrics)
                scores[method, seed, language] = 100 * metrics[f"predict_{language}_accuracy"]
            trainer.save_state()
            trainer.create_model_card()
    return root, scores


def test_trainer(trained: tuple[Path, dict[tuple[str, int, str], float]]) -> None:
    """The seed and the learning rate are in the model card, the method in the folder's name."""
    root, scores = trained
    results = read(root, ["method=folder.1"])
    rows = results.scores[["method", "seed", "language", "score"]].itertuples(index=False, name=None)
    assert {tuple(row[:3]): row[3] for row in rows} == pytest.approx(scores)
    assert results.metric == "accuracy"
    assert results.settings["learning_rate"].tolist() == [3e-5]
    assert results.settings["batch_size"].tolist() == [2]
    assert set(results.trials["trial"]) == {f"{m}/seed-{s}" for m in ("vanilla", "l2") for s in (1, 2)}


def test_trainer_without_a_method(trained: tuple[Path, dict[tuple[str, int, str], float]]) -> None:
    with pytest.raises(UserError, match=r"no column names the method. .*folder \(such as 'l2/seed-1'\)") as told:
        read(trained[0])
    assert "--map 'folder={method}'" in str(told.value)
    with pytest.raises(UserError, match="l2/seed-1: folder: 'l2/seed-1' is not allowed; give names of the form"):
        read(trained[0], ["folder={method}_{seed}"])


def test_report_of_a_folder(
    trained: tuple[Path, dict[tuple[str, int, str], float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(f"report {trained[0]} --map folder={{method}}/seed-{{seed}} --out out") == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "accuracy" in page
    assert "runs of Hugging Face" in page


def test_log_of_the_last_checkpoint_and_folders_of_languages(tmp_path: Path) -> None:
    """A run without saved metrics has those of its last checkpoint. Each language may have a folder of its own."""
    for run in foreign.runs():
        folder = tmp_path / run.name
        for step, factor in ((9, 0.5), (10, 1)):
            log = [{"eval_en_f1": run.scores["en"] * factor, "step": step}, {"loss": 1.0, "learning_rate": 0.0}]
            state = {"num_train_epochs": 2, "max_steps": 10, "train_batch_size": 8, "log_history": log}
            (folder / f"checkpoint-{step}").mkdir(parents=True)
            (folder / f"checkpoint-{step}" / "trainer_state.json").write_text(json.dumps(state))
        for language in ("de", "fr"):
            (folder / f"eval_{language}").mkdir()
            scores = {"eval_f1": run.scores[language], "eval_loss": 3.0, "eval_samples_per_second": 1.5}
            (folder / f"eval_{language}" / "all_results.json").write_text(json.dumps(scores))
    results = foreign.check(tmp_path, "folder={method}-lr{learning_rate}-s{seed}")
    assert results.settings["epochs"].tolist() == [2, 2]
    assert "max_steps" not in results.settings
    assert any("the eval columns count as test scores" in note for note in results.notes)


def test_trial_of_ray(tmp_path: Path) -> None:
    """Trials in files of Ray Tune's own loggers; one has failed, and one's last line is cut off."""
    for run in foreign.runs():
        ray_trial(tmp_path / run.name, run)
    foreign.check(tmp_path)
    first, second = (tmp_path / run.name for run in list(foreign.runs())[:2])
    with (first / "result.json").open("a") as file:
        file.write('{"test": {"de"')
    (second / "result.json").unlink()  # progress.csv has the same
    results = foreign.check(tmp_path)
    assert results.metric == "f1"
    (second / "error.txt").write_text("Failure # 1\nRuntimeError: CUDA out of memory\n")
    failed = read(tmp_path).trials.query("status == 'failed'")
    assert failed[["method", "seed", "error"]].values.tolist() == [["vanilla", 2, "RuntimeError: CUDA out of memory"]]
    (first / "result.json").write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(UserError, match=r"result.json:2: not readable as JSON"):
        read(tmp_path)


@dataclass(eq=False)
class OfLogger:
    """What a logger needs of a trial."""

    config: dict[str, Any]
    local_path: str

    def init_local_path(self) -> None:
        """The folder is there already."""


def ray_trial(folder: Path, run: foreign.Run) -> None:
    """The files that Ray Tune's loggers write of a trial with two reports."""
    config = {"method": run.method, "seed": run.seed, "lr": run.learning_rate}
    folder.mkdir(parents=True, exist_ok=True)
    trial = OfLogger(config, str(folder))
    for logger in (JsonLoggerCallback(), CSVLoggerCallback()):
        logger._restore_from_remote = lambda *_: None
        for step, factor in enumerate((0.5, 1)):
            scores = {language: {"f1": score * factor} for language, score in run.scores.items()}
            report = {"test": scores, "trial_id": run.name, "training_iteration": step + 1, "config": config}
            logger.log_trial_result(step, trial, report)
        logger.log_trial_end(trial)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "trainer_state.json: holds no JSON object"),
        ("{", "trainer_state.json: not readable as JSON"),
        ('{"a":' * 9999, "trainer_state.json: not readable as JSON"),
        ('{"a":' * 300 + "1" + "}" * 300, "no column names the method"),
        ('{"log_history": 3, "trial_params": [1]}', "no column names the method"),
        ('{"log_history": [3, {"eval_de_f1": [1], "eval_en_f1": "\\ud800"}]}', "no column names the method or the"),
        ('{"log_history": [{"eval_de_f1": NaN, "eval_en_f1": 0.5}], "trial_params": {"method": "a", "seed": 1}}',
         "run, eval_de_f1: score: 'nan' is not allowed; give a finite number"),
    ],
)  # fmt: skip
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "trainer_state.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read(tmp_path)


def test_folder_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "training_args.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert call(f"report {tmp_path}") == 2
    assert "the folder has no results of a known program: trials of Ray Tune; runs of" in capsys.readouterr().err
    assert call(f"report none --store {tmp_path} --map seed=x") == 2
    assert "--map: 'seed=x' is not allowed; give it with results of another program" in capsys.readouterr().err


def test_a_study_goes_before_a_folder_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = synthetic.study(2, methods=(Vanilla(),), rates=1, seeds=2)
    synthetic.store(tmp_path / "store", study, histories=False)
    for run in foreign.runs():
        ray_trial(tmp_path / study.name / run.name, run)
    assert opened(study.name, "store").store is not None
    assert opened(f"./{study.name}", "store").results.methods == ["l2", "vanilla"]
    assert opened(study.name, "none").results.methods == ["l2", "vanilla"]
