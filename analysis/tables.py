"""The report's tables: source and zero-shot per method, every language per method, what did not finish, what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.frame import FINISHED, OVERSHOOTING, Results
from analysis.table import MISSING_CELL, Cell, Change, Score, Table

RUN = ["setting", "seed"]
FEW = 12
"""Languages that a sentence names; more are counted, and named in the table per language alone."""
UNREADABLE = 1
"""Percentage of unknown sub-words above which the table per language warns of a language."""


def summary(results: Results, ddof: int, *, name: str = "summary", title: str = "Source and zero-shot scores") -> Table:
    """The paper's Table 3: mean ± std over runs of the source score and of the zero-shot score, and the change in std.

    The zero-shot std is that over runs of the mean over languages. A method is compared with the baseline on the settings, seeds and
    languages that both have, so the change is not that of a different set of runs.
    """
    source = results.study.source
    base = baseline(results)
    header = ["method", "runs", source, "zero-shot", "languages", f"std of {source} against {base}", f"std of zero-shot against {base}"]
    rows: list[list[str | Cell]] = []
    notes = [_std_note("each std is over runs of one method; the zero-shot score of a run is its mean over target languages", ddof)]
    for method in results.methods:
        runs = results.runs[results.runs["method"] == method]
        changes: list[str | Cell] = ["", ""]
        if method != base:
            both = Matched.of(results, method, base)
            changes = [_change(both.ours[column], both.theirs[column], ddof) for column in ("source", "zero_shot")]
            notes += both.notes(results, method, base, ddof)
        if (split := int(runs["trials"].max())) > 1:
            changes[0] = changes[0] and MISSING_CELL
            notes.append(
                f"A run of {method} is {split} trials, one a language; its {source} score is their mean, so its std has no counterpart."
            )
        rows.append(
            [
                method,
                f"{int(runs['complete'].sum())}/{len(runs)}",
                Score.over(runs["source"], len(runs), ddof),
                Score.over(runs["zero_shot"], len(runs), ddof),
                str(len(results.languages(method))),
                *changes,
            ]
        )
    lacking = results.runs[~results.runs["complete"]]
    if len(lacking):
        notes.append(f"{len(lacking)} of {len(results.runs)} runs are failed or missing; (n/m) marks a mean over n of m runs.")
    collapsed = results.runs[results.runs["collapsed"]]
    if len(collapsed):
        counts = ", ".join(f"{count} of {method}" for method, count in collapsed["method"].value_counts().items())
        notes.append(f"Collapsed runs are included: {counts}.")
    diverged = results.trials[results.trials["diverged"]]
    if len(diverged):
        counts = ", ".join(f"{count} of {method}" for method, count in diverged["method"].value_counts().items())
        notes.append(f"Trials that diverged, with a loss or gradient that was not finite, are included: {counts}.")
    if "largest_pull" in results.trials:
        pulls = results.trials.groupby("method", sort=False)["largest_pull"].max()
        notes += [f"{method}: learning rate × λF reaches {pull:.3g}; {OVERSHOOTING}." for method, pull in pulls.items() if pull > 2]
    return Table(name, title, header, rows, notes)


def baseline(results: Results) -> str:
    """The method that the others are compared with: vanilla, or the study's first."""
    return "vanilla" if "vanilla" in results.methods else results.methods[0]


@dataclass(frozen=True)
class Matched:
    """Two methods on what both have: frames with a row a run (setting and seed) and the columns source and zero_shot.

    Only runs that are complete in both count, and in each run only the target languages that both scored.
    """

    ours: pd.DataFrame
    theirs: pd.DataFrame
    languages: list[str]

    @classmethod
    def of(cls, results: Results, method: str, base: str) -> "Matched":
        """The match of two of the results' methods."""
        runs = [results.runs[(results.runs["method"] == m) & results.runs["complete"]].set_index(RUN) for m in (method, base)]
        targets = [results.targets[results.targets["method"] == m].set_index([*RUN, "language"])["score"] for m in (method, base)]
        scores = pd.concat(targets, axis=1, keys=["ours", "theirs"], join="inner")
        means = scores.groupby(RUN, sort=False).mean()
        both = means.index.intersection(runs[0].index).intersection(runs[1].index)
        ours, theirs = (
            pd.DataFrame({"source": side.loc[both, "source"], "zero_shot": means.loc[both, name]})
            for side, name in zip(runs, means.columns, strict=True)
        )
        return cls(ours, theirs, sorted({language for *run, language in scores.index if tuple(run) in both}))

    def notes(self, results: Results, method: str, base: str, ddof: int) -> list[str]:
        """What a reader has to know where the comparison is not over all that the two methods' rows show."""
        if not len(self.ours):
            return [f"{method} and {base} have no complete run in common."]
        asked = max(int((results.runs["method"] == m).sum()) for m in (method, base))
        if len(self.ours) == asked and all(self.languages == results.languages(m) for m in (method, base)):
            return []
        ours, theirs = (Score.over(side["zero_shot"], len(side), ddof).plain() for side in (self.ours, self.theirs))
        return [
            f"{method} is compared with {base} on the {len(self.ours)} runs and {_counted(self.languages, results.study.targets)} "
            f"that both have; the zero-shot scores there are {ours} and, of {base}, {theirs}."
        ]


def _counted(languages: Sequence[str], targets: Sequence[str]) -> str:
    """Target languages in words: named where they are few, or those that are left out."""
    left_out = [language for language in targets if language not in languages]
    if not left_out:
        return f"all {len(targets)} target languages"
    if len(languages) <= FEW:
        return f"{len(languages)} target languages ({', '.join(languages)})"
    return f"{len(languages)} target languages" + (f" (all but {', '.join(left_out)})" if len(left_out) <= FEW else "")


