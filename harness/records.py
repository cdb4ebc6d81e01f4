"""What a finished trial's record is: whatever a store holds that is not, is nobody's result. Imports neither torch nor Ray."""

import re
from collections.abc import Mapping
from typing import Any

from harness import fields

NAMES = {
    "predictions": re.compile(r"predictions-\w{1,64}\.parquet", re.ASCII),
    "history": re.compile(r"history-\w{1,64}\.parquet", re.ASCII),
    "weights": re.compile(r"weights-\w{1,64}", re.ASCII),
}
"""How what lies beside a record is called. No such name is a path: a store may be anybody's, and what its records name is read and
removed."""


def is_whole(record: Mapping[str, Any], trial: str) -> bool:
    """Whether a record is that trial's, and has all that is read of records, each part of its kind."""
    try:
        return (
            record["id"] == trial
            and all(name.fullmatch(record[key]) for key, name in NAMES.items() if key != "weights" or key in record)
            and _texts(record["config"], "task", "source", "encoder_revision", "precision")
            and _is_number(record["zero_shot"])
            and all(isinstance(record[flag], bool) for flag in ("collapsed", "diverged"))
            and all(_are_scores(record["scores"][split], record["metric"]) for split in ("dev", "test"))
            and record["config"]["source"] in record["scores"]["dev"]
            and _is_cost(record["cost"])
            and _is_provenance(record["provenance"])
        )
    except (LookupError, TypeError, AttributeError):  # a part that is not there, or is no mapping or text
        return False


def _are_scores(languages: Mapping[str, Any], metric: str) -> bool:
    """Whether these are the scores of a split: by language, a code that can never be a path, what each metric is and of how much."""
    return all(
        fields.LANGUAGE.fullmatch(language)
        and _texts(values, "fingerprint")
        and {metric, "examples"} <= values.keys()
        and all(_is_number(value) and name.isprintable() for name, value in values.items() if name != "fingerprint")
        for language, values in languages.items()
    )


def _is_cost(cost: Mapping[str, Any]) -> bool:
    memory = cost["peak_memory_mib"]
    numbers = [value for name, value in cost.items() if name not in ("peak_memory_mib", "resumed_at")] + cost.get("resumed_at", [])
    return (
        {"seconds", "steps", "tokens_per_second"} <= cost.keys()
        and "resident" in memory
        and all(map(_is_number, [*numbers, *memory.values()]))
    )


def _is_provenance(provenance: Mapping[str, Any]) -> bool:
    git, packages = provenance["git"], provenance["packages"]
    return (
        _texts(provenance, "python", "platform", "device")
        and _is_number(provenance["threads"])
        and (git is None or (_texts(git, "commit") and isinstance(git["dirty"], bool)))
        and _texts(packages, *packages)
        and all(map(str.isprintable, packages))
    )


def _texts(values: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(values[name], str) and values[name].isprintable() for name in names)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
