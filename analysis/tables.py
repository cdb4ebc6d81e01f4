"""The report's tables: source and zero-shot per method, every language per method, what did not finish, what it cost."""

import math
from dataclasses import replace

import pandas as pd

from analysis.frame import FINISHED, Results
from analysis.table import MISSING_CELL, Score, Table

RUN = ["setting", "seed"]


def summary(results: Results, ddof: int, *, name: str = "summary", title: str = "Source and zero-shot scores") -> Table:
    """The paper's Table 3: mean ± std over runs of the source score and of the zero-shot score, and the change in std.

    The zero-shot std is that over runs of the mean over languages. A method is compared with the baseline on the settings, seeds and
    languages that both have, so the change is not that of a different set of runs.
    """
    source = results.study.source
    base = baseline(results)
    header = ["method", "runs", source, "zero-shot", "languages", f"std of {source} against {base}", f"std of zero-shot against {base}"]
    rows: list[list[str | Score]] = []
    notes = [_std_note("each std is over runs of one method; the zero-shot score of a run is its mean over target languages", ddof)]
    for method in results.methods:
        runs = results.runs[results.runs["method"] == method]
        languages = sorted(set(results.targets.loc[results.targets["method"] == method, "language"]))
        change = ["", ""]
        if method != base:
            ours, theirs = matched(results, method, base)
            change = [_change(ours[column], theirs[column], ddof) for column in ("source", "zero_shot")]
            if len(theirs) and (len(theirs) < len(runs_of(results, base)) or len(languages) < len(results.study.targets)):
                shown = Score.over(theirs["zero_shot"], len(theirs), ddof).plain()
                notes.append(
                    f"{method} is compared with {base} on the {len(theirs)} runs and {len(languages)} target languages "
                    f"({', '.join(languages)}) that both have; the zero-shot score of {base} there is {shown}."
                )
        rows.append(
            [
                method,
                f"{int(runs['complete'].sum())}/{len(runs)}",
                Score.over(runs["source"], len(runs), ddof),
                Score.over(runs["zero_shot"], len(runs), ddof),
                str(len(languages)),
                *change,
            ]
        )
    lacking = results.runs[~results.runs["complete"]]
    if len(lacking):
        notes.append(f"{len(lacking)} of {len(results.runs)} runs are failed or missing; (n/m) marks a mean over n of m runs.")
    collapsed = results.runs[results.runs["collapsed"]]
    if len(collapsed):
        counts = ", ".join(f"{count} of {method}" for method, count in collapsed["method"].value_counts().items())
        notes.append(f"Collapsed runs are included: {counts}.")
    return Table(name, title, header, rows, notes)


def baseline(results: Results) -> str:
    """The method that the others are compared with: vanilla, or the study's first."""
    return "vanilla" if "vanilla" in results.methods else results.methods[0]


def runs_of(results: Results, method: str) -> pd.DataFrame:
    """A method's complete runs."""
    return results.runs[(results.runs["method"] == method) & results.runs["complete"]]


