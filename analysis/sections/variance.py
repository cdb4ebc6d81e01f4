"""Components of a method's variance: setting, seed, their interaction, and noise.

Further tables split the parts of the seed and the setting.
"""

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.rendering.cells import MISSING_CELL, Cell, Percent
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import WIDTH
from analysis.rendering.table import Table
from analysis.results.frame import PAIR
from analysis.results.view import View
from analysis.results.wording import counted, named
from analysis.sections import variance_hyperparameters, variance_seeds
from analysis.statistics.decomposition.mixed_model import decompose
from analysis.statistics.decomposition.variance import Components

PANELS = 4
"""Largest number of methods in the figure."""
FITTED = 120
"""Largest number of a method's complete runs for which an incomplete grid is fitted by a mixed model.

With more runs, only the settings that are complete over all seeds are decomposed.
"""
FITTED_LANGUAGES = 12
"""Largest number of target languages that are each fitted by a mixed model.

With more, incomplete grids are fitted only for the source and the zero-shot score, because a fit takes 30 ms.
"""
WHOLE = "zero-shot score"


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has two complete runs."""
    found: dict[str, dict[str, Components]] = {}
    notes: dict[str, None] = {}
    seeds: list[Table | None] = []
    for method in view.results.methods:
        frame, left_out = _frame(view, method)
        if frame.empty or len(frame[PAIR].drop_duplicates()) < 2:
            continue
        many = len(view.results.about.targets) > FITTED_LANGUAGES
        found[method] = decompose(frame, (view.results.source, WHOLE) if many else None)
        unfitted = frame["language"].nunique() - len(found[method])
        if unfitted:
            left_out = "; ".join(
                filter(None, [left_out, f"left out: {counted(unfitted, 'language')} without a full grid"])
            )
        seeds.append(variance_seeds.split(view, method, frame, WHOLE))
        if left_out:
            notes[f"{method}: {left_out}"] = None
    if not found:
        return None
    parts: list[str | Table | Picture] = [table(view, method, by, notes) for method, by in found.items()]
    drawable = {method: by for method, by in found.items() if any(len(part.names) > 1 for part in by.values())}
    if drawable:
        shown = dict(list(drawable.items())[:PANELS])
        draw = partial(figure, view, shown)
        lacking = [method for method in found if method not in shown]
        rest = f" Only in the tables: {named(lacking, f'{len(lacking)} methods')}." if lacking else ""
        caption = (
            "Shares of each score's variance over a method's runs. Setting: the hyperparameters' effect, on average "
            "over seeds. Seed: the seed's effect, on average over settings. Setting × seed: a seed's effect that "
            "differs between settings. Noise: the difference between runs of the same setting and seed. Intervals are "
            "in the tables."
            f"{rest}"
        )
        alt = f"Stacked bars of variance shares by language, one panel per method: {', '.join(shown)}.{rest}"
        parts.insert(0, Picture("variance", draw, caption, alt))
    parts += filter(None, [*seeds, variance_hyperparameters.split(view)])
    return Section("variance", "Where the variance comes from", parts)


def _frame(view: View, method: str) -> tuple[pd.DataFrame, str]:
    """Scores of complete runs, and a note on omitted settings.

    The frame has one row per run × language, with setting, seed, replicate, language and score.
    """
    results = view.results
    scores = results.of(method)
    complete = results.runs[(results.runs["method"] == method) & results.runs["complete"]].set_index(PAIR)
    scores = scores.loc[scores.index.isin(complete.index)]
    left_out = ""
    cells = complete.groupby(["setting", "seed"]).size().unstack("seed")
    if len(complete) > FITTED and cells.isna().any(axis=None):
        full = cells.index[cells.notna().all(axis=1)]
        left_out = f"left out: settings without runs for some seeds ({len(cells) - len(full)} of {len(cells)})"
        scores = scores.loc[scores.index.get_level_values("setting").isin(full)]
    wide = scores.assign(**{WHOLE: complete["zero_shot"].reindex(scores.index)})
    long = wide.reset_index().melt(id_vars=PAIR, var_name="language", value_name="score").dropna(subset="score")
    return long, left_out


def table(view: View, method: str, found: Mapping[str, Components], notes: Mapping[str, None]) -> Table:
    """Shares of the variance components for the source, the zero-shot score and every target language."""
    order = [view.results.source, WHOLE, *view.results.about.targets]
    names = list(dict.fromkeys(name for part in found.values() for name in part.names))
    rows: list[list[str | Cell]] = []
    said = dict.fromkeys(note.removeprefix(f"{method}: ") for note in notes if note.startswith(f"{method}: "))
    for language in (code for code in order if code in found):
        part = found[language]
        shares = _shares(part)
        total = math.sqrt(max(0.0, float(np.maximum(part.variance, 0).sum()))) if part.names else math.nan
        cells: list[str | Cell] = [shares.get(name, MISSING_CELL) for name in names]
        rows.append([language, MISSING_CELL if math.isnan(total) else f"{total:{view.results.form}}", *cells])
        said |= {part.note: None} if part.note else {}
    lacking: dict[str, list[str]] = {}
    for language in (code for code in order if code in found and found[code].reason):
        lacking.setdefault(found[language].reason, []).append(language)
    said |= {f"none for {', '.join(languages)}: {reason}": None for reason, languages in lacking.items()}
    shown = _ways({code: found[code] for code in order if code in found and found[code].names})
    shown += [f"{note[0].upper()}{note[1:]}." for note in said]
    name = "variance-" + "".join(letter if letter.isalnum() else "-" for letter in method).strip("-")
    return Table(name, f"Variance components of {method}", ["language", "std", *names], rows, shown)


def _shares(part: Components) -> dict[str, Percent]:
    """The shares of one language by component, with intervals if there are any."""
    if not part.names:
        return {}
    ends = (part.share_low, part.share_high)
    low, high = (100 * side[:, 0] if len(side) else np.full(len(part.names), math.nan) for side in ends)
    return {
        name: Percent(100 * float(part.shares[i, 0]), float(low[i]), float(high[i]))
        for i, name in enumerate(part.names)
    }


def _ways(found: Mapping[str, Components]) -> list[str]:
    """Notes on the estimators of the components and their limits."""
    fitted = [code for code, part in found.items() if part.way == "reml"]
    if not found:
        return []
    if not fitted:
        way = "ANOVA"
    elif len(fitted) == len(found):
        way = "a mixed model (REML), because the grid of settings and seeds is not full"
    else:
        which = named(fitted, f"{len(fitted)} of {len(found)} rows")
        way = f"ANOVA; for {which} by a mixed model (REML), because there the grid of settings and seeds is not full"
    told = [f"Components by {way}. The std is the root of their sum."]
    if any((part.variance < 0).any() for part in found.values()):
        told.append("Negative estimates of the ANOVA count as 0 %.")
    if any(np.isfinite(part.share_low).any() for part in found.values()):
        without = "; REML has none" if fitted else ""
        told.append(
            f"In brackets: generalised 95 % intervals of the shares (Weerahandi, 1993), for normal effects{without}."
        )
    return told


def figure(view: View, found: Mapping[str, Mapping[str, Components]]) -> Figure:
    """Stacked bars, one row per score, one panel per method."""
    order = [view.results.source, WHOLE, *view.results.about.targets]
    codes = [code for code in order if any(code in by and by[code].names for by in found.values())]
    names = list(dict.fromkeys(name for by in found.values() for part in by.values() for name in part.names))
    panels = list(found)
    size = 9.0 if len(codes) <= 30 else 7.6
    made = Figure(figsize=(WIDTH if len(panels) > 1 else 7.0, min(8.9, 1.4 + 0.2 * len(codes))))
    palette = dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))
    for axes, method in zip(made.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True):
        left = np.zeros(len(codes))
        for name in names:
            shares = np.array([_share(found[method].get(code), name) for code in codes])
            axes.barh(range(len(codes)), shares, left=left, color=palette[name], label=name, height=0.8)
            left += shares
        axes.set(xlim=(0, 100), xlabel="variance (%)", ylim=(len(codes) - 0.5, -0.5), yticks=range(len(codes)))
        axes.set_yticklabels(codes, fontsize=size)
        axes.set_title(method, fontsize=9, loc="left")
        axes.grid(visible=False)
    handles, labels = made.axes[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return made


def _share(part: Components | None, name: str) -> float:
    return 100 * float(part.shares[part.names.index(name)][0]) if part is not None and name in part.names else 0.0
