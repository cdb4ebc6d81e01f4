"""The seeds' part of a method's variance, split into initial weights and order of the data; part of ``variance``."""

import math

import numpy as np
import pandas as pd

from analysis.rendering.cells import MISSING_CELL, Cell, Percent
from analysis.rendering.table import Table
from analysis.results.frame import PAIR, RUN
from analysis.results.view import View
from analysis.statistics.decomposition.seeds import BOTH, REST, seed_components
from analysis.statistics.decomposition.variance import Components
from harness.setting import SEEDS


def split(view: View, method: str, scores: pd.DataFrame, whole: str) -> Table | None:
    """Shares of the init seed and the data seed; ``None`` if neither differs between the method's runs.

    ``scores`` has one row per run × language, with ``PAIR``, language and score; ``whole`` is the zero-shot score's
    name in the column ``language``.
    """
    trials = view.results.trials
    if SEEDS[0] not in trials:
        return None
    seeds = trials.loc[trials["method"] == method, [*RUN, *SEEDS]].drop_duplicates(RUN)
    frame = scores.merge(seeds[[*PAIR, *SEEDS]], on=PAIR)
    if all(frame[name].nunique() < 2 for name in SEEDS):
        return None
    found = seed_components(frame)
    order = [code for code in (view.results.source, whole, *view.results.about.targets) if code in found]
    names = list(dict.fromkeys(name for code in order for name in found[code].names))
    reasons = dict.fromkeys(found[code].reason for code in order if found[code].reason)
    notes = [*_notes(found, frame["setting"].nunique()), *(f"A row is empty if {reason}." for reason in reasons)]
    rows: list[list[str | Cell]] = [[code, *_cells(found[code], names, view.results.form)] for code in order]
    name = "variance-seeds-" + "".join(letter if letter.isalnum() else "-" for letter in method).strip("-")
    return Table(name, f"Init seed and data seed, with {method}", ["language", "std", *names], rows, notes)


def _cells(part: Components, names: list[str], form: str) -> list[str | Cell]:
    """The standard deviation within a setting, and the share of each component."""
    if not part.names:
        return [MISSING_CELL] * (1 + len(names))
    total = math.sqrt(float(np.maximum(part.variance, 0).sum()))
    ends = [100 * side[:, 0] if len(side) else np.full(len(part.names), math.nan) for side in _ends(part)]
    shares = {
        name: Percent(100 * float(part.shares[i, 0]), float(ends[0][i]), float(ends[1][i]))
        for i, name in enumerate(part.names)
    }
    return [f"{total:{form}}", *(shares.get(name, MISSING_CELL) for name in names)]


def _ends(part: Components) -> tuple[np.ndarray, np.ndarray]:
    return part.share_low, part.share_high


def _notes(found: dict[str, Components], settings: int) -> list[str]:
    """Notes on the meaning of the components."""
    within = "within the setting" if settings == 1 else f"within a setting, the mean over {settings} settings"
    notes = [
        f"The variance {within}. Init seed: the initial weights; data seed: the order of the examples; {BOTH}: "
        f"their interaction; {REST}: dropout and all other chance, which the run's seed fixes (after Dodge et al., "
        "2020)."
    ]
    if any(any(BOTH in name and REST in name for name in part.names) for part in found.values()):
        notes.append(f"No pair of init and data seed has two runs, so {REST} cannot be separated from {BOTH}.")
    if any(np.isfinite(part.share_low).any() for part in found.values()):
        notes.append("In brackets: generalised 95 % intervals of the shares (Weerahandi, 1993), for normal effects.")
    return notes
