"""Arguments of the public Python functions: a wrong type is refused by name, before anything runs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import analysis
import harness
from harness.common.errors import UserError
from harness.common.users.arguments import checked


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"store": 3}, "store: 3 is not allowed; give text or a path"),
        ({"store": None}, "store: None is not allowed; give text or a path"),
        ({"seeds": 0}, "seeds: 0 is not allowed; give a list"),
        ({"seeds": "01"}, "seeds: '01' is not allowed; give a list"),
        ({"seeds": [True]}, "seeds: True is not allowed; give a whole number"),
        ({"targets": "de"}, "targets: 'de' is not allowed; give a list"),
        ({"targets": [3]}, "targets: 3 is not allowed; give text"),
        ({"cpus": "two"}, "cpus: 'two' is not allowed; give a whole number"),
        ({"ray_address": 3}, "ray_address: 3 is not allowed; give text"),
        ({"local": "no"}, "local: 'no' is not allowed; give true or false"),
        ({"encoder": None}, "encoder: None is not allowed; give text"),
    ],
)
def test_run_refuses_wrong_types(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        harness.run("quickstart", **{"store": tmp_path / "runs", **given})
    assert str(caught.value) == said
    assert not list(tmp_path.iterdir())


def test_other_functions_refuse_wrong_types(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="study: 3 is not allowed; give a Study or text or a path"):
        harness.trainable(3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="store: 3 is not allowed"):
        analysis.load(3, "quickstart")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="study: 3 is not allowed"):
        analysis.load(tmp_path, 3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="path: 3 is not allowed"):
        analysis.read(3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="results: 3 is not allowed; give a Loaded"):
        analysis.std_ratio(3, "l2")  # type: ignore[arg-type]


def test_arguments_have_their_declared_types() -> None:
    @checked
    def given(
        place: str | os.PathLike[str], numbers: Sequence[int] | None = None, *, share: float = 0, **rest: Any
    ) -> Any:
        return place, numbers, share, rest

    assert given(Path("a"), range(2), share=1, other=[3]) == (Path("a"), (0, 1), 1.0, {"other": [3]})
    assert isinstance(given("a", share=1)[2], float)
    with pytest.raises(TypeError, match="missing a required argument: 'place'"):
        given()  # type: ignore[call-arg]
