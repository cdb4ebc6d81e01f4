"""Fréchet distances between the Fisher diagonals of languages (square root of Eq. 3)."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from harness.common.errors import UserError, reason

BLOCK = 2**23
"""Largest number of values in memory at a time, over all languages: 64 MiB as float64, half of that as read.

A block has at least one row of a tensor for each language.
"""


def distances(files: Mapping[str, Path]) -> pd.DataFrame:
    """The distance d = √(½ tr(F̂₁ + F̂₂ − 2(F̂₁F̂₂)^½)) between every two languages, with F̂ = F / tr F.

    The result is language × language, symmetric, in [0, 1]. As F̂ is diagonal with trace 1, d² = 1 − Σ√(f̂₁f̂₂). Let S
    be the matrix of √f with one row per language. SSᵀ has the traces on its diagonal, so one pass over the files in
    blocks of columns gives every d. Rounding leaves d² exact to about 1e-13, hence a d near 0 only to about 3e-7.

    Args:
        files: each language's Fisher diagonal F: a safetensors file of float32 tensors ≥ 0, by parameter name.

    Raises:
        UserError: a file cannot be read, a tensor is not float32, files are of different encoders, or values are
            negative, not finite or all zero.
    """
    languages = list(files)
    gram = np.zeros((len(languages), len(languages)))
    with ExitStack() as stack:
        opened = [stack.enter_context(_open(file)) for file in files.values()]
        layouts = [_layout(file, tensors) for file, tensors in zip(files.values(), opened, strict=True)]
        for file, layout in zip(files.values(), layouts, strict=True):
            _check_same(layouts[0], layout, next(iter(files.values())), file)
        for name, shape in layouts[0].items() if layouts else ():
            for start, stop in _blocks(shape, len(languages)):
                block = np.stack([_rows(tensors, name, start, stop) for tensors in opened], dtype=np.float64)
                _check_values(block, name, list(files.values()))
                np.sqrt(block, out=block)
                gram += block @ block.T
    roots = np.sqrt(np.diag(gram))
    for file, root in zip(files.values(), roots, strict=True):
        if root == 0:
            raise UserError(f"fisher: {str(file)!r} is zero everywhere, so it says nothing about its language")
    squared = 1 - (gram + gram.T) / 2 / np.outer(roots, roots)
    np.fill_diagonal(squared, 0)
    return pd.DataFrame(np.sqrt(np.clip(squared, 0, 1)), index=languages, columns=languages)


def _open(file: Path) -> Any:
    try:
        return safe_open(file, framework="numpy")
    except (OSError, SafetensorError) as error:  # the header states the file's length: a truncated file does not open
        raise UserError(f"fisher: {str(file)!r} cannot be read: {reason(error)}") from None


def _layout(file: Path, tensors: Any) -> dict[str, tuple[int, ...]]:
    """Shapes by tensor name."""
    slices = {name: tensors.get_slice(name) for name in sorted(tensors.keys())}
    for name, tensor in slices.items():
        if tensor.get_dtype() != "F32":
            raise UserError(f"fisher: {str(file)!r} has {name!r} as {tensor.get_dtype()}; give float32 (F32)")
    return {name: tuple(tensor.get_shape()) for name, tensor in slices.items()}


def _check_same(
    first: dict[str, tuple[int, ...]], other: dict[str, tuple[int, ...]], first_file: Path, file: Path
) -> None:
    """Refuse a file whose tensors differ from the first file's, and name a tensor that differs."""
    for name in sorted(first.keys() | other.keys()):
        if first.get(name) != other.get(name):
            has, wanted = (f"of shape {layout[name]}" if name in layout else "missing" for layout in (other, first))
            raise UserError(
                f"fisher: {str(file)!r} is of another encoder than {str(first_file)!r}: {name!r} is {has}, there "
                f"{wanted}"
            )


def _blocks(shape: tuple[int, ...], languages: int) -> Iterator[tuple[int, int]]:
    """First row and end row of each block of a tensor, so that all languages together fit ``BLOCK``."""
    rows, row = (shape[0], prod(shape[1:])) if shape else (1, 1)
    step = max(1, BLOCK // max(1, languages * row))
    for start in range(0, rows, step):
        yield start, min(start + step, rows)


def _rows(tensors: Any, name: str, start: int, stop: int) -> NDArray[np.float32]:
    """Rows of a tensor as a flat array; a scalar is one row."""
    part = tensors.get_slice(name)
    found: NDArray[np.float32] = part[start:stop] if part.get_shape() else tensors.get_tensor(name)
    return found.reshape(-1)


def _check_values(block: NDArray[np.float64], name: str, files: list[Path]) -> None:
    if not block.size:
        return
    low, high = block.min(axis=1), block.max(axis=1)  # both are NaN if any value is
    for file, good in zip(files, (low >= 0) & (high < np.inf), strict=True):
        if not good:
            raise UserError(
                f"fisher: {str(file)!r} has values in {name!r} that are negative or not finite: it is no Fisher "
                "diagonal"
            )
