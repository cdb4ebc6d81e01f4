"""Options that are refused, and pulls with a warning."""

import re
from dataclasses import replace
from typing import Any

import pytest

from harness.common.errors import UserError
from harness.methods import L2, DecoupledL2, Ewc, Vanilla, method_from
from tests.helpers.studies import SHORT

BAD = [
    *(
        ({"name": name, "strength": value}, "strength", repr(value))
        for name in ("l2", "decoupled_l2", "ewc")
        for value in (-1.0, float("nan"), float("inf"))
    ),
    ({"name": "adapter", "size": 0}, "size", "0"),
    ({"name": "adapter", "size": 1.5}, "size", "1.5"),
    ({"name": "soft_prompt", "tokens": 0}, "tokens", "0"),
    ({"name": "lora", "rank": 0}, "rank", "0"),
    ({"name": "lora", "alpha": 0}, "alpha", "0.0"),
    ({"name": "lora", "alpha": float("inf")}, "alpha", "inf"),
    ({"name": "lora", "dropout": 1}, "dropout", "1.0"),
    ({"name": "lora", "dropout": -0.1}, "dropout", "-0.1"),
    ({"name": "lora", "dropout": float("nan")}, "dropout", "nan"),
    ({"name": "lora", "modules": ["query", "query"]}, "modules", "'query'"),
    ({"name": "mixout", "probability": 1}, "probability", "1.0"),
    ({"name": "mixout", "probability": -0.1}, "probability", "-0.1"),
    ({"name": "mixout", "probability": float("nan")}, "probability", "nan"),
    ({"name": "layerwise_decay", "decay": 0}, "decay", "0.0"),
    ({"name": "layerwise_decay", "decay": 1.01}, "decay", "1.01"),
    ({"name": "layerwise_decay", "decay": float("nan")}, "decay", "nan"),
    ({"name": "layer_freeze", "layers": -1}, "layers", "-1"),
    ({"name": "weight_averaging", "steps": 0}, "steps", "0"),
    ({"name": "weight_averaging", "epochs": 0}, "epochs", "0.0"),
    ({"name": "weight_averaging", "epochs": float("inf")}, "epochs", "inf"),
    ({"name": "ewc", "strength": 1, "examples": 0}, "examples", "0"),
]


@pytest.mark.parametrize(
    ("spec", "field", "shown"), BAD, ids=[f"{spec['name']}-{field}-{shown}" for spec, field, shown in BAD]
)
def test_bad_options_are_refused_by_name_and_value(spec: dict[str, Any], field: str, shown: str) -> None:
    for where in (spec, ["bitfit", spec]):
        with pytest.raises(
            UserError, match=rf"^methods: {spec['name']}: {field}: {re.escape(shown)} is not allowed; give "
        ):
            method_from(where)


@pytest.mark.parametrize("kind", [L2, DecoupledL2])
def test_an_overshooting_pull_gives_a_warning(kind: type[L2 | DecoupledL2]) -> None:
    setting = replace(SHORT, learning_rate=0.25)
    assert kind(strength=7.9).warnings(setting) == []
    for strength in (8.0, 100.0):
        [warning] = kind(strength=strength).warnings(setting)
        assert f"{kind.name}(strength={strength:g}) at learning rate 0.25" in warning
        assert f"is {0.25 * strength:g};" in warning
    for other in (Vanilla(), Ewc(strength=1e9)):
        assert other.warnings(setting) == []
