"""Training, time and memory of each method's finished trials."""

import pandas as pd

from analysis.rendering.cells import MISSING_CELL, Cell
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.frame import FINISHED
from analysis.results.view import View


def section(view: View) -> Section | None:
    """The section; ``None`` if the results do not state the cost of trials."""
    if "seconds" not in view.results.trials:
        return None
    made = table(view)
    return Section("cost", made.title, [made, *throughput(view)])


def table(view: View) -> Table:
    """One row per method."""
    rows: list[list[str | Cell]] = []
    finished = view.results.trials[view.results.trials["status"] == FINISHED]
    for method in view.results.methods:
        trials = finished[finished["method"] == method]
        rows.append(
            [
                method,
                str(len(trials)),
                f"{trials['seconds'].sum() / 3600:.2f}",
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
        "device hours",
        "seconds per trial",
        "training tokens/s",
        "peak memory (MiB)",
        "extra memory (MiB)",
        "trained parameters",
    ]
    notes = [
        "Device hours: the sum over trials of the time from the start of the preparation to the last score. The device "
        "is a trial's CPU cores, GPUs or share of a GPU. Seconds and tokens/s are medians over trials; memory is the "
        "maximum.",
        "Extra memory: the memory of the method beyond the weights, their gradients and the optimizer's state. Trained "
        "parameters include the embeddings of the whole vocabulary, even if the training trims it.",
    ]
    return Table("cost", "Cost", header, rows, notes)


def throughput(view: View) -> list[str]:
    """Finished trials per hour, from the end of the first trial to the end of the last."""
    trials = view.results.trials
    if "ended" not in trials:
        return []
    times = pd.to_datetime(trials.loc[trials["status"] == FINISHED, "ended"].replace("", None), utc=True).dropna()
    hours = (times.max() - times.min()).total_seconds() / 3600 if len(times) > 1 else 0.0
    if not hours:
        return []
    return [
        f"From the end of the first finished trial to the end of the last: {hours:.2f} hours, "
        f"{(len(times) - 1) / hours:.1f} trials per hour."
    ]


def _largest(trials: pd.DataFrame, column: str) -> str:
    largest = trials[column].max() if len(trials) else float("nan")
    return MISSING_CELL if pd.isna(largest) else f"{largest:.0f}"


def _trained(trials: pd.DataFrame) -> str:
    """Number and share of trained parameters."""
    if not len(trials) or trials["trained_parameters"].isna().all():
        return MISSING_CELL
    trained, share = trials["trained_parameters"].max(), (trials["trained_parameters"] / trials["parameters"]).max()
    return f"{trained:,.0f} ({100 * share:.2g} %)" if share < 1 else f"{trained:,.0f} (all)"