def _change(ours: "pd.Series[float]", theirs: "pd.Series[float]", ddof: int) -> str | Cell:
    """Change in the standard deviation in per cent."""
    if len(ours) <= ddof:
        return MISSING_CELL
    mine, base = float(ours.std(ddof=ddof)), float(theirs.std(ddof=ddof))
    return Change(100 * (mine - base) / base, len(ours)) if base > 0 else MISSING_CELL


def per_language(results: Results, ddof: int) -> Table:
    """The paper's Table 4: mean ± std over runs, for every language and method."""
    runs = [results.runs[results.runs["method"] == method] for method in results.methods]
    source, zero_shot = ([Score.over(r[column], len(r), ddof) for r in runs] for column in ("source", "zero_shot"))
    rows: list[list[str | Cell]] = [[f"{results.study.source} (source)", *_mark_best(source)]]
    for language in results.study.targets:
        rows.append([language, *_mark_best([language_score(results, method, language, ddof) for method in results.methods])])
    rows.append(["zero-shot", *zero_shot])
    notes = [
        _std_note("each std is over runs of one method", ddof),
        "Bold: the highest mean of a language, among the methods with the most finished runs there, where those are several.",
        *_unknown_note(results),
    ]
    return Table("languages", "Scores per language", ["language", *results.methods], rows, notes)


def language_score(results: Results, method: str, language: str, ddof: int) -> str | Score:
    """A target language's score over the runs of a method that were to score it; the missing cell where none was."""
    trials = results.trials[results.trials["method"] == method]
    asked = sum(language in targets for targets in trials["targets"])
    if not asked:
        return MISSING_CELL
    scores = results.targets[(results.targets["method"] == method) & (results.targets["language"] == language)]
    return Score.over(scores["score"], asked, ddof)


def _unknown_note(results: Results) -> list[str]:
    """Which target languages the encoder cannot read, the worst first."""
    shares = results.targets.groupby("language", sort=False)["unknown"].max()
    worst = shares[shares > UNREADABLE].sort_values(ascending=False, kind="stable")
    if worst.empty:
        return []
    named = [f"{language} {share:.0f} %" for language, share in worst.head(FEW).items()]
    rest = [f"and {len(worst) - FEW} more languages over {UNREADABLE} %"] if len(worst) > FEW else []
    return [
        f"Sub-words of the test sets that the encoder's vocabulary lacks: {', '.join(named + rest)}. "
        "The more there are, the less a score says about the encoder."
    ]


def _mark_best(cells: Sequence[str | Score]) -> list[str | Cell]:
    scores = [cell for cell in cells if isinstance(cell, Score) and cell.runs]
    most = max((score.runs for score in scores), default=0)
    comparable = [score for score in scores if score.runs == most]
    if len(comparable) < 2:
        return list(cells)
    best = max(comparable, key=lambda score: score.mean)
    return [replace(cell, best=True) if cell is best else cell for cell in cells]


def troubles(results: Results) -> Table:
    """Trials that failed, are missing, collapsed or diverged."""
    rows: list[list[str | Cell]] = []
    for row, targets in zip(results.trials.itertuples(), results.trials["targets"], strict=True):
        words = [] if row.status == FINISHED else [str(row.status)]
        words += [word for word in ("collapsed", "diverged") if getattr(row, word)]
        if words:
            languages = targets[0] if len(targets) == 1 else str(len(targets))
            rows.append([str(row.trial), str(row.method), str(row.setting), str(row.seed), languages, ", ".join(words), str(row.error)])
    notes = [
        "Collapsed: on the source's test set no better than answering the training data's most frequent label everywhere (accuracy). "
        "Diverged: a loss or gradient that was not finite."
    ]
    header = ["trial", "method", "setting", "seed", "languages", "what", "error"]
    return Table("troubles", "Failed, missing and collapsed trials", header, rows, notes)


def cost(results: Results) -> Table:
    """What the finished trials of each method trained, took and kept in memory."""
    rows: list[list[str | Cell]] = []
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
                _largest(trials, "peak_memory_mib"),
                _largest(trials, "extra_memory_mib"),
                _trained(trials),
            ]
        )
    header = [
        "method",
        "finished trials",
        "seconds in all",
        "seconds a trial",
        "training tokens/s",
        "peak memory (MiB)",
        "extra memory (MiB)",
        "trained parameters",
    ]
    notes = [
        "Seconds and tokens/s a trial are medians, memory is the largest. Extra memory is what the method keeps beside the weights, their "
        "gradients and the optimizer's state. Trained parameters count the whole vocabulary."
    ]
    return Table("cost", "Cost", header, rows, notes)


def _largest(trials: pd.DataFrame, column: str) -> str:
    largest = trials[column].max() if len(trials) else float("nan")
    return MISSING_CELL if pd.isna(largest) else f"{largest:.0f}"


def _trained(trials: pd.DataFrame) -> str:
    """How many parameters are trained, and what share that is."""
    if not len(trials) or trials["trained_parameters"].isna().all():
        return MISSING_CELL
    trained, share = trials["trained_parameters"].max(), (trials["trained_parameters"] / trials["parameters"]).max()
    return f"{trained:,.0f} ({100 * share:.2g} %)" if share < 1 else f"{trained:,.0f} (all)"


def _std_note(what: str, ddof: int) -> str:
    return f"Mean ± standard deviation (ddof={ddof}); {what}."
