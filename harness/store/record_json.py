"""Records as JSON. Other modules read and write them through this module.

A store may come from anybody, so every record is checked. ``harness.common.typed_json`` checks the types of
``harness.store.record``. This module checks the rules that types cannot express.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from harness.common import sources
from harness.common.hashing import digest
from harness.common.provenance import Provenance
from harness.common.typed_json import converted
from harness.store.record import FILES, SPLITS, Record, Score, is_of
from harness.study import TrialConfig

NAME = re.compile(r"(predictions|history)-\w{1,64}\.parquet|weights-\w{1,64}", re.ASCII)
"""Names that a record may give to files. A path is refused, because the named files are read and removed."""
BESIDE_METRICS = {field.name for field in fields(Score)} - {"metrics"}
"""Keys of a language's scores that are not metrics. In the JSON they lie beside the metrics."""


CHECKSUM = "checksum"
"""The key of the hash of all other content. Records of earlier versions have none."""


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """A record's JSON with its checksum, which reveals a flipped bit in an otherwise plausible score."""
    return {**content, CHECKSUM: digest(content)}


def from_json(found: Mapping[str, Any], trial: str) -> Record:
    """The record of the trial with the given id. Raises ``ValueError`` if no trial of that id can have written it."""
    content = {name: value for name, value in found.items() if name != CHECKSUM}
    record = converted({**content, "scores": _nested(content.get("scores"))}, Record)
    if record.id != trial:
        raise ValueError("it belongs to another trial")
    _check_names(record)
    _check_scores(record)
    for text in _texts(record):
        if not text.isprintable():
            raise ValueError("a text in it cannot be printed")
    for name, number in _numbers(record):
        if not math.isfinite(number):
            raise ValueError(f"{name} is not a finite number")
    if CHECKSUM in found and found[CHECKSUM] != digest(content):
        raise ValueError("its content does not match its checksum")
    return record


def of_trial(found: Mapping[str, Any], trial: TrialConfig) -> Record:
    """The record of a trial. Raises ``ValueError`` like ``from_json``, and if its config belongs to another trial."""
    record = from_json(found, trial.id)
    if not is_of(record, trial):
        raise ValueError("its config belongs to another trial")
    return record


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON for its file, without fields at their default."""
    scores = {
        split: {language: _score(score) for language, score in languages.items()}
        for split, languages in record.scores.splits()
    }
    parts = {
        "measure": record.measure and asdict(record.measure),
        "checkpoint": record.checkpoint and _given(record.checkpoint),
        "cost": _given(record.cost),
        "provenance": _provenance(record.provenance),
        "rescored": record.rescored and _provenance(record.rescored),
    }
    given = {**_given(record), "scores": scores}
    return {name: parts.get(name, value) for name, value in given.items()}


def _provenance(found: Provenance) -> dict[str, Any]:
    """A provenance as JSON, without fields that an older version did not record."""
    given = _given(found)
    return {name: value for name, value in asdict(found).items() if name in given}


def _score(score: Score) -> dict[str, Any]:
    """The scores of a language as JSON, with metrics and other values side by side."""
    judged = {"label_counts": score.label_counts, "number_fit": score.number_fit}
    nested = {name: asdict(found) for name, found in judged.items() if found is not None}
    return score.metrics | _given(score, *BESIDE_METRICS) | nested


def _given(part: Any, *names: str) -> dict[str, Any]:
    """The fields of a dataclass that are not at their default; with ``names``, only these fields."""
    return {
        field.name: value
        for field in fields(part)
        if (not names or field.name in names) and (value := getattr(part, field.name)) != field.default
    }


def _nested(scores: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """The JSON's scores, with each language's metrics in a separate mapping, as in ``Score``."""
    try:
        return {
            split: {
                language: {name: values[name] for name in values.keys() & BESIDE_METRICS}
                | {"metrics": {name: value for name, value in values.items() if name not in BESIDE_METRICS}}
                for language, values in scores[split].items()
            }
            for split in SPLITS
        }
    except (AttributeError, KeyError, TypeError):
        raise ValueError("it has no scores by split and language") from None


def _check_names(record: Record) -> None:
    for kind in FILES:
        name = getattr(record, kind)
        if name is None or (NAME.fullmatch(name) and name.startswith(f"{kind}-")):
            continue
        raise ValueError(f"{kind} is not the name of a file")


def _check_scores(record: Record) -> None:
    for split, languages in record.scores.splits():
        for language, score in languages.items():
            if not sources.is_language(language):  # reports and trackers use the code as a name
                raise ValueError(f"{language!r} is not a language")
            if record.metric not in score.metrics:
                raise ValueError(f"it has no {split} score of {language!r}")
    if record.identity.source not in record.scores.test:
        raise ValueError("it has no test score of the source")


def _texts(record: Record) -> Iterator[str]:
    """Texts that a report or a message shows."""
    identity, origin = record.identity, record.provenance
    yield from (
        record.metric,
        record.measure.words if record.measure else "",
        identity.source,
        identity.task,
        identity.precision,
        identity.encoder_revision,
    )
    yield from (origin.python, origin.platform, origin.device, origin.processor, origin.code)
    yield from (text for package in origin.packages.items() for text in package)
    if origin.git is not None:
        yield origin.git.commit
    for _, languages in record.scores.splits():
        for score in languages.values():
            yield from score.metrics


def _numbers(record: Record) -> Iterator[tuple[str, float]]:
    """Numbers that must be finite, each with its name. Other costs of a diverged training may be infinite."""
    yield "zero_shot", record.zero_shot
    cost = record.cost
    yield from {"cost.seconds": cost.seconds, "cost.tokens_per_second": cost.tokens_per_second}.items()
    yield "cost.peak_memory_mib.resident", cost.peak_memory_mib.get("resident", math.nan)
    for split, languages in record.scores.splits():
        for language, score in languages.items():
            for number in (*score.metrics.values(), score.majority, score.unknown):
                if number is not None:
                    yield f"its {split} score of {language!r}", number
