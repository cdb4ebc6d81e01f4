"""Variance components on incomplete grids: restricted maximum likelihood (REML) by statsmodels' mixed model."""

import warnings
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.decomposition.variance import (
    INTERACTION,
    NOISE,
    SEED,
    SETTING,
    Components,
    components,
    grid,
    no_components,
)

MAX_RUNS, MAX_LEVELS = 400, 250
"""Largest numbers of runs and of levels for a fit. Levels are settings, seeds and (with reruns) pairs of both.

The time of a fit grows with the cube of the levels. At the bounds it is about two seconds a language.
"""
OPTIMISERS = ("lbfgs", "nm")
"""The first two optimisers. The fit with the higher likelihood counts.

The first uses gradients and may stop short if a component is 0; the second is a simplex search.
"""
PATIENT, PATIENCE = ("nm", "powell"), {"maxiter": 5_000, "xtol": 1e-8, "ftol": 1e-10}
"""Optimisers tried in turn if neither of the first two converges to the best fit: gradient-free, with more steps."""
EQUAL = 1e-6
"""Difference of log likelihoods below which two fits count as equal."""
Fit = tuple[float, bool, NDArray[np.float64]]
"""The log likelihood, whether the fit converged, and the components. The residual's component is the last."""
NO_INTERVALS = np.empty((0, 1))
CONSTANT = 1e-12
"""Spread, relative to the largest score, below which scores count as equal up to rounding."""


def decompose(frame: pd.DataFrame, fitted: Collection[str] | None = None) -> dict[str, Components]:
    """The variance components of each language's scores, by ANOVA if its grid is full, else by ``reml``.

    ``frame`` is as for ``variance.grid``, with the runs of one method. A language's grid consists of the settings and
    seeds that occur in it. ``fitted`` names the languages that ``reml`` may fit; ``None`` means all. Other languages on
    incomplete grids are left out. Raises ``ValueError`` as ``variance.grid``.
    """
    scores, languages = grid(frame)
    found: dict[str, Components] = {}
    alike: dict[bytes, list[int]] = {}
    for i, pattern in enumerate(np.isfinite(scores)):
        alike.setdefault(pattern.tobytes(), []).append(i)
    for rows in alike.values():
        there = np.isfinite(scores[rows[0]])
        together = components(scores[rows][:, there.any(axis=(1, 2))][:, :, there.any(axis=(0, 2))])
        for k, i in enumerate(rows):
            if not together.reason:
                found[languages[i]] = _of(together, k)
            elif fitted is None or languages[i] in fitted:
                found[languages[i]] = reml(*_runs(scores[i]))
    return {language: found[language] for language in languages if language in found}


