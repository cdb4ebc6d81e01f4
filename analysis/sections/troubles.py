"""A list of trials that failed, are missing, collapsed or diverged, so that none is dropped silently."""

from analysis.rendering.cells import Cell
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.frame import FINISHED
from analysis.results.view import View
from analysis.results.wording import collapse_rule
from analysis.sections.search import tried_in
from harness.tuning.journal import STOPPED

NAME = "troubles"


def section(view: View) -> Section:
    """The list, in every report. If no trial is in it, a sentence says so."""
    made = table(view)
    none = "None: every trial finished, and none collapsed."
    if any(one.status == STOPPED for one in tried_in(view)):
        none = "None: every trial finished or was stopped early by the search, and none collapsed."
    return Section(NAME, made.title, [made] if made.rows else [none])


def table(view: View) -> Table:
    """One row per trial with trouble."""
    trials = view.results.trials
    rows: list[list[str | Cell]] = []
    for row in trials[(trials["status"] != FINISHED) | trials["collapsed"] | trials["diverged"]].itertuples():
        runs = str(getattr(row, "running", ""))
        words = [] if row.status == FINISHED else ["running" if runs else str(row.status)]
        words += [word for word in ("collapsed", "diverged") if getattr(row, word)]
        targets: tuple[str, ...] = row.targets  # type: ignore[assignment]
        languages = targets[0] if len(targets) == 1 else str(len(targets))
        seed = str(row.seed) + (f", replicate {row.replicate!s}" if row.replicate else "")
        run: list[str | Cell] = [str(row.trial), str(row.method), str(row.setting), seed, languages]
        rows.append([*run, ", ".join(words), runs or str(row.error)])
    rule = collapse_rule({*view.results.scores["metric"]})
    notes = [
        *(["Running: host, start and progress of a trial when this page was written."] if view.results.running else []),
        f"{rule} A run counts as collapsed if it collapsed on the source's test set.",
        "Diverged: a loss or gradient (with fp16: a loss) was not finite.",
    ]
    header = ["trial", "method", "setting", "seed", "languages", "trouble", "error"]
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    title = f"Failed, {'running, ' if view.results.running else ''}missing and collapsed trials"
    return Table(NAME, title, header, rows, notes)
