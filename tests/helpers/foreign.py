"""Helpers that make known scores of other programs' runs, and check the results read from these programs' files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.results.frame import Results
from analysis.results.importers.reading import read

LANGUAGES = ("en", "de", "fr")


@dataclass(frozen=True)
class Run:
    """A run and its scores from 0 to 1, by language."""

    method: str
    seed: int
    learning_rate: float
    scores: dict[str, float]

    @property
    def name(self) -> str:
        return f"{self.method}-lr{self.learning_rate}-s{self.seed}"


def runs() -> Iterator[Run]:
    """Two methods at two learning rates with two seeds."""
    for m, method in enumerate(("vanilla", "l2")):
        for learning_rate in (1e-05, 3e-05):
            for seed in (1, 2):
                scores = {
                    language: round(0.9 - 0.1 * i - 0.01 * seed + 0.02 * m + 1000 * learning_rate, 4)
                    for i, language in enumerate(LANGUAGES)
                }
                yield Run(method, seed, learning_rate, scores)


def found(results: Results, split: str = "test") -> dict[tuple[Any, ...], float]:
    """Scores in points by method, learning rate, seed and language."""
    rates = results.settings["learning_rate"]
    scores = results.scores[results.scores["split"] == split]
    rows = zip(*(scores[n] for n in ("method", "setting", "seed", "language", "score")), strict=True)
    return {(method, rates[setting], seed, language): score for method, setting, seed, language, score in rows}


def expected() -> dict[tuple[Any, ...], float]:
    """The result of ``found`` for ``runs``."""
    return {
        (run.method, run.learning_rate, run.seed, language): round(100 * score, 6)
        for run in runs()
        for language, score in run.scores.items()
    }


def check(path: Path, *maps: str) -> Results:
    """Read the results from files of ``runs``, check them against ``expected``, and return them."""
    results = read(path, maps)
    assert {key: round(score, 6) for key, score in found(results).items()} == expected()
    assert len(results.trials) == len(list(runs()))
    return results
