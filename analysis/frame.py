"""From a store to tidy frames: one row per trial × language × metric, one per trial, one per run."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from harness.setting import setting_labels
from harness.store import Failure, Store
from harness.study import Study, TrialConfig

FINISHED, FAILED, MISSING = "finished", "failed", "missing"
OVERSHOOTING = "above 2 a plain gradient step overshoots θ* by more than it was away"
SIZES = ("parameters", "trained_parameters", "extra_memory_mib")
"""What a record's cost says of the method beside time and peak memory; records of older versions lack it."""
SCORE_COLUMNS = ("trial", "method", "setting", "seed", "split", "language", "metric", "score", "examples", "unknown")
NO_METRICS = ("majority", "examples", "fingerprint", "unknown")
"""What a record keeps of a test set beside its metrics."""


@dataclass(frozen=True)
class Results:
    """A study's results. A *run* is one method × setting × seed: one trial, or for ewc one trial a target language."""

    study: Study
    trials: pd.DataFrame
    """One row a trial: trial, method, setting, seed, targets, precision, checkpoint, status, collapsed, diverged, error, cost and
    provenance."""
    scores: pd.DataFrame
    """One row a finished trial × split × language × metric, with ``SCORE_COLUMNS``; ``unknown`` is the percentage of sub-words there
    that the encoder's vocabulary lacks, NaN where the record does not say."""
    metric: str
    """Name of the metric that tables show; empty where no trial has finished."""
    penalties: pd.DataFrame = field(default_factory=pd.DataFrame)
    """One row a window of steps of a finished trial whose method has a penalty: trial, method, setting, seed, done (% of the steps) and
    penalty (mean over the window)."""

    @property
    def methods(self) -> list[str]:
        """Labels in the study's order."""
        place = {arm.method.arm.label: number for number, arm in enumerate(self.study.arms)}
        return sorted(dict.fromkeys(self.trials["method"]), key=lambda label: place.get(label, len(place)))

    @property
    def settings(self) -> list[str]:
        return list(dict.fromkeys(self.trials["setting"]))

    @cached_property
    def test(self) -> pd.DataFrame:
        """The test scores that tables show: the task's metric, one row a trial × language."""
        return self.scores.query("split == 'test' and metric == @self.metric").drop(columns=["split", "metric"])

    @cached_property
    def targets(self) -> pd.DataFrame:
        """The target languages' rows of ``test``."""
        return self.test[self.test["language"] != self.study.source]

    def languages(self, method: str) -> list[str]:
        """The target languages with a score of the method."""
        return sorted(set(self.targets.loc[self.targets["method"] == method, "language"]))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: method, setting, seed, trials, finished, complete, collapsed, source, zero_shot, languages.

        ``source`` is the mean over the run's trials, ``zero_shot`` the mean over its target languages; both are missing where a trial of
        the run is.
        """
        keys = ["method", "setting", "seed"]
        trials = self.trials.assign(finished=self.trials["status"] == FINISHED)
        runs = trials.groupby(keys, sort=False).agg(
            trials=("trial", "size"),
            finished=("finished", "sum"),
            complete=("finished", "all"),
            collapsed=("collapsed", "any"),
        )
        source = self.test[self.test["language"] == self.study.source].groupby(keys)["score"].mean()
        targets = self.targets.groupby(keys)["score"]
        runs = runs.assign(source=source, zero_shot=targets.mean(), languages=targets.size())
        runs.loc[~runs["complete"], ["source", "zero_shot"]] = float("nan")
        return runs.reset_index()

    def without_collapsed(self) -> "Results":
        """The same results less the collapsed runs, which then are neither expected nor counted."""
        keys = ["method", "setting", "seed"]
        gone = pd.MultiIndex.from_frame(self.runs.loc[self.runs["collapsed"], keys])
        trials, scores = (frame[~pd.MultiIndex.from_frame(frame[keys]).isin(gone)] for frame in (self.trials, self.scores))
        return replace(self, trials=trials, scores=scores)


def load(store: Store, name: str) -> Results:
    """The results of a study as it was last run in a store. Raises ``UserError`` where it was not."""
    study, trials = store.study(name)
    standing = store.standing(trials)
    labels = setting_labels([trial.setting for trial in trials])
    trial_rows: list[dict[str, object]] = []
    penalised: dict[str, dict[str, object]] = {}
    score_rows: list[dict[str, object]] = []
    for trial in trials:
        keys = {
            "trial": trial.id,
            "method": trial.method.arm.label,
            "setting": labels[trial.setting],
            "seed": trial.seed,
        }
        asked = {**keys, "targets": trial.targets, "precision": trial.precision, "checkpoint": trial.checkpoint}
        if trial.id not in standing.finished:
            trial_rows.append({**asked, **_unfinished(standing.failures.get(trial.id))})
            continue
        record = standing.finished[trial.id]
        cost = record["cost"]
        if any(part.pulls for part in trial.method.parts):
            penalised[trial.id] = keys
        pull = cost.get("largest_pull", float("nan"))
        why = f"learning rate × λF reaches {pull:.3g}: {OVERSHOOTING}" if record["diverged"] and pull > 2 else ""
        trial_rows.append(
            {
                **asked,
                "status": FINISHED,
                "collapsed": record["collapsed"],
                "diverged": record["diverged"],
                "error": why,
                "largest_pull": pull,
                "seconds": cost["seconds"],
                "tokens_per_second": cost["tokens_per_second"],
                "peak_memory_mib": cost["peak_memory_mib"].get("gpu", cost["peak_memory_mib"]["resident"]),
                **{name: cost.get(name, float("nan")) for name in SIZES},
                "provenance": record["provenance"],
                "inputs": {"encoder revision": trial.encoder_revision, "training data": trial.training_data},
                "test_data": dict(trial.test_data),
            }
        )
        score_rows.extend(_score_rows(keys, trial, record["scores"]))
    metric = next((record["metric"] for record in standing.finished.values()), "")
    scores = pd.DataFrame(score_rows, columns=list(SCORE_COLUMNS))
    return Results(study, pd.DataFrame(trial_rows), scores, metric, _penalties(store, penalised))


def _penalties(store: Store, trials: dict[str, dict[str, object]]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for trial, history in store.histories(trials).items():
        last = max((row["step"] for row in history), default=1)
        rows += [{**trials[trial], "done": 100 * row["step"] / last, "penalty": row["penalty"]} for row in history if "penalty" in row]
    return pd.DataFrame(rows)


def _unfinished(failure: Failure | None) -> dict[str, object]:
    status = {"status": FAILED, "error": failure.error} if failure is not None else {"status": MISSING, "error": ""}
    return {**status, "collapsed": False, "diverged": False, "seconds": float("nan"), "tokens_per_second": float("nan")}


def _score_rows(keys: dict[str, object], trial: TrialConfig, scores: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, object]]:
    """Rows of the languages that the trial asks for; its record may have more, from another study."""
    wanted = {("dev", trial.source), *(("test", language) for language in trial.test_data)}
    rows: list[dict[str, object]] = []
    for split, languages in scores.items():
        for language, values in languages.items():
            if (split, language) in wanted:
                where = {**keys, "split": split, "language": language}
                beside = {"examples": values["examples"], "unknown": values.get("unknown", float("nan"))}
                rows += [{**where, "metric": metric, "score": values[metric], **beside} for metric in values if metric not in NO_METRICS]
    return rows
