"""The study's scores beside the paper's tables, and checks of the paper's claims."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from analysis.published import TABLES, TASKS, ZERO_SHOT, Kind, load
from analysis.published.checks import disagreements
from analysis.published.judging import NOT_APPLICABLE, judge_all
from analysis.published.side_by_side import beside, encoder_of, matching
from analysis.rendering.cells import MISSING_CELL, Cell, Number, Score
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.best_setting import BestSetting, split_of
from analysis.results.method_label import MethodLabel
from analysis.results.view import VANILLA, View
from analysis.sections import frozen, stress, variants

PAPER_ENCODERS = ("bert-base-multilingual", "mbert", "xlm-roberta-large", "xlm-r-large")
"""Parts of the names of the paper's encoders."""
EWC = "ewc"
SETTINGS_OF = {Kind.SENSITIVITY: (10,), Kind.FROZEN: (16,)}
"""Numbers of the tables with the hyperparameters behind a kind of table."""


def section(view: View) -> Section | None:
    """The section; ``None`` if it does not apply.

    The section needs one baseline for all methods. It applies if the encoder is the paper's, the study reproduces some
    of the paper's tables, or the user asks for it. If the paper has no results on the task and the user asks, a
    sentence says so.
    """
    about = view.results.about
    own = any(name in about.encoder.lower() for name in PAPER_ENCODERS)
    if view.against is not None or not (own or view.published or _asked(view)):
        return None
    if about.task not in TASKS:
        task = repr(about.task) if about.task else "of these runs"
        words = f"The paper has no results on the task {task}; it has {', '.join(TASKS)}."
        return Section("published", "Beside the paper", [words]) if view.published else None
    parts: list[str | Table] = []
    encoder = encoder_of(about.encoder)
    if not own:
        name = about.encoder or "an unknown encoder"
        parts.append(
            f"The paper's figures are for {encoder}, these for {name}: directions can be compared, levels cannot."
        )
    numbers: list[int] = []
    chosen, asked = _chosen(view), _asked(view)
    for kind, settings in _kinds(view, chosen).items():
        frame = _frame(view, settings)
        names = set(frame["method"])
        here = [number for number in matching(about.task, names, kind, encoder) if not asked or number in asked]
        parts += [_table(view, number, frame) for number in here]
        numbers += [*here, *SETTINGS_OF.get(kind, ())]
        if kind == Kind.SENSITIVITY:
            parts += _unlike(
                view,
                {name: method for name, method in chosen.items() if any(name in _methods(number) for number in here)},
            )
        if (claims := _claims(view, frame, kind, encoder)).rows:
            parts.append(claims)
    if numbers and (inner := _disagreements(numbers)).rows:
        parts.append(inner)
    several = [name for name in _labels(view) if len(_labels(view)[name]) > 1]
    if several:
        split = split_of([BestSetting.of(view.results, method) for name in several for method in _labels(view)[name]])
        parts.append(
            f"The study has several variants of {', '.join(several)}. Among the variants with the most complete runs, "
            f"the tables show the variant with the best source {split} score: "
            f"{', '.join(chosen[name] for name in several)}."
        )
    return Section("published", "Beside the paper", parts)


Settings = dict[str, tuple[str, Collection[str]]]
"""Method and settings, by the method's name in the paper's tables."""


def _kinds(view: View, chosen: Mapping[str, str]) -> dict[Kind, Settings]:
    """The kinds of the paper's tables that belong beside the study, each with its methods and settings.

    The study may name the tables that it reproduces. Otherwise the kinds follow from its methods and settings.
    """
    best: Settings = {name: (method, [BestSetting.of(view.results, method).setting]) for name, method in chosen.items()}
    found = {
        Kind.SENSITIVITY: _several(view, chosen),
        Kind.BEST: best,
        Kind.FROZEN: best if frozen.applies(view) else {},
        Kind.EXTREME: _extreme(view, chosen),
        Kind.EWC_VARIANTS: best if variants.applies(view) else {},
    }
    if asked := {TABLES[number].kind for number in _asked(view)}:
        had = _settings_had(view, chosen)
        found[Kind.EXTREME] = found[Kind.EXTREME] or {name: (method, had[name]) for name, method in chosen.items()}
        found = {kind: settings for kind, settings in found.items() if kind in asked}
    return {kind: settings for kind, settings in found.items() if settings}


