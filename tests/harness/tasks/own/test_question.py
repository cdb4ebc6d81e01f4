"""Questions on a user's own contexts, from columns and from SQuAD's JSON to scores."""

from pathlib import Path

import pandas as pd
import pytest

from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import DataFiles, Study, TrialConfig
from harness.tasks import own_task, task_named
from harness.tasks.own.question import OwnQuestion
from harness.tasks.questions.squad_format import HUB_COLUMNS, cells
from harness.training.trial import run_trial
from tests.helpers import own_data
from tests.helpers.questions import cloze, written
from tests.helpers.studies import SHORT

PARTS = {"train-en": slice(4, 6), "dev-en": slice(2), "test-en": slice(2), "test-de": slice(2)}


def files(folder: Path, end: str, *, rename: bool = False) -> DataFiles:
    """The same questions in every format, with the hub's column names or others."""
    made = {}
    for name, passages in PARTS.items():
        file = written(folder, f"{name}.json", cloze(name[-2:], passages))
        if end != ".json":
            names = [f"the {column}" for column in HUB_COLUMNS] if rename else HUB_COLUMNS
            rows = pd.DataFrame(list(cells(file.read_bytes(), "")), columns=list(names)).to_dict("records")
            file = Path(own_data.written(rows, folder / f"{name}{end}"))  # type: ignore[arg-type]
        made[name] = str(file)
    return DataFiles(
        train={"en": made["train-en"]}, dev={"en": made["dev-en"]}, test={"en": made["test-en"], "de": made["test-de"]}
    )


def trial(task: OwnQuestion, data: DataFiles, encoder: str) -> TrialConfig:
    return plan(
        Study(
            name="questions",
            task=task,
            data=data,
            methods=(Vanilla(),),
            settings=(SHORT,),
            seeds=(0,),
            targets=("de",),
            encoder=encoder,
            precision="fp32",
        )
    )[0]


def test_every_format_has_the_same_ids(tmp_path: Path, encoder: str) -> None:
    renamed = OwnQuestion(id="the id", question="the question", context="the context", answer="the answers")
    trials = [trial(OwnQuestion(), files(tmp_path / end, end), encoder) for end in (".json", ".parquet", "saved")]
    trials.append(trial(renamed, files(tmp_path / "renamed", ".jsonl", rename=True), encoder))
    assert len({one.id for one in trials}) == 1
    other = trial(OwnQuestion(rules="mlqa"), files(tmp_path / "mlqa", ".json"), encoder)
    assert other.id != trials[0].id
    result = run_trial(trials[0], cache=tmp_path / "cache")
    for part in result.scored:
        assert part.score.metrics == task_named("xquad").scores_in(part.language, part.gold, part.predicted)
    assert result.record.metric == "f1"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"labels": ["a", "b"]}, r"task: labels: .* give none: answers of the kind 'question_answering'"),
        ({"metric": "accuracy"}, r"task: metric: there is no 'accuracy'.* Known: exact_match, f1"),
        ({"rules": "mqla"}, r"task: rules: there is no 'mqla'\. Did you mean 'mlqa'"),
        ({"contexts": "x"}, r"task: .*contexts"),
    ],
)
def test_a_task_that_cannot_be(spec: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        own_task({"kind": "question_answering", **spec}, "task")


def test_bad_rows_are_told_with_the_file_and_the_question(tmp_path: Path) -> None:
    row = {"id": "q7", "question": "?", "context": "Ann has 3 cats", "answers": [{"text": "3", "answer_start": 7}]}
    with pytest.raises(UserError, match=r"here\.jsonl: row 1: question 'q7': answer_start: 7 is not allowed; give 8"):
        OwnQuestion().examples(pd.DataFrame([row]), "here.jsonl", "test")
    with pytest.raises(UserError, match=r"here\.jsonl: column: there is no 'context'"):
        OwnQuestion().examples(pd.DataFrame([row]).drop(columns="context"), "here.jsonl", "test")
    assert OwnQuestion(no_answer=True).examples(pd.DataFrame([{**row, "answers": []}]), "here", "test")[0].answers == ()
