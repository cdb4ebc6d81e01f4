"""The settings' part of a method's variance, split by hyperparameter; part of ``variance``."""

from collections.abc import Mapping

from analysis.rendering.cells import MISSING_CELL, Cell, Percent
from analysis.rendering.table import Table
from analysis.results.frame import PAIR
from analysis.results.view import View
from analysis.results.wording import named
from analysis.statistics.decomposition.importance import Importances, importances

NO_SEED = "no seed has a complete run at every setting, so the settings' means would differ by seeds too"


def split(view: View) -> Table | str | None:
    """Share of each hyperparameter in the setting's part, one column per method and score; or the reason for no table.

    Only seeds that occur at all of a method's settings are used. Otherwise the means of settings would also differ by
    seeds. ``None`` if no hyperparameter varies, or no method has two settings with a complete run.
    """
    if len(view.results.varied.columns) == 0:
        return None
    made, of_seeds = _importances(view)
    if not made:
        return None
    lacking: dict[str, list[str]] = {}
    for name, one in made.items():
        if one.reason:
            lacking.setdefault(one.reason, []).append(name)
    reasons = [
        f"No shares for {named(names, f'{len(names)} columns', separator='; ')}: {why}."
        for why, names in lacking.items()
    ]
    found = {name: one for name, one in made.items() if one.shares}
    if not found:
        why = f": {next(iter(lacking))}." if len(lacking) == 1 else f". {' '.join(reasons)}"
        return f"The settings' part cannot be split by hyperparameter{why}"
    rows: list[list[str | Cell]] = [
        [
            " × ".join(name.replace("_", " ") for name in term),
            *(Percent(100 * one.shares[term]) if term in one.shares else MISSING_CELL for one in found.values()),
        ]
        for term in dict.fromkeys(term for one in found.values() for term in one.shares)
    ]
    notes = [*_on_importances(found), *of_seeds, *reasons]
    return Table("hyperparameters", "The settings' part by hyperparameter", ["hyperparameter", *found], rows, notes)


def _importances(view: View) -> tuple[dict[str, Importances], list[str]]:
    """Importances by method and score, and notes on methods with omitted seeds."""
    results = view.results
    found: dict[str, Importances] = {}
    of_seeds: list[str] = []
    for method in results.methods:
        runs = results.runs[(results.runs["method"] == method) & results.runs["complete"]]
        if runs["setting"].nunique() < 2:
            continue
        cells = runs.set_index(PAIR)[["source", "zero_shot"]].unstack(PAIR[1:])
        shared = cells["source"].columns[cells["source"].notna().all()]
        count, every = len(shared), cells["source"].shape[1]
        if 0 < count < every:
            what = "seeds" if runs["replicate"].nunique() == 1 else "pairs of seed and replicate"
            of_seeds.append(f"{method}: over the {count} of {every} {what} that all of its settings have.")
        for column, name in (("source", results.source), ("zero_shot", "zero-shot")):
            means = cells[column][shared].mean(axis=1)
            values = results.varied.loc[[setting for setting in results.varied.index if setting in means.index]]
            found[f"{method}, {name}"] = (
                importances(values, means) if count else Importances({}, "", len(means), reason=NO_SEED)
            )
    return found, of_seeds


def _on_importances(found: Mapping[str, Importances]) -> list[str]:
    """Notes on the meaning and the estimator of the shares, and on hyperparameters that change together."""
    exact = {one.way for one in found.values()} == {"anova"}
    way = "exact (ANOVA of a full grid)" if exact else "by fANOVA (optuna's) if the settings are no full grid"
    aliased = dict.fromkeys(group for one in found.values() for group in one.aliased)
    return [
        f"Shares of the variance of the settings' mean scores, {way}. The means still contain some variance of seeds "
        "and noise. This variance counts mostly as interaction.",
        *(
            f"{', '.join(name.replace('_', ' ') for name in group)} change together, so their effects cannot be "
            "separated."
            for group in aliased
        ),
    ]
