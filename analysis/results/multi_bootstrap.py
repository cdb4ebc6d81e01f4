"""The multi-bootstrap of a comparison, from the predictions in the store."""

from dataclasses import dataclass, field

from analysis.results.comparison import Comparison
from analysis.results.predictions import MAX_TRIALS, Predictions
from analysis.statistics.multi_bootstrap import Difference, differences


@dataclass(frozen=True)
class MultiBootstrap:
    """Differences over runs and test examples, or the reason for their absence."""

    zero_shot: Difference | None = None
    """Difference of the zero-shot score, over the languages that both methods scored in every run."""
    languages: dict[str, Difference] = field(default_factory=dict)
    lacking: str = ""
    """The reason for missing differences, as the end of a sentence; else empty."""


def multi_bootstrap(comparison: Comparison, predictions: Predictions | None) -> MultiBootstrap:
    """The differences between a method and its baseline, ours − theirs, or the reason why there are none."""
    if predictions is None:
        return MultiBootstrap(lacking="because some results are not from a store: it needs all predictions")
    metric = predictions.metric
    if metric is None:
        return MultiBootstrap(
            lacking="for this task: its code must be steadytune's own, and its metric a ratio of counts (accuracy, "
            "micro_f1, f1 or exact_match)"
        )
    if 2 * comparison.runs > MAX_TRIALS:
        return MultiBootstrap(lacking=f"for more than {MAX_TRIALS // 2} runs per method")
    if comparison.unpaired:
        return MultiBootstrap(lacking=f"for {comparison.method}: it shares no setting and seed with {comparison.base}")
    codes = comparison.languages
    runs = comparison.ours.index
    ours, theirs = (predictions.of(method, runs, codes) for method in (comparison.method, comparison.base))
    if not codes or ours is None or theirs is None:
        return MultiBootstrap(
            lacking=f"for {comparison.method}: predictions of some of its runs, or the baseline's, are not in the store"
        )
    if any(ours[code].shape != theirs[code].shape for code in codes):
        return MultiBootstrap(
            lacking=f"for {comparison.method}: its predictions are of other examples than those of {comparison.base}"
        )
    return MultiBootstrap(*differences(ours, theirs, metric))
