"""The variance that seeds cause, split into initial weights, order of the data and the rest (Dodge et al., 2020).

The model of ``variance`` applies within each setting. A score is a mean plus the effects of its init seed, its data
seed and their interaction, and the rest. Runs with the same two seeds are replicates: they differ in dropout and in all
other chance.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.statistics.decomposition.mixed_model import decompose
from analysis.statistics.decomposition.variance import INTERACTION, NOISE, SEED, SETTING, Components

INIT, DATA, BOTH, REST = "init seed", "data seed", "init × data", "rest"
NAMES = {SETTING: INIT, SEED: DATA, INTERACTION: BOTH, NOISE: REST}

WORDS = {
    "setting, seed and noise": "init seed, data seed and rest",
    "share a setting or a seed": "share one of them",
    "settings, seeds and pairs of them": "init seeds, data seeds and pairs of them",
}
"""Words of the components' reasons, with the words of this split."""


def seed_components(frame: pd.DataFrame) -> dict[str, Components]:
    """The components of each language's scores within a setting; over several settings, the mean of their components.

    ``settings`` and ``seeds`` of the result are the first setting's numbers of init and data seeds. Means have no
    intervals. If a setting has no components, or other components than the first setting, the result has a reason
    instead.

    Args:
        frame: one row per run × language, with the columns language, setting, init_seed, data_seed and score.
    """
    within: dict[str, list[Components]] = {}
    for _, rows in frame.groupby("setting", sort=False):
        crossed = pd.DataFrame(
            {
                "language": rows["language"],
                "setting": rows["init_seed"],
                "seed": rows["data_seed"],
                "score": rows["score"],
            }
        )
        for language, found in decompose(crossed).items():
            within.setdefault(language, []).append(_renamed(found))
    return {language: _mean(found) for language, found in within.items()}


def _renamed(found: Components) -> Components:
    names = tuple(" + ".join(NAMES[part] for part in name.split(" + ")) for name in found.names)
    return replace(found, names=names, reason=_words(found.reason))


def _words(reason: str) -> str:
    """A reason in the words of this split."""
    for words, here in WORDS.items():
        reason = reason.replace(words, here)
    return reason


def _mean(found: list[Components]) -> Components:
    """The mean of several settings' components."""
    first = found[0]
    if len(found) == 1:
        return first
    reason = next((one.reason for one in found if one.reason), "")
    if not reason and len({one.names for one in found}) > 1:
        reason = "the settings have different pairs of seeds"
    none = np.empty((0, 1))
    if reason:
        empty = np.empty((0, 0))
        return replace(
            first, names=(), variance=empty, low=empty, high=empty, share_low=none, share_high=none, reason=reason
        )
    return replace(
        first,
        variance=np.mean([one.variance for one in found], axis=0),
        low=none,
        high=none,
        share_low=none,
        share_high=none,
        runs=sum(one.runs for one in found),
    )
