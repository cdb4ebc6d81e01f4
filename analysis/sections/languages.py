"""Mean ± std of every language and method: the paper's Table 4."""

from analysis.rendering.bold import bold_note, mark_best, over_most
from analysis.rendering.cells import MISSING_CELL, Cell, Score, Spread
from analysis.rendering.section import Section
from analysis.rendering.table import Table, std_note
from analysis.results.frame import Results
from analysis.results.view import View
from analysis.results.wording import MAX_NAMED, collapse_rule
from harness.common import sources

UNREADABLE = 1
"""Percentage of unknown sub-words above which a note names the language."""


def section(view: View) -> Section:
    """The scores per language."""
    made = table(view)
    return Section("languages", made.title, [made])


def table(view: View) -> Table:
    """Mean ± std over runs for every language and method, and for the zero-shot score in the last rows.

    The zero-shot row has the std over runs of each run's mean over languages. The mean of the languages' stds is a
    different number and has its own row. A source of several languages has a row for each language. If any run of a
    method collapsed in any language, a column counts these runs.
    """
    results, ddof, sign = view.results, view.ddof, view.results.measure.sign
    runs = [results.runs[results.runs["method"] == method] for method in results.methods]
    source, zero_shot = (
        [Score.over(r[column], len(r), ddof, results.form) for r in runs] for column in ("source", "zero_shot")
    )
    unlike = sources.are_unlike(results.source)  # no score in common
    rows: list[list[str | Cell]] = [] if unlike else [[f"{results.source} (source)", *mark_best(source, sign=sign)]]
    own = sources.parts(results.source) if sources.is_several(results.source) else ()
    for language in own:
        of_one = results.test[results.test["language"] == language]
        scores = [of_one.loc[of_one["method"] == method, "score"] for method in results.methods]
        cells = [Score.over(found, len(r), ddof, results.form) for found, r in zip(scores, runs, strict=True)]
        rows.append([f"{language} (of the source)", *mark_best(cells, sign=sign)])
    columns: list[list[str | Score]] = [
        [score(results, m, language, ddof) for language in results.about.targets] for m in results.methods
    ]
    rows += [
        [language, *mark_best(cells, sign=sign)]
        for language, *cells in zip(results.about.targets, *columns, strict=True)
    ]
    rows.append(["zero-shot", *mark_best(zero_shot, over_most(results, results.methods), sign=sign)])
    rows.append(
        [
            "mean of the languages' stds",
            *(Spread.mean((cell for cell in column if isinstance(cell, Score)), results.form) for column in columns),
        ]
    )
    fallen = [method for method in results.methods if _falls(results, method)]
    scored = (*([] if unlike else [results.source]), *own, *results.about.targets)
    for place, row in enumerate(rows):
        row += [collapsed(results, method, scored[place]) if place < len(scored) else MISSING_CELL for method in fallen]
    notes = [
        std_note(
            "each std is over runs of one method; the zero-shot score of a run is its mean over target languages",
            ddof,
        ),
        *bold_note(rows, "of a row", results.measure),
        *([collapse_rule({*results.scores["metric"]})] if fallen else []),
        *_unknown_note(results),
    ]
    header = ["language", *results.methods, *(f"{method}, collapsed runs" for method in fallen)]
    return Table("languages", "Scores per language", header, rows, notes, footer=2)


def score(results: Results, method: str, language: str, ddof: int) -> str | Score:
    """A target language's score over a method's runs planned for this language; the missing cell if there are none."""
    asked = int(results.asked[language][method])
    if not asked:
        return MISSING_CELL
    return Score.over(results.of(method)[language], asked, ddof, results.form)


def collapsed(results: Results, method: str, language: str) -> str:
    """Number of a method's runs that collapsed in a language, out of the runs with a known outcome."""
    flags = results.collapsed_of(method)[language].dropna()
    return f"{int(flags.sum())}/{len(flags)}" if len(flags) else MISSING_CELL


def _falls(results: Results, method: str) -> bool:
    """Whether any run of a method collapsed in any language, and collapse is known for a target language."""
    flags = results.collapsed_of(method)
    return bool(flags.any(axis=None)) and bool(flags[[*results.about.targets]].notna().any(axis=None))


def _unknown_note(results: Results) -> list[str]:
    """A note on target languages that the encoder cannot read, the worst first."""
    shares = results.targets.groupby("language", sort=False)["unknown"].max()
    worst = shares[shares > UNREADABLE].sort_values(ascending=False, kind="stable")
    if worst.empty:
        return []
    named = [f"{language} {share:.0f} %" for language, share in worst.head(MAX_NAMED).items()]
    rest = [f"and {len(worst) - MAX_NAMED} more languages over {UNREADABLE} %"] if len(worst) > MAX_NAMED else []
    return [
        f"Sub-words of the test sets that the encoder's vocabulary lacks: {', '.join(named + rest)}. "
        "The larger this share, the less a score says about the encoder."
    ]