def _runs(scores: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Setting, seed and score of each run of one language, from settings × seeds × replicates."""
    setting, seed, replicate = np.nonzero(np.isfinite(scores))
    return setting, seed, scores[setting, seed, replicate]


def _of(found: Components, language: int) -> Components:
    at = slice(language, language + 1)
    return replace(
        found, **{name: getattr(found, name)[:, at] for name in ("variance", "low", "high", "share_low", "share_high")}
    )


def reml(setting: ArrayLike, seed: ArrayLike, score: ArrayLike) -> Components:
    """The components of one language's scores (runs,), given the setting and the seed of each run, (runs,) each.

    They are crossed variance components in one group of all runs (Searle, Casella & McCulloch, 1992, Chapter 6).
    Without reruns of a setting and seed, interaction and noise are one component. On full grids with equally many runs
    in each cell, the components equal ANOVA's unless a component of the ANOVA is negative. The result has a reason
    instead if there are too many runs or levels, or if the runs do not determine the components. A fit that does not
    converge gives a reason too.
    """
    factors = [np.unique(np.asarray(codes), return_inverse=True)[1] for codes in (setting, seed)]
    scores = np.asarray(score, np.float64)
    settings, seeds = (len(np.unique(codes)) for codes in factors)
    runs, cells = len(scores), np.unique(factors[0] * max(1, seeds) + factors[1], return_inverse=True)[1]
    names: tuple[str, ...] = (SETTING, SEED)
    rerun = len(np.unique(cells)) < runs
    if rerun:
        names, factors = (*names, INTERACTION), [*factors, cells]
    if runs > MAX_RUNS:
        return no_components(
            settings, seeds, runs, "reml", f"there are more than {MAX_RUNS} runs on a grid that is not full"
        )
    if sum(len(np.unique(codes)) for codes in factors) > MAX_LEVELS:
        why = f"there are more than {MAX_LEVELS} settings, seeds and pairs of them on a grid that is not full"
        return no_components(settings, seeds, runs, "reml", why)
    designs = [np.eye(codes.max() + 1)[codes] for codes in factors] if runs else []
    if not designs or not _determined([*designs, np.eye(runs)]):
        why = "the runs do not separate setting, seed and noise: too few share a setting or a seed"
        return no_components(settings, seeds, runs, "reml", why)
    names = (*names, NOISE) if rerun else (*names, f"{INTERACTION} + {NOISE}")
    spread = scores.std(ddof=0)
    if spread <= CONSTANT * np.abs(scores).max():
        return Components(names, np.zeros((len(names), 1)), NO_INTERVALS, NO_INTERVALS, settings, seeds, runs, "reml")
    variances, reason = _fit((scores - scores.mean()) / spread, designs)
    if reason:
        return no_components(settings, seeds, runs, "reml", reason)
    return Components(names, spread**2 * variances[:, None], NO_INTERVALS, NO_INTERVALS, settings, seeds, runs, "reml")


def _determined(designs: list[NDArray[np.float64]]) -> bool:
    """Whether the runs determine the components, given their designs (runs × levels).

    There must be more runs than components, and second moments that separate the components.
    """
    if len(designs[0]) <= len(designs):
        return False
    centred = [design - design.mean(axis=0) for design in designs]
    moments = np.array([[np.square(one.T @ other).sum() for other in centred] for one in centred])
    norms = np.sqrt(np.maximum(np.diag(moments), np.finfo(float).tiny))
    return int(np.linalg.matrix_rank(moments / np.outer(norms, norms), tol=1e-8)) == len(designs)


def _fit(scores: NDArray[np.float64], designs: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], str]:
    """The components, or the reason why there are none. The residual's component is the last."""
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    levels = [[[str(level) for level in range(design.shape[1])]] for design in designs]
    effects = VCSpec([str(i) for i in range(len(designs))], levels, [[design] for design in designs])
    model = MixedLM(scores, np.ones((len(scores), 1)), np.zeros(len(scores)), exog_vc=effects)
    fits: list[Fit] = []
    failures: dict[str, None] = {}

    def fit(optimiser: str, **options: float) -> None:
        with warnings.catch_warnings():
            # Warnings concern convergence, which is checked below, and components at 0, which are allowed.
            warnings.simplefilter("ignore")
            try:
                made = model.fit(reml=True, method=[optimiser], **options)
            except (np.linalg.LinAlgError, ValueError) as error:
                failures[f"{type(error).__name__}: {error}"] = None
                return
        found = np.append(made.vcomp, made.scale)
        if np.isfinite(found).all() and np.isfinite(made.llf):
            fits.append((float(made.llf), bool(made.converged), found))

    for optimiser in OPTIMISERS:
        fit(optimiser)
    for optimiser in PATIENT:
        if _best(fits)[1]:
            break
        fit(optimiser, **PATIENCE)
    if not fits:
        return np.empty(0), f"the mixed model has no fit ({'; '.join(failures) or 'it is not finite'})"
    _, converged, variances = _best(fits)
    return variances, "" if converged else "the mixed model's fit did not converge"


def _best(fits: list[Fit]) -> Fit:
    """The fit with the highest likelihood. Among equal fits a converged fit is preferred, as proof that no better
    fit is near."""
    best = max((likelihood for likelihood, _, _ in fits), default=-np.inf)
    ended = [fit for fit in fits if fit[0] >= best - EQUAL]
    return max(ended, key=lambda fit: fit[1], default=(best, False, np.empty(0)))
