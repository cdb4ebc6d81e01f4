"""A finished trial's record: what it must have to be believed, and what it is enough for."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from harness.common import fields
from harness.methods import Method
from harness.setting import Setting
from harness.study import TrialConfig

Record = dict[str, Any]
"""A finished trial as JSON: ``TrialResult.record`` with ``id``, ``finished`` (time) and the names of the files beside
it."""

TABLES = ("predictions", "history")
"""Keys of a record that name the Parquet files beside it."""
FILES = (*TABLES, "weights")
"""Keys of a record that name all that lies beside it."""
NAME = re.compile(r"(predictions|history)-\w{1,64}\.parquet|weights-\w{1,64}", re.ASCII)
"""No such name is a path: a store may be anybody's, and what its records name is read and removed."""
TYPES = {
    "config": dict,
    "metric": str,
    "scores": dict,
    "zero_shot": (int, float),
    "collapsed": bool,
    "diverged": bool,
    "cost": dict,
    "provenance": dict,
    **dict.fromkeys(TABLES, str),
}
COSTS = ("seconds", "steps", "tokens_per_second")
"""Numbers that every record's cost has; newer ones have others beside."""
ORIGIN = {"python": str, "platform": str, "device": str, "threads": int, "packages": dict, "git": (dict, type(None))}
SIMPLE = (
    "task",
    "task_code",
    "source",
    "seed",
    "replicate",
    "precision",
    "checkpoint",
    "selected_on",
    "encoder_revision",
    "training_data",
)
"""Fields of a trial's identity that are neither its method nor its setting nor its texts."""


def check_of(record: Record, trial: TrialConfig) -> None:
    """Raises ``ValueError`` where a record is not one that the trial could have left."""
    check(record, trial.id)
    if not is_of(record, trial):
        raise ValueError("its config is that of another trial")


def check(record: Mapping[str, Any], trial: str) -> None:
    """Raises ``ValueError`` where a record is not one that some trial of that id could have left.

    Keys that were added in the course of time may be missing.
    """
    if record.get("id") != trial:
        raise ValueError("it is of another trial")
    _typed(record, TYPES, "")
    if not _finite(record["zero_shot"]):
        raise ValueError("zero_shot is no number")
    for name in FILES:
        if name in record and not (
            isinstance(record[name], str) and NAME.fullmatch(record[name]) and record[name].startswith(f"{name}-")
        ):
            raise ValueError(f"{name} is no name of a file")
    config = record["config"]
    _typed(
        config,
        {"source": str, "task": str, "precision": str, "encoder_revision": str, "method": dict, "setting": dict},
        "config: ",
    )
    _scores(record["scores"], record["metric"], config["source"])
    cost = record["cost"]
    if not all(_finite(cost.get(name)) for name in COSTS):
        raise ValueError(f"of its cost {', '.join(COSTS)} are no numbers")
    _typed(cost, {"peak_memory_mib": dict}, "cost: ")
    if not _finite(cost["peak_memory_mib"].get("resident")):
        raise ValueError("of its cost peak_memory_mib is no number")
    origin = record["provenance"]
    _typed(origin, ORIGIN, "provenance: ")
    _typed(origin["packages"], dict.fromkeys(origin["packages"], str), "provenance: packages: ")
    if origin["git"] is not None:
        _typed(origin["git"], {"commit": str, "dirty": bool}, "provenance: git: ")


def _typed(values: Mapping[str, Any], types: Mapping[str, Any], where: str) -> None:
    for name, kind in types.items():
        value = values.get(name, ...)
        if not isinstance(value, kind) or (isinstance(value, str) and not value.isprintable()):
            raise ValueError(f"{where}{name} is not what it should be")


def _scores(scores: Mapping[str, Any], metric: str, source: str) -> None:
    for split in ("dev", "test"):
        if not isinstance(languages := scores.get(split), dict):
            raise ValueError(f"it has no {split} scores")
        for language, values in languages.items():
            if not fields.LANGUAGE.fullmatch(language):  # it becomes a file's name
                raise ValueError(f"{language!r} is no language")
            if (
                not isinstance(values, dict)
                or not isinstance(values.get("fingerprint"), str)
                or not values.keys() >= {metric, "examples"}
            ):
                raise ValueError(f"it has no {split} score of {language!r}")
            for name, value in values.items():
                if name != "fingerprint" and not (name.isprintable() and _finite(value)):
                    raise ValueError(f"its {split} score of {language!r} is no number")
    if source not in scores["test"]:
        raise ValueError("it has no score of the source")


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_of(record: Record, trial: TrialConfig) -> bool:
    """Whether what a record says of itself agrees with a trial; what one of the two does not know, an older or a newer
    version, does."""
    config = record["config"]
    return (
        all(config.get(name, value) == value for name in SIMPLE for value in (getattr(trial, name),))
        and config.get("texts", trial.texts) == trial.texts
        and _agree(config["setting"], _setting(trial.setting))
        and _agree(config["method"].get("methods", [config["method"]]), _method(trial.method))
    )


def _agree(one: Any, other: Any) -> bool:
    """Whether two pieces of JSON are the same in what both have."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_agree(one[name], other[name]) for name in one.keys() & other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    return bool(one == other)


@lru_cache(maxsize=65536)
def _setting(setting: Setting) -> Any:
    return json.loads(json.dumps(asdict(setting)))


@lru_cache(maxsize=4096)
def _method(method: Method) -> Any:
    """Its parts, without the places that are none of their identity."""
    parts = (
        {name: value for name, value in part.to_json().items() if name not in part.places} for part in method.parts
    )
    return json.loads(json.dumps(list(parts)))


def covers(record: Record | None, trial: TrialConfig) -> bool:
    """Whether a record has the score of every language that the trial asks for, on the test set it asks for."""
    if record is None:
        return False
    scores = record["scores"].get("test", {})
    return all(
        language in scores and scores[language].get("fingerprint") == test for language, test in trial.test_data.items()
    )