def _asked(view: View) -> set[int]:
    """Numbers of the tables of scores that the study says it reproduces; empty if it names none."""
    named = _tables(view.results.about.reproduces)
    return {number for number in named & TABLES.keys() if TABLES[number].kind not in (Kind.CORRELATION, Kind.SETTINGS)}


def _several(view: View, chosen: Mapping[str, str]) -> Settings:
    """The methods that have several settings in common with the baseline, each with all its settings.

    A std over the seeds of one setting is not comparable with a std over settings.
    """
    had = _settings_had(view, chosen)
    return {
        name: (method, had[name]) for name, method in chosen.items() if len(had[name] & had.get(VANILLA, had[name])) > 1
    }


def _settings_had(view: View, chosen: Mapping[str, str]) -> dict[str, set[str]]:
    """The settings of each method that have a complete run."""
    complete = view.results.runs[view.results.runs["complete"]]
    return {name: {*complete.loc[complete["method"] == method, "setting"]} for name, method in chosen.items()}


def _unlike(view: View, chosen: Mapping[str, str]) -> list[str]:
    """Notes on methods whose settings differ from the baseline's, and on the settings that their figures cover."""
    had = _settings_had(view, chosen)
    base = had.get(VANILLA, set())
    others = {name: settings for name, settings in had.items() if name != VANILLA and base and settings != base}
    notes = []
    for name, settings in others.items():
        common = len(settings & base)
        what = "left out of the figures over several settings" if common < 2 else "compared over its own settings"
        notes.append(
            f"Settings of {name}: {len(settings)}, of {VANILLA}: {len(base)}, of both: {common}. {name} is {what}."
        )
    return notes


def _methods(number: int) -> list[str]:
    """The methods of a published table."""
    return [str(method) for method in load(number)["method"].unique()]


def _extreme(view: View, chosen: Mapping[str, str]) -> Settings:
    """The methods of the paper's stress test, at the largest learning rate that they share.

    Only methods whose learning rates span the range of a stress test are included.
    """
    names = [name for number in TABLES if TABLES[number].kind == Kind.EXTREME for name in _methods(number)]
    spanning = [chosen[name] for name in names if name in chosen and stress.hottest(view.results, [chosen[name]])]
    hot = stress.hottest(view.results, spanning) if spanning else []
    return {name: (chosen[name], hot) for name in names if name in chosen and chosen[name] in spanning and hot}


def _labels(view: View) -> dict[str, list[str]]:
    """The study's methods, by their name in the paper's tables."""
    found: dict[str, list[str]] = {}
    for method in view.results.methods:
        label = MethodLabel.of(method)
        found.setdefault(label.variant if label.kind == EWC else label.kind, []).append(method)
    return found


def _chosen(view: View) -> dict[str, str]:
    """One method for each name.

    Among several variants, the methods with the most complete runs at their best setting compete. The winner has the
    best source dev score there, or the best source test score if there are no dev scores.
    """

    def source(method: str) -> tuple[int, float]:
        best = BestSetting.of(view.results, method)
        score = best.runs["dev" if best.selected_on == "dev" else "source"].mean()
        return int(best.runs["complete"].sum()), -math.inf if pd.isna(score) else float(score)

    return {
        name: max(methods, key=source) if len(methods) > 1 else methods[0] for name, methods in _labels(view).items()
    }


def _frame(view: View, settings: Settings) -> pd.DataFrame:
    """Our scores in the form that ``published.side_by_side`` reads, over the runs of some settings of each method."""
    results = view.results
    rows = []
    for name, (method, some) in settings.items():
        scores = results.of(method)
        runs = results.runs[results.runs["method"] == method].set_index(scores.index.names)
        shown = scores[scores.index.get_level_values("setting").isin(some)]
        columns = {str(language): shown[language] for language in shown} | {
            ZERO_SHOT: runs["zero_shot"].reindex(shown.index)
        }
        for language, values in columns.items():
            score = Score.over(values, len(values), view.ddof)
            if score.runs:
                rows.append(
                    {"method": name, "language": language, "mean": score.mean, "std": score.std, "runs": score.runs}
                )
    return pd.DataFrame(rows, columns=["method", "language", "mean", "std", "runs"])


