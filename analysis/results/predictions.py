"""Counts of every run's stored predictions: the raw material of a bootstrap over test examples."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from analysis.results.frame import FINISHED, PAIR, Results
from analysis.results.prediction_counts import Counts, counts, metric_of
from analysis.statistics.multi_bootstrap import Metric

MAX_TRIALS = 400
"""Largest number of runs in a comparison, both methods together, for which predictions are read."""


class Predicted(Protocol):
    """A store, or the predictions of several stores."""

    def predictions(self, trial: str) -> pa.Table:
        """As ``Store.predictions``; raises ``KeyError`` if there are none."""
        ...


@dataclass
class Predictions:
    """Counts of trials by language, each read once."""

    store: Predicted
    results: Results
    _read: dict[str, dict[str, Counts] | None] = field(default_factory=dict)

    @property
    def metric(self) -> Metric | None:
        """The metric as a ratio of counts; ``None`` if ``metric_of`` gives ``None``."""
        return metric_of(task) if (task := self.results.about.scored_task) else None

    def of(self, method: str, runs: pd.Index, languages: Sequence[str]) -> dict[str, NDArray[np.int32]] | None:
        """The counts of a method's runs by language, runs × examples × statistics.

        ``runs`` is an index of ``PAIR``. The result is ``None`` if predictions of any run are missing, or if the runs
        have different numbers of examples.
        """
        trials = self.results.trials
        mine = trials[(trials["method"] == method) & (trials["status"] == FINISHED)].set_index(PAIR)
        found: dict[str, list[Counts]] = {language: [] for language in languages}
        for run in runs:
            here = mine.loc[[run]]
            for language in languages:
                counted = [
                    self._trial(trial)
                    for trial, of in zip(here["trial"], here["targets"], strict=True)
                    if language in of
                ]
                if not counted or counted[0] is None or language not in counted[0]:
                    return None
                found[language].append(counted[0][language])
        if any(len({len(part) for part in parts}) != 1 for parts in found.values()):
            return None
        return {language: np.stack(parts) for language, parts in found.items()}

    def _trial(self, trial: str) -> dict[str, Counts] | None:
        if trial not in self._read:
            try:
                self._read[trial] = counts(self.results.about.scored_task, self.store.predictions(trial))
            except (KeyError, OSError, ValueError):  # missing or torn predictions
                self._read[trial] = None
        return self._read[trial]
