"""Question answering from data to record: scores of stored answers, collapse, methods, loss and packed batches."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from analysis.results.prediction_counts import counts, metric_of
from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.data.subsets import training_rows
from harness.execution.plan import plan
from harness.methods import (
    L2,
    Adapter,
    Bitfit,
    Composed,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    SoftPrompt,
    Vanilla,
    WeightAveraging,
)
from harness.setting import Setting
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks import QuestionTask, task_named
from harness.tasks.label_counts import LabelCounts
from harness.tasks.questions.squad_format import Question
from harness.training import building
from harness.training.building import build_trainer
from harness.training.rescoring import rescore
from harness.training.trial import run_trial
from harness.training.weights import load
from tests.helpers.encoders import FAMILIES
from tests.helpers.questions import cloze_folder
from tests.helpers.studies import SHORT
from tests.helpers.training import Recorder

Make = Callable[..., TrialConfig]
QUICK = replace(SHORT, max_length=64)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return cloze_folder(tmp_path_factory.mktemp("questions"), train=2, test=2)


@pytest.fixture
def make(data: str, encoder: str) -> Make:
    def made(method: Method | None = None, encoder: str = encoder, setting: Setting = QUICK) -> TrialConfig:
        return plan(
            Study(
                name="questions",
                task="xquad",
                methods=(method or Vanilla(),),
                settings=(setting,),
                seeds=(0,),
                targets=("de",),
                data=data,
                encoder=encoder,
                precision="fp32",
            )
        )[0]

    return made


def test_a_record_has_the_scores_of_its_stored_answers(make: Make, tmp_path: Path) -> None:
    config, store, task = make(L2(strength=0.1)), Store(tmp_path / "store"), task_named("xquad")
    store.save(config, run_trial(config, cache=tmp_path, weights=tmp_path / "weights"), tmp_path / "weights")
    record = store.record(config.id)
    assert record is not None
    assert record.metric == "f1"
    table = store.predictions(config.id)
    for (split, language), part in table.to_pandas().groupby(["split", "language"], observed=True):
        score = getattr(record.scores, split)[language]
        gold, predicted = ([list(texts) for texts in part[name]] for name in ("gold", "predicted"))
        assert score.metrics == task.scores_in(language, gold, predicted)
        assert score.label_counts.right == pytest.approx(score.metrics["exact_match"] / 100 * len(part))
        assert all(text for (text,) in predicted)
    assert record.zero_shot == record.scores.test["de"].metrics["f1"]
    metric, found = metric_of("xquad"), counts("xquad", table)
    assert metric is not None
    assert found is not None
    for language, of_each in found.items():
        assert metric.score(of_each.sum(0)) == pytest.approx(record.scores.test[language].metrics["f1"])
    with store.weights(config.id) as folder:
        assert folder is not None
        again = rescore(load(folder, config), config, record, [], cache=tmp_path)
    assert again.record.scores == record.scores


METHODS_TO_TRY = [
    L2(strength=0.5),
    Ewc(strength=5.0, languages=("de",), examples=2, text="task"),
    Bitfit(),
    SoftPrompt(tokens=2),
    Adapter(size=4),
    Lora(rank=2),
    DecoupledL2(strength=50.0),
    Mixout(probability=0.5),
    Composed(methods=(LayerFreeze(layers=1), LayerwiseDecay(decay=0.8), WeightAveraging(steps=2))),
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("method", METHODS_TO_TRY, ids=lambda method: method.name)
def test_every_method_trains(method: Method, make: Make, cache: Path) -> None:
    found = run_trial(make(method), cache=cache)
    assert not found.record.diverged
    assert found.record.cost.trained_parameters
    if isinstance(method, L2 | Ewc):
        assert found.history[-1]["penalty"] > 0


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_trains(family: str, families: dict[str, str], make: Make, cache: Path) -> None:
    """Encoders without token types or a pooler, with relative positions, and with few positions."""
    config = make(encoder=families[family], setting=replace(QUICK, max_length=60, max_steps=2))
    assert run_trial(config, cache=cache).record.scores.test["de"].metrics.keys() == {"exact_match", "f1"}


@torch.no_grad()
def test_a_batch_has_the_losses_of_transformers_on_each_row_alone(make: Make, cache: Path) -> None:
    """The loss of transformers on a batch would give some probability to padding."""
    context = TrialContext.of(make(), cache)
    model, part = build_trainer(context).model.eval(), context.encoded("train", "en")
    by_length = sorted(part.rows, key=lambda row: len(row["input_ids"]))
    names = ("input_ids", "attention_mask", "token_type_ids", "labels")
    rows = [{name: row[name] for name in names if name in row} for row in (*by_length[:3], *by_length[-3:])]
    collate = context.task.collator(part.tokenizer)
    alone = 0.0
    for row in rows:
        first, last = (single := collate([row])).pop("labels").unbind(-1)
        alone += 2 * float(model(**single, start_positions=first, end_positions=last).loss)
    batch = collate(rows)
    assert not batch["attention_mask"].bool().all()
    labels = batch.pop("labels")
    assert float(context.task.loss(model(**batch), labels)) == pytest.approx(alone, rel=1e-5)


def test_micro_batches_have_the_gradient_of_the_whole_batch(make: Make, cache: Path) -> None:
    found = []
    for accumulation in (1, 4):
        trainer = build_trainer(TrialContext.of(make(setting=replace(QUICK, accumulation=accumulation)), cache))
        for module in trainer.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        trainer.add_callback(recorder := Recorder())
        trainer.train()
        found.append(recorder.gradients)
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-3, atol=1e-6)


GOLD = [["Ann"], ["3", "3 cats"], ["blue"], ["Ann"], ["4"]]
ROWS = Dataset.from_dict(
    {
        "example": [0, 1, 2, 2, 3, 4],
        "text": ["Ann has", "3 cats", "Ann and", "blue", "Ann", "4 dogs"],
        "offsets": [[0, 3, 3, 7], [0, 1, 1, 6], [0, 3, 3, 7], [0, 4], [0, 3], [0, 1, 1, 6]],
    }
)


def test_the_best_constant_answer() -> None:
    """One text for all questions is right twice; the first sub-word of each context is right four times."""
    task = task_named("xquad")
    found = task.counts("en", GOLD, [["Ann"], ["3 cats"], ["x"], ["ann."], ["4"]], ROWS)
    assert found == LabelCounts(labels=5, right=4, constant=4, predicted=5, commonest=2)
    assert found.collapsed
    nowhere = ROWS.map(lambda row: {"text": row["text"].upper().replace("A", "X").replace("3", "8").replace("4", "9")})
    found = task.counts("en", GOLD, [[""]] * 5, nowhere)
    assert found == LabelCounts(labels=5, right=0, constant=2, predicted=5, commonest=5)


def test_no_answer_everywhere_is_a_constant_answer() -> None:
    class Two(QuestionTask):
        name = "squad2"
        languages = ("en",)
        no_answer = True

    gold = [[""], [""], ["3"], [""], ["4"]]
    found = Two().counts("en", gold, [[""]] * 5, ROWS)
    assert (found.right, found.constant, found.collapsed) == (3, 3, True)
    assert Two().scores(gold, [[""]] * 5) == {"exact_match": 60.0, "f1": 60.0}
    assert Two().gold([Question("?", "x", (), ())]) == [[""]]


def test_label_noise_is_refused(make: Make) -> None:
    with pytest.raises(UserError, match="label_noise: the task 'xquad' cannot have any"):
        make(setting=replace(QUICK, label_noise=0.1))


def test_fewer_questions_have_all_their_windows(make: Make, cache: Path) -> None:
    rows = training_rows(TrialContext.of(make(setting=replace(QUICK, train_examples=2)), cache))
    whole = TrialContext.of(make(), cache).encoded("train", "en").rows
    chosen = set(rows["example"])
    assert len(chosen) == 2
    assert len(rows) == sum(example in chosen for example in whole["example"]) > 2


@pytest.mark.parametrize("method", [Vanilla(), SoftPrompt(tokens=2)], ids=lambda method: method.name)
def test_batches_without_padding_have_the_same_gradients(
    method: Method, make: Make, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = TrialContext.of(make(method), cache)
    part, found = context.encoded("train", "en"), []
    names = ("input_ids", "attention_mask", "token_type_ids", "labels")
    rows = [{name: row[name] for name in names if name in row} for row in part.rows]
    by_length = sorted(rows, key=lambda row: len(row["input_ids"]))
    for packed in (True, False):
        if not packed:
            monkeypatch.setattr(building, "train_packed", lambda model: None)
        model = build_trainer(context).model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        batch = context.task.collator(part.tokenizer)([*by_length[:2], *by_length[-2:]])
        labels = batch.pop("labels")
        loss = context.task.loss(model(**batch), labels)
        loss.backward()
        found.append((loss.item(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}))
    (loss, gradients), (expected_loss, expected) = found
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-4, atol=1e-6)