def matched(results: Results, method: str, base: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Source and zero-shot scores of two methods, a row a run, over the settings, seeds and target languages that both have."""
    languages = set.intersection(*(set(results.targets.loc[results.targets["method"] == m, "language"]) for m in (method, base)))
    found = []
    for m in (method, base):
        runs = runs_of(results, m).set_index(RUN)
        targets = results.targets[(results.targets["method"] == m) & results.targets["language"].isin(languages)]
        found.append(runs[["source"]].assign(zero_shot=targets.groupby(RUN)["score"].mean()))
    both = found[0].index.intersection(found[1].index)
    return found[0].loc[both], found[1].loc[both]


def _change(ours: "pd.Series[float]", theirs: "pd.Series[float]", ddof: int) -> str:
    """Change in the standard deviation in per cent."""
    if len(ours) <= ddof:
        return MISSING_CELL
    mine, base = float(ours.std(ddof=ddof)), float(theirs.std(ddof=ddof))
    return f"{100 * (mine - base) / base:+.0f} % (n={len(ours)})" if base > 0 else MISSING_CELL


def per_language(results: Results, ddof: int) -> Table:
    """The paper's Table 4: mean ± std over runs, for every language and method."""
    order = [results.study.source, *results.study.targets]
    rows: list[list[str | Score]] = []
    for language in order:
        scores = [_cell(results, method, language, ddof) for method in results.methods]
        rows.append([f"{language} (source)" if language == results.study.source else language, *_mark_best(scores)])
    zero_shot = []
    for method in results.methods:
        runs = results.runs[results.runs["method"] == method]
        zero_shot.append(Score.over(runs["zero_shot"], len(runs), ddof))
    rows.append(["zero-shot", *zero_shot])
    notes = [
        _std_note("each std is over runs of one method", ddof),
        "Bold: the highest mean of a language, among methods with equally many runs.",
    ]
    return Table("languages", "Scores per language", ["language", *results.methods], rows, notes)


def _cell(results: Results, method: str, language: str, ddof: int) -> str | Score:
    trials = results.trials[results.trials["method"] == method]
    asked = trials if language == results.study.source else trials[[language in targets for targets in trials["targets"]]]
    if asked.empty:
        return MISSING_CELL
    scores = results.test[(results.test["method"] == method) & (results.test["language"] == language)]
    runs = scores.groupby(RUN)["score"].mean()
    return Score.over(runs, len(asked.drop_duplicates(RUN)), ddof)


def _mark_best(cells: list[str | Score]) -> list[str | Score]:
    scores = [cell for cell in cells if isinstance(cell, Score) and not math.isnan(cell.mean)]
    most = max((score.expected for score in scores), default=0)
    comparable = [score for score in scores if score.expected == most]
    if len(comparable) < 2:
        return cells
    best = max(comparable, key=lambda score: score.mean)
    return [replace(cell, best=True) if cell is best else cell for cell in cells]


def troubles(results: Results) -> Table:
    """Trials that failed, are missing, collapsed or diverged."""
    rows: list[list[str | Score]] = []
    for row in results.trials.itertuples():
        words = [] if row.status == FINISHED else [str(row.status)]
        words += [word for word in ("collapsed", "diverged") if getattr(row, word)]
        if words:
            rows.append([str(row.trial), str(row.method), str(row.setting), str(row.seed), ", ".join(words), str(row.error)])
    notes = [
        "Collapsed: on the source's test set no better than answering the training data's most frequent label everywhere (accuracy). "
        "Diverged: a loss or gradient that was not finite."
    ]
    return Table("troubles", "Failed, missing and collapsed trials", ["trial", "method", "setting", "seed", "what", "error"], rows, notes)


def cost(results: Results) -> Table:
    """Seconds, speed and memory of the finished trials of each method."""
    rows: list[list[str | Score]] = []
    finished = results.trials[results.trials["status"] == FINISHED]
    for method in results.methods:
        trials = finished[finished["method"] == method]
        rows.append(
            [
                method,
                str(len(trials)),
                f"{trials['seconds'].sum():.0f}",
                f"{trials['seconds'].median():.1f}" if len(trials) else MISSING_CELL,
                f"{trials['tokens_per_second'].median():.0f}" if len(trials) else MISSING_CELL,
                f"{trials['peak_memory_mib'].max():.0f}" if len(trials) else MISSING_CELL,
            ]
        )
    header = ["method", "finished trials", "seconds in all", "seconds a trial", "training tokens/s", "peak memory (MiB)"]
    return Table("cost", "Cost", header, rows, ["Seconds and tokens/s a trial are medians, the peak memory is the largest."])


def _std_note(what: str, ddof: int) -> str:
    return f"Mean ± standard deviation (ddof={ddof}); {what}."