def _table(view: View, number: int, ours: pd.DataFrame) -> Table:
    """A published table with our scores beside it."""
    found = beside(number, ours, view.results.about.task)
    lacking = found["ours_mean"].isna()
    few = int((~lacking).sum()) < len(found) / 2
    left_out = (
        [f"{int(lacking.sum())} of the table's rows are left out, because the study lacks their methods or languages."]
        if few
        else []
    )
    found = found[~lacking] if few else found
    rows: list[list[str | Cell]] = []
    records: list[dict[str, Any]] = found.astype(object).where(found.notna(), math.nan).to_dict("records")  # type: ignore[assignment]
    for row in records:
        theirs, mine = (Score(row[f"{whose}_mean"], row[f"{whose}_std"], 1, 1) for whose in ("theirs", "ours"))
        runs = MISSING_CELL if math.isnan(row["ours_runs"]) else f"{row['ours_runs']:.0f}"
        rows.append(
            [row["method"], row["language"], theirs, mine, runs, Number(row["difference"], "+.2f"), row["note"]]
        )
    header = ["method", "language", "the paper", "ours", "our runs", "ours − the paper's", "note"]
    noted = [row for row in rows if row[-1]]
    if not noted:
        header, rows = header[:-1], [row[:-1] for row in rows]
    return Table(
        f"published-{number:02}",
        f"The paper's Table {number} and ours",
        header,
        rows,
        [
            f"{TABLES[number].source} Ours are mean ± standard deviation (ddof={view.ddof}); the paper does not state "
            "its ddof.",
            *left_out,
        ],
    )


def _disagreements(numbers: Collection[int]) -> Table:
    """Contradictions and oddities among the figures of these tables, or with the paper's text."""
    found: list[dict[str, Any]] = disagreements().to_dict("records")  # type: ignore[assignment]
    columns = ("where", "what", "printed", "follows", "note")
    rows: list[list[str | Cell]] = [
        [str(row[c]) for c in columns] for row in found if _tables(row["where"]) & {*numbers}
    ]
    return Table(
        "published-disagreements", "Where these tables disagree with one another or the paper's text", columns, rows
    )


def _tables(where: str) -> set[int]:
    """The numbers in ``Table 3``, ``Tables 7 and 11`` and ``Tables 19–22``."""
    words = where.partition("Table")[2]
    pairs = [(int(first), int(last or first)) for first, last in re.findall(r"(\d+)(?:–(\d+))?", words)]
    return {number for first, last in pairs for number in range(first, last + 1)}


def _claims(view: View, ours: pd.DataFrame, kind: Kind, encoder: str) -> Table:
    """The paper's claims about a kind of study, and whether our figures have the same direction."""
    judged = judge_all(ours, view.results.about.task, kind, encoder, view.results.source)
    rows: list[list[str | Cell]] = []
    for found in judged:
        if found.verdict != NOT_APPLICABLE:
            figures = [
                Number(figure or 0.0, ".0f" if found.claim.counts else ".2f") for figure in (found.left, found.right)
            ]
            rows.append(
                [found.claim.sentence, found.claim.section, found.claim.what, *figures, found.verdict, found.note]
            )
    header = ["the paper says", "section", "what is compared", "the first", "the second", "direction", "note"]
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    notes = [
        "A direction compares two estimates alone. The intervals and tests above show whether a difference exceeds "
        "chance."
    ]
    if any(found.claim.counts for found in judged if found.verdict != NOT_APPLICABLE):
        notes.append(
            "In rows on languages, the first figure counts the languages that support the claim, and the second counts "
            "the compared languages."
        )
    return Table(f"claims-{kind}", f"The paper's claims, {kind.replace('-', ' ')}", header, rows, notes)
