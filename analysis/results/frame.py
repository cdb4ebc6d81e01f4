"""A study's results as tidy frames: one row per trial × split × language × metric, per trial or per run."""

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from analysis.results.about import About
from analysis.results.balance import Balance
from analysis.results.wording import named
from harness.common import sources
from harness.common.errors import UserError
from harness.tasks.metrics import Measure, measure_of

FINISHED, FAILED, MISSING = "finished", "failed", "missing"
STATUSES = (FINISHED, FAILED, MISSING)
PAIR = ["setting", "seed", "replicate"]
"""Columns that pair a run of one method with a run of another."""
RUN = ["method", *PAIR]
MOST_DIGITS = 6
SCORE_COLUMNS = ("trial", *RUN, "split", "language", "metric", "score", "examples", "unknown")


@dataclass(frozen=True)
class Results:
    """A study's results. A *run* is one method × setting × seed × replicate: one trial, or one ewc trial per target.

    Raises ``UserError`` if a language's scores come from several test sets, because their mean would be meaningless.
    """

    about: About
    trials: pd.DataFrame
    """One row per trial.

    Columns: trial, method, setting, seed, replicate, targets, status, collapsed, diverged, error, scorer (rules of the
    scores) and test_data (fingerprint by language). Results from a store also have precision, checkpoint, costs,
    ended (a table may have it too), provenance, inputs, collapsed_in and running. collapsed_in says by language whether
    the model has collapsed there. running has the host, start and progress of a trial that runs now; else it is empty.
    """
    scores: pd.DataFrame
    """One row per finished trial × split × language × metric, with ``SCORE_COLUMNS``.

    ``unknown`` is the percentage of the language's sub-words that the encoder's vocabulary lacks; NaN if not known.
    """
    settings: pd.DataFrame
    """One row of hyperparameters per setting, by its label."""
    metric: str
    """Name of the metric in tables; empty if no trial has finished."""
    without: int = field(default=0, kw_only=True)
    """Number of collapsed runs that were left out."""
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    """Sentences on how the results were read, to be quoted with them."""
    stated: Measure | None = field(default=None, kw_only=True)
    """How to read scores in ``metric``, if its name does not say it."""

    def __post_init__(self) -> None:
        met: dict[str, set[str]] = {}
        for tests in self.trials["test_data"]:
            for language, fingerprint in tests.items():
                met.setdefault(language, set()).add(fingerprint)
        for language, fingerprints in met.items():
            if len(fingerprints) > 1:
                raise UserError(
                    f"test data: {language!r} has scores on {len(fingerprints)} test sets "
                    f"({', '.join(sorted(fingerprints))}); scores on different test sets are not averaged: report "
                    "them apart"
                )

    @property
    def source(self) -> str:
        """The language of the training data."""
        return self.about.source

    @property
    def measure(self) -> Measure:
        """Name, unit and direction of scores in ``metric``."""
        return self.stated or measure_of(self.metric)

    @cached_property
    def form(self) -> str:
        """The format of scores: points have two decimals.

        Scores in another unit have 2 to ``MOST_DIGITS`` decimals, for two digits of the smallest std or mean of a
        method's zero-shot scores.
        """
        if self.measure.points:
            return ".2f"
        by_method = self.runs.groupby("method")["zero_shot"]
        sizes = [*by_method.std(), *by_method.mean().abs()]
        least = min((size for size in sizes if size > 0), default=1.0)
        return f".{min(max(1 - math.floor(math.log10(least)), 2), MOST_DIGITS)}f"

    @property
    def running(self) -> int:
        """Number of trials that run now."""
        return int((self.trials["running"] != "").sum()) if "running" in self.trials else 0

    @cached_property
    def methods(self) -> list[str]:
        """Labels of the methods with a trial, in the study's order."""
        found = set(self.trials["method"])
        return [*(method for method in self.about.methods if method in found)]

    @cached_property
    def settings_met(self) -> list[str]:
        """Labels of the settings with a trial, in the order of ``settings``."""
        found = set(self.trials["setting"])
        return [str(setting) for setting in self.settings.index if setting in found]

    @cached_property
    def varied(self) -> pd.DataFrame:
        """The hyperparameters that differ between settings."""
        met = self.settings.loc[self.settings_met]
        return met[[name for name in met if met[name].astype(object).map(repr).nunique() > 1]]

    @cached_property
    def test(self) -> pd.DataFrame:
        """Test scores in ``metric``, one row per trial × language."""
        return self._of("test")

    @cached_property
    def dev(self) -> pd.DataFrame:
        """The source's dev scores in ``metric``, one row per trial; empty without dev scores.

        Two compared studies with different sources have the dev scores of their own sources.
        """
        scores = self._of("dev")
        if sources.are_unlike(self.source):
            return scores
        return scores[scores["language"].isin(sources.with_parts(self.source))]

    def _of(self, split: str) -> pd.DataFrame:
        here = (self.scores["split"] == split) & (self.scores["metric"] == self.metric)
        return self.scores[here].drop(columns=["split", "metric"])

    @cached_property
    def targets(self) -> pd.DataFrame:
        """The target languages' rows of ``test``."""
        return self.test[~self.test["language"].isin(sources.with_parts(self.source))]

    @cached_property
    def wide(self) -> pd.DataFrame:
        """Test scores: one row per run (``RUN``), one column per language, the source first; NaN for none.

        The source's score of a run is the mean over the run's trials.
        """
        runs = pd.MultiIndex.from_frame(self.trials[RUN].drop_duplicates())
        table = self.test.groupby([*RUN, "language"], sort=False)["score"].mean().unstack("language")
        return table.reindex(index=runs, columns=[self.source, *self.about.targets])

    @cached_property
    def collapsed_in(self) -> pd.DataFrame:
        """Whether a run has collapsed in a language: rows and columns of ``wide``, of pandas' type ``boolean``.

        If the source has several languages, each of them has a column too. A value is missing (``pd.NA``) if no
        finished trial of the run scored that language, or if its labels are not known. Results from a CSV file have no
        values for target languages. The source's column equals ``collapsed`` of ``runs``.
        """
        languages = dict.fromkeys([*sources.with_parts(self.source), *self.about.targets])
        finished = self.trials[self.trials["status"] == FINISHED]
        known = finished.get("collapsed_in", pd.Series(None, index=finished.index, dtype=object))
        told = [
            {**(flags if isinstance(flags, dict) else {}), self.source: bool(source)}
            for flags, source in zip(known, finished["collapsed"], strict=True)
        ]
        runs = pd.MultiIndex.from_frame(finished[RUN])
        columns = {
            language: pd.array([flags.get(language) for flags in told], dtype="boolean") for language in languages
        }
        trials = pd.DataFrame(columns, index=runs)
        return trials.groupby(level=RUN, sort=False).max().reindex(self.wide.index)

    @cached_property
    def asked(self) -> pd.DataFrame:
        """Number of runs of each method (rows) meant to be scored in each language (columns)."""
        languages = [self.source, *self.about.targets]
        counts = {method: Counter[str]() for method in self.methods}
        for method, targets in zip(self.trials["method"], self.trials["targets"], strict=True):
            counts[method].update(targets)
        table = pd.DataFrame(counts).T.reindex(index=self.methods, columns=languages).fillna(0).astype(int)
        table[self.source] = self.runs.groupby("method").size()
        return table

    def of(self, method: str) -> pd.DataFrame:
        """The rows of one method in ``wide``, by setting, seed and replicate."""
        return rows_of(self.wide, method)

    def collapsed_of(self, method: str) -> pd.DataFrame:
        """The rows of one method in ``collapsed_in``, by setting, seed and replicate."""
        return rows_of(self.collapsed_in, method)

    @cached_property
    def balances(self) -> dict[str, Balance]:
        """The finished runs and the target languages of every method's zero-shot score."""
        done = self.trials.assign(finished=self.trials["status"] == FINISHED).groupby(RUN, sort=False)["finished"].all()
        targets = self.wide.loc[done[done].index, [*self.about.targets]]
        return {
            method: Balance.of(targets[targets.index.get_level_values("method") == method]) for method in self.methods
        }

    @property
    def unscored(self) -> int:
        """Number of runs with all trials finished but incomplete scores."""
        return int(((self.runs["finished"] == self.runs["trials"]) & ~self.runs["complete"]).sum())

    def languages(self, method: str) -> list[str]:
        """The target languages of the method's zero-shot score; without a complete run, all languages with a score."""
        if found := self.balances[method].languages:
            return sorted(found)
        scores = self.of(method)
        return sorted(language for language in self.about.targets if scores[language].notna().any())

    @cached_property
    def cautions(self) -> list[str]:
        """The notes, then sentences on missing scores and runs."""
        complete = self.runs[self.runs["complete"]]
        told = [*self.notes]
        for method, balance in self.balances.items():
            told.append(balance.told(f"The zero-shot score of {method}", len(balance.runs)))
            runs = complete[complete["method"] == method]
            if sources.are_unlike(self.source):
                continue
            if lost := [f"setting {row.setting}, seed {row.seed}" for row in runs[runs["source"].isna()].itertuples()]:
                where = named(lost, f"{len(lost)} runs", separator="; ")
                told.append(
                    f"{len(lost)} of {len(runs)} runs of {method} have no score of the source, {self.source}: {where}."
                )
        return [*filter(None, told)]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run: method, setting, seed, replicate, trials, finished, complete, collapsed, source, dev,
        zero_shot, languages.

        ``trials`` and ``finished`` are numbers of trials, ``languages`` a number of languages. ``source`` and ``dev``
        are means over the run's trials. ``zero_shot`` is the mean over the common languages of the method's finished
        runs (``balances``). These three are missing in a run that is not ``complete``: a trial did not finish, or a
        score in a common language is missing.
        """
        trials = self.trials.assign(finished=self.trials["status"] == FINISHED)
        runs = trials.groupby(RUN, sort=False).agg(
            trials=("trial", "size"),
            finished=("finished", "sum"),
            complete=("finished", "all"),
            collapsed=("collapsed", "any"),
        )
        targets = pd.concat(
            [
                self.wide.reindex(balance.runs.index[balance.runs])[[*balance.languages]]
                for balance in self.balances.values()
            ]
        ).reindex(index=self.wide.index)
        dev = self.dev.groupby(RUN, sort=False)["score"].mean()
        runs = runs.assign(
            source=self.wide[self.source],
            dev=dev,
            zero_shot=targets.mean(axis=1),
            languages=targets.notna().sum(axis=1),
        )
        runs["complete"] &= runs["zero_shot"].notna()
        runs.loc[~runs["complete"], ["source", "dev", "zero_shot"]] = float("nan")
        return runs.reset_index()

    @cached_property
    def most_replicates(self) -> int:
        """Largest number of runs of one method, setting and seed."""
        return int(self.trials[RUN].drop_duplicates().groupby(["method", "setting", "seed"]).size().max())

    def without_reruns(self) -> "Results":
        """The same results with only the first run of each method, setting and seed."""
        if self.most_replicates < 2:
            return self
        key = ["method", "setting", "seed"]
        first = pd.MultiIndex.from_frame(self.trials.groupby(key, sort=False)["replicate"].min().reset_index()[RUN])
        trials, scores = (
            frame[pd.MultiIndex.from_frame(frame[RUN]).isin(first)] for frame in (self.trials, self.scores)
        )
        return replace(self, trials=trials, scores=scores)

    def without_collapsed(self) -> "Results":
        """The same results without the collapsed runs. These count neither as expected nor as missing."""
        gone = pd.MultiIndex.from_frame(self.runs.loc[self.runs["collapsed"], RUN])
        trials, scores = (
            frame[~pd.MultiIndex.from_frame(frame[RUN]).isin(gone)] for frame in (self.trials, self.scores)
        )
        return replace(self, trials=trials, scores=scores, without=len(gone))


def rows_of(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """The rows of one method in a table by run (``RUN``)."""
    return table[table.index.get_level_values("method") == method].droplevel("method")
