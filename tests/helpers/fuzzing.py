"""Helpers that make wrong values, files and texts."""

import copy
import json
import math
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.common.errors import UserError
from harness.study import Study
from tests.helpers.examples import examples

CASES: Counter[str] = Counter()
"""Number of cases of each test."""
NUMBERS = (
    0,
    1,
    -1,
    2,
    0.5,
    -0.0,
    1e-320,
    1e38,
    1e308,
    -1e308,
    math.inf,
    -math.inf,
    math.nan,
    2**31,
    2**32,
    2**53 + 1,
    2**64,
    -(10**30),
    10**400,
)
TEXTS = (
    *(
        "",
        " ",
        "nan",
        "1e3",
        "10x",
        "10%",
        "0x10",
        "1_0",
        "١٢",
        "yes",
        "null",
        "../../etc/passwd",
        "/",
        "~",
        "~nobody/x",
        "a\0b",
    ),
    *(
        "\ud800",
        "\udfff\ud800",
        "\u202eabc",
        "\u200b",
        "\x1b[2J",
        "\ufeff",
        "é",
        "ｄｅ",
        "😀" * 50,
        "x" * 5000,
        "de",
        "en",
        "udpos",
    ),
    *(
        "xnli",
        "all",
        "paper",
        "vanilla",
        "l2",
        "ewc",
        "embedded",
        "hub",
        "best",
        "fp16",
        "cosine",
        "sobol",
        "<b>",
        "{{x}}",
        "%s",
        "a,b",
    ),
    *("'\"", "\n", "\t", "s3://k:p@b", "x.py", "x.csv", "=1", "'=1"),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
VALUES = st.one_of(
    SCALARS,
    SCALARS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)
CHANCES = st.integers(0, 2**64).map(Random)


def fuzzed(cases: int, *, seconds: float = 2.0, **given_: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a test with ``cases`` nightly cases, the same in every run, each with a time limit."""
    strict = settings(
        max_examples=examples(cases),
        derandomize=True,
        database=None,
        deadline=1000 * seconds,
        suppress_health_check=[*HealthCheck],
    )
    return lambda test: strict(given(**given_)(test))


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every element in a document."""
    found = [path] if path else []
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        found += places(value, (*path, key))
    return found


def mutated(document: Any, chance: Random, new: Any) -> Any:
    """A copy of the document with random changes: parts replaced, left out, repeated, renamed, copied or wrapped."""
    document = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        *path, last = chance.choice(places(document) or [(None,)])
        holder = document
        for key in path:
            holder = holder[key]
        if last is None:
            return new
        way = chance.randrange(7)
        if way == 0:
            del holder[last]
        elif way == 1 and isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        elif way == 2 and isinstance(holder, dict):
            holder[chance.choice(TEXTS)] = holder.pop(last)
        elif way == 3:
            *other, name = chance.choice(places(document))
            there = document
            for key in other:
                there = there[key]
            holder[last] = copy.deepcopy(there[name])
        elif way == 4:
            holder[last] = chance.choice(([holder[last]], {"x": holder[last]}, str(holder[last])))
        elif way == 5 and isinstance(holder[last], int | float) and not isinstance(holder[last], bool):
            number = holder[last]
            between = number + 0.5 if abs(number) < 1e300 else number  # 10**400 + 0.5 overflows
            holder[last] = chance.choice((-number, number * 10, between, chance.choice(NUMBERS)))
        else:
            holder[last] = copy.deepcopy(new)
    return document


def torn(content: bytes, chance: Random) -> bytes:
    """A file's bytes with some flipped, left out, repeated, inserted or cut off."""
    found = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at, length = chance.randrange(len(found) + 1), chance.choice((1, 1, 2, 10, 100))
        way = chance.randrange(6)
        if way == 0 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            del found[at : at + length]
        elif way == 2:
            found[at:at] = found[at : at + length]
        elif way == 3:
            found[at:at] = chance.choice(
                (
                    b"\0",
                    b"\xff\xfe",
                    b"\xed\xa0\x80",
                    b"\r",
                    b"\n\n",
                    b"\t",
                    b'"',
                    b"\xe2\x80\xae",
                    b"&a *a",
                    b"!!",
                    b"[" * 2000,
                    b": ",
                )
            )
        elif way == 4:
            del found[at:]
        else:
            found[at:at] = chance.randbytes(length)
    return bytes(found)


def check_message(error: UserError) -> None:
    """Check that the message is one non-empty line."""
    assert str(error)
    assert "\n" not in str(error)


def same(one: Any, other: Any) -> bool:
    """Whether both are equal, with NaN equal to NaN."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


OWN: dict[str, Any] = {
    "name": "own",
    "question": "?",
    "task": "udpos",
    "seeds": [0, 1],
    "targets": ["de", "hi"],
    "source": "en",
    "encoder": "embedded",
    "data": "embedded",
    "precision": "fp32",
    "checkpoint": "last",
    "replicates": 1,
    "trim_vocabulary": True,
    "methods": [
        "vanilla",
        {"name": "l2", "strength": 0.01, "seeds": [2]},
        [{"name": "l2", "strength": 1}, {"name": "layerwise_decay", "decay": 0.9}],
        {
            "name": "ewc",
            "strength": 10,
            "languages": ["de"],
            "text": "embedded",
            "settings": [{"learning_rate": 1e-3, "max_steps": 3}],
        },
        {"name": "adapter", "size": 8},
        {"name": "lora", "rank": 4},
    ],
    "settings": [
        {"learning_rate": 1e-3, "warmup_steps": 1, "max_steps": 3, "batch_size": 4},
        {"learning_rate": 2e-3, "epochs": 1},
    ],
}
RANGES = {"learning_rate": {"loguniform": [1e-4, 1e-2]}, "warmup_steps": {"randint": [0, 9]}}
DRAWN = {
    **OWN,
    "methods": ["vanilla"],
    "settings": {"design": "sobol", "points": 4, "seed": 0, "max_steps": 3, **RANGES},
}
GRID = {
    **OWN,
    "methods": ["vanilla"],
    "settings": {"design": "grid", "learning_rate": [1e-3, 2e-3], "max_steps": {"choice": [3, 4]}},
}
SOUGHT = {
    **OWN,
    "methods": ["vanilla"],
    "settings": [{"learning_rate": 1e-3, "max_steps": 9}],
    "search": {**RANGES, "batch_size": {"choice": [4, 8]}, "trials": 3, "rungs": 2, "reduction": 2},
}
STUDIES = (OWN, DRAWN, GRID, SOUGHT)


def check_study(study: Study) -> None:
    """Check that the study survives JSON and back, and is small enough to run."""
    again = Study.from_json(json.loads(json.dumps(study.to_json())))
    assert again == study
    assert again.to_json() == study.to_json()
    assert sum(1 for _, _ in zip(study.runs(), range(100_001), strict=False)) <= 100_000
    for arm in study.arms:
        for setting in arm.settings:
            assert math.isfinite(setting.learning_rate)
            assert setting.steps(1000) >= 1
