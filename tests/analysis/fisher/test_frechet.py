"""Fréchet distances against Eq. 3 as it is written."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.linalg import sqrtm

from analysis.fisher import frechet
from analysis.fisher.frechet import distances
from harness.common.errors import UserError
from tests.helpers.examples import examples

Array = NDArray[np.float32]


def save(folder: Path, diagonals: Mapping[str, Mapping[str, Array]]) -> dict[str, Path]:
    files = {language: folder / f"{language}.safetensors" for language in diagonals}
    for language, tensors in diagonals.items():
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, files[language])
    return files


def made(languages: int, seed: int = 0, shape: tuple[int, ...] = (5, 3)) -> dict[str, dict[str, Array]]:
    """Diagonals of three tensors, many of whose values are tiny."""
    random = np.random.default_rng(seed)
    shapes = {"embeddings.weight": shape, "layer.bias": (7,), "scale": ()}
    return {
        f"l{i}": {name: np.asarray(random.gamma(0.2, size=size), np.float32) for name, size in shapes.items()}
        for i in range(languages)
    }


def equation_3(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """d by ½ tr(F̂₁ + F̂₂ − 2(F̂₁F̂₂)^½), with whole matrices."""
    first, second = (
        np.diag(np.concatenate([np.ravel(t).astype(np.float64) for t in f.values()])) for f in (one, other)
    )
    first, second = first / np.trace(first), second / np.trace(second)
    return math.sqrt(max(0.0, np.trace(first + second - 2 * np.real(sqrtm(first @ second))) / 2))


def test_it_is_the_papers_equation(tmp_path: Path) -> None:
    diagonals = made(4)
    found = distances(save(tmp_path, diagonals))
    assert list(found.index) == list(found.columns) == list(diagonals)
    for one in diagonals:
        for other in diagonals:
            assert found.loc[one, other] == (
                0 if one == other else pytest.approx(equation_3(diagonals[one], diagonals[other]), abs=1e-9)
            )


@pytest.mark.parametrize("bound", [1, 40, 100, 1000])
def test_blocks_give_what_the_whole_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: int) -> None:
    files = save(tmp_path, made(4, shape=(50, 6)))
    whole = distances(files)
    monkeypatch.setattr(frechet, "BLOCK", bound)
    steps = [stop - start for start, stop in frechet._blocks((50, 6), 4)]
    assert sum(steps) == 50
    assert max(steps) == max(1, bound // 24)
    np.testing.assert_allclose(distances(files), whole, atol=1e-12)


VALUES = arrays(
    np.float32,
    6,
    elements=st.floats(0, 2.0**20, width=32, allow_subnormal=False).map(lambda x: x if x > 2.0**-60 else 0.0),
)
DIAGONAL = VALUES.filter(lambda values: bool(values.any()))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(DIAGONAL, min_size=3, max_size=5), st.integers(-20, 20))
def test_it_is_a_metric_that_knows_no_scale(diagonals: list[Array], power: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = save(Path(folder), {str(i): {"w": values} for i, values in enumerate(diagonals)})
        scaled = save(Path(folder), {"scaled": {"w": diagonals[0] * np.float32(2.0**power)}})
        table = distances(files | scaled)
    found = table.to_numpy()
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()
    assert table.loc["0", "scaled"] < 1e-6
    np.testing.assert_allclose(table.loc["0"], table.loc["scaled"], atol=1e-6)
    assert (found[:, None, :] <= found[:, :, None] + found[None, :, :] + 1e-6).all()


def test_languages_with_no_parameter_in_common_are_1_apart(tmp_path: Path) -> None:
    one, other = np.array([[1, 0], [0, 3]], np.float32), np.array([[0, 2], [1, 0]], np.float32)
    assert distances(save(tmp_path, {"one": {"w": one}, "other": {"w": other}})).loc["one", "other"] == 1


def test_one_language_and_none(tmp_path: Path) -> None:
    assert distances(save(tmp_path, made(1))).to_numpy().tolist() == [[0.0]]
    assert distances({}).empty


def test_files_that_are_no_diagonals_of_one_encoder(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    good = save(tmp_path / "good", made(2))

    def refused(message: str, **changed: Array) -> None:
        tensors = {name: value for name, value in {**made(1)["l0"], **changed}.items() if value.size}
        with pytest.raises(UserError, match=rf"^fisher: .*other\.safetensors' {message}"):
            distances(good | save(tmp_path, {"other": tensors}))

    bias = np.ones(7, np.float32)
    for value, at in ((-1e-9, 0), (np.nan, 3), (np.inf, 6)):
        wrong = bias.copy()
        wrong[at] = value
        refused(r"has values in 'layer\.bias' that are negative or not finite", **{"layer.bias": wrong})
    refused(r"is of another encoder than .*l0\.safetensors': 'more' is of shape \(7,\), there missing", more=bias)
    refused(
        r"is of another encoder than .*: 'layer\.bias' is of shape \(8,\), there of shape \(7,\)",
        **{"layer.bias": np.ones(8, "f4")},
    )
    refused(r"is of another encoder than .*: 'layer\.bias' is missing", **{"layer.bias": np.ones(0, np.float32)})
    refused(r"has 'layer\.bias' as F64; give float32", **{"layer.bias": np.ones(7)})  # type: ignore[arg-type]
    zero = {name: np.zeros_like(value) for name, value in made(1)["l0"].items()}
    refused("is zero everywhere", **zero)

    torn = tmp_path / "torn.safetensors"
    whole = good["l0"].read_bytes()
    for content in (b"", whole[:20], whole[:-1], b"\xff" * 100):
        torn.write_bytes(content)
        with pytest.raises(UserError, match=r"^fisher: .*torn\.safetensors' cannot be read"):
            distances(good | {"torn": torn})
    for missing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UserError, match=r"^fisher: .* cannot be read"):
            distances(good | {"missing": missing})
