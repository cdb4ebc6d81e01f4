"""New scores for records whose scores follow an older version's rules, from their stored predictions."""

from dataclasses import replace
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness.common import sources
from harness.store.record import Record, Score, Scores, scorer_of
from harness.tasks import TASKS


def scored_again(record: Record, predictions: pa.Table) -> Record:
    """A record with the scores that this version's rules give its stored predictions.

    ``predictions`` has split, language, example, gold and predicted (lists of label ids or texts). Raises
    ``ValueError`` if the numbers of examples differ from the record's, or a label is not the task's.
    """
    splits = {split: _languages(record, languages, split, predictions) for split, languages in record.scores.splits()}
    scores = Scores(**splits)
    made = replace(record, scores=scores, scorer=scorer_of(record))
    own = sources.with_parts(record.identity.source)
    targets = [score for language, score in made.in_metric("test").items() if language not in own]
    return replace(made, zero_shot=sum(targets) / len(targets)) if targets else made


def _languages(record: Record, scores: dict[str, Score], split: str, predictions: pa.Table) -> dict[str, Score]:
    task = TASKS[record.identity.task]
    table = predictions.filter(pc.equal(predictions["split"], split))
    found = {}
    alone = {language: score for language, score in scores.items() if not sources.is_several(language)}
    for language, score in alone.items():
        part = table.filter(pc.equal(table["language"], language))
        gold, predicted = (part[name].to_pylist() for name in ("gold", "predicted"))
        _check(gold, predicted, score, len(task.labels), f"{split} {language}")
        found[language] = replace(score, metrics=task.scores_in(language, gold, predicted))
    for language in scores.keys() - alone.keys():
        parts = [found[part].metrics for part in sources.parts(language)]
        mean = {name: fmean(metrics[name] for metrics in parts) for name in parts[0]}
        found[language] = replace(scores[language], metrics=mean)
    return {language: found[language] for language in scores}


def _check(gold: list[list[Any]], predicted: list[list[Any]], score: Score, labels: int, where: str) -> None:
    """Refuse predictions that cannot belong to a trial with this score."""
    if len(gold) != score.examples:
        raise ValueError(f"{where}: the predictions are not those of {score.examples} examples")
    if any(isinstance(answer, str) for row in gold for answer in row):  # accepted answers to a question
        return
    if [*map(len, gold)] != [*map(len, predicted)]:
        raise ValueError(f"{where}: the predictions are not those of {score.examples} examples")
    if any(not -1 <= label < labels for side in (gold, predicted) for row in side for label in row):
        raise ValueError(f"{where}: a label id is not the task's")
