"""Methods that freeze most of the encoder, beside the other methods: the paper's Table 6."""

from analysis.rendering.bold import bold_note, mark_column, over_most
from analysis.rendering.cells import MISSING_CELL, Cell, Percent, Score
from analysis.rendering.section import Section
from analysis.rendering.table import Table, std_note
from analysis.results.best_setting import BestSetting, selection_note
from analysis.results.frame import FINISHED
from analysis.results.method_label import MethodLabel
from analysis.results.view import View

FROZEN = ("bitfit", "soft_prompt", "adapter", "lora", "layer_freeze")
"""Methods that train a small part of the encoder, or only added parameters."""


def section(view: View) -> Section | None:
    """The section; ``None`` if the study has no method in ``FROZEN``."""
    if not applies(view):
        return None
    made = table(view)
    return Section("frozen", made.title, [made])


def applies(view: View) -> bool:
    """Whether the study has a method in ``FROZEN``."""
    return any(MethodLabel.of(method).kind in FROZEN for method in view.results.methods)


def table(view: View) -> Table:
    """Source and zero-shot score at each method's best setting, and the method's share of trained parameters.

    Methods that freeze the encoder come last.
    """
    results, sign = view.results, view.results.measure.sign
    methods = sorted(results.methods, key=lambda method: MethodLabel.of(method).kind in FROZEN)
    found = [BestSetting.of(results, method) for method in methods]
    rows: list[list[str | Cell]] = []
    for best in found:
        frozen = "mostly frozen" if MethodLabel.of(best.method).kind in FROZEN else "trained"
        scores = (
            Score.over(best.runs[column], len(best.runs), view.ddof, results.form) for column in ("source", "zero_shot")
        )
        rows.append([best.method, frozen, _trained(view, best.method), *scores])
    rows = mark_column(mark_column(rows, 3, sign=sign), 4, over_most(results, methods), sign=sign)
    header = ["method", "encoder", "trained parameters", results.source, "zero-shot"]
    notes = [
        std_note("over the seeds of the method's best setting", view.ddof),
        selection_note(found, results),
        *bold_note(rows, "of a column", results.measure),
    ]
    return Table("frozen", "Frozen encoders", header, rows, notes)


def _trained(view: View, method: str) -> str | Cell:
    trials = view.results.trials
    if "trained_parameters" not in trials:
        return MISSING_CELL
    here = trials[(trials["method"] == method) & (trials["status"] == FINISHED)]
    shares = (here["trained_parameters"] / here["parameters"]).dropna()
    return Percent(100 * float(shares.max())) if len(shares) else MISSING_CELL
