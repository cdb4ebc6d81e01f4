"""Scores of every method at its best setting, over seeds: the paper's Tables 1, 2 and 7 to 9."""

from analysis.rendering.bold import bold_note, mark_best, mark_column, over_most
from analysis.rendering.cells import MISSING_CELL, Cell, Difference, Score
from analysis.rendering.section import Section
from analysis.rendering.table import Table, std_note
from analysis.results.best_setting import BestSetting, selection_note
from analysis.results.frame import PAIR, Results
from analysis.results.view import View


def section(view: View) -> Section | None:
    """The section; ``None`` if there is a single setting or no complete run."""
    if len(view.results.settings_met) < 2 or not view.results.runs["complete"].any():
        return None
    found = {method: BestSetting.of(view.results, method) for method in view.results.methods}
    return Section("best", "Best setting of each method", [table(view, found), languages(view, found)])


def table(view: View, found: dict[str, BestSetting]) -> Table:
    """Mean ± std over seeds at the best setting, and the difference of the zero-shot score from the baseline's.

    Differences are paired by seed.
    """
    results, sign = view.results, view.results.measure.sign
    rows: list[list[str | Cell]] = []
    for method, best in found.items():
        base = view.baseline_of(method)
        difference: str | Cell = "" if base is None else MISSING_CELL
        if base in found:
            difference = _difference(results, best, found[base], view.ddof)
        runs = best.runs
        scores = (Score.over(runs[column], len(runs), view.ddof, results.form) for column in ("source", "zero_shot"))
        rows.append([method, best.setting or MISSING_CELL, str(best.tried), *scores, difference])
    rows = mark_column(mark_column(rows, 3, sign=sign), 4, over_most(results, found), sign=sign)
    header = ["method", "setting", "settings tried", results.source, "zero-shot", f"zero-shot − {view.base_name}"]
    notes = [
        std_note("each std is over the seeds of one setting", view.ddof),
        selection_note(list(found.values()), results),
        "A method with more settings has more chances of a good score. The difference is the mean over the seeds "
        f"and languages that both methods have, ± its standard deviation over seeds (ddof={view.ddof}). Each method "
        "has its own best setting.",
        *filter(None, [view.no_baseline]),
        *bold_note(rows, "of a column", results.measure),
    ]
    return Table("best", "Scores at each method's best setting", header, rows, notes)


def _difference(results: Results, ours: BestSetting, theirs: BestSetting, ddof: int) -> str | Cell:
    """The paired difference of zero-shot scores, over the seeds and target languages that both methods have."""
    scores = []
    for best in (ours, theirs):
        complete = best.runs[best.runs["complete"]].set_index(PAIR).index
        here = results.of(best.method)[[*results.about.targets]]
        scores.append(here[here.index.isin(complete)].droplevel(PAIR[0]))
    differences = (scores[0] - scores[1]).mean(axis=1).dropna()  # NaN if either lacks the seed or the language
    return Difference.over(differences, ddof, results.form) if len(differences) else MISSING_CELL


def languages(view: View, found: dict[str, BestSetting]) -> Table:
    """Mean ± std over seeds at the best setting, for every language and method."""
    results, sign = view.results, view.results.measure.sign
    columns: list[list[str | Score]] = []
    for method, best in found.items():
        here = results.of(method)
        scores = here[here.index.get_level_values("setting") == best.setting]
        asked = results.asked.loc[method].to_dict()
        columns.append(
            [
                Score.over(scores[language], len(best.runs), view.ddof, results.form)
                if asked[language] and best.setting
                else MISSING_CELL
                for language in scores
            ]
        )
    names = [f"{results.source} (source)", *results.about.targets]
    rows: list[list[str | Cell]] = [
        [name, *mark_best(cells, sign=sign)] for name, *cells in zip(names, *columns, strict=True)
    ]
    zero_shot = [Score.over(best.runs["zero_shot"], len(best.runs), view.ddof, results.form) for best in found.values()]
    rows.append(["zero-shot", *mark_best(zero_shot, over_most(results, found), sign=sign)])
    notes = [
        std_note("each std is over the seeds of the method's best setting", view.ddof),
        *bold_note(rows, "of a row", results.measure),
    ]
    return Table(
        "best-languages",
        "Scores per language at each method's best setting",
        ["language", *found],
        rows,
        notes,
        footer=1,
    )
