"""Results in Python: frames for pandas, claims as data, and the report's tables and figures by name."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd
from matplotlib.figure import Figure

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity, Scope
from analysis.examples import DEFAULT
from analysis.examples import example as shipped
from analysis.rendering.section import Picture
from analysis.rendering.table import Table
from analysis.report import Chapter, answer_sentences, chapters, write
from analysis.results.frame import RUN
from analysis.results.opening import opened
from analysis.results.tidy import tidy
from analysis.results.view import View
from harness.common import files
from harness.common.errors import UserError, unknown
from harness.common.users.arguments import checked

ZERO_SHOT = "zero-shot"
T = TypeVar("T")


class Loaded:
    """The results of a study, as the report shows them.

    ``frame`` and ``runs`` are pandas frames to compute with; ``answer`` has the claims; ``table`` and ``figure`` give a
    part of the report by name. All are computed on first use.
    """

    def __init__(self, view: View) -> None:
        self._view = view

    def __repr__(self) -> str:
        about, trials = self._view.results.about, self._view.results.trials
        finished = int((trials["status"] == "finished").sum())
        return f"<results of {about.name}: {finished} of {len(trials)} trials, methods {', '.join(self.methods)}>"

    @property
    def study(self) -> str:
        """The study's name."""
        return self._view.results.about.name

    @property
    def source(self) -> str:
        """The language of the training data."""
        return self._view.results.source

    @property
    def methods(self) -> list[str]:
        """Labels of the methods, in the study's order."""
        return self._view.results.methods

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per trial × split × language × metric, with the hyperparameters: the content of ``results.csv``."""
        return tidy(self._view.results)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run (method, setting, seed, replicate), one column of test scores per language.

        The source comes first, then the target languages. ``zero-shot`` is the mean of the target languages.
        ``collapsed`` says whether the run has collapsed on the source. A missing score is NaN, and so is ``zero-shot``
        if a target has no score.
        """
        results = self._view.results
        wide = results.wide.copy()
        wide[ZERO_SHOT] = wide[list(results.about.targets)].mean(axis=1, skipna=False)
        wide["collapsed"] = results.runs.set_index(RUN)["collapsed"].reindex(wide.index)
        return wide.rename_axis(columns=None)

    @cached_property
    def answer(self) -> Answer:
        """All claims, each with estimate, 95 % interval, p and verdict (``analysis.claims.claim.Claim``)."""
        return answer(self._first)

    @cached_property
    def sentences(self) -> list[str]:
        """The report's answer in words."""
        return answer_sentences(self._chapters)

    @property
    def tables(self) -> list[str]:
        """Names of the report's tables."""
        return list(self._tables)

    def table(self, name: str) -> Table:
        """A table of the report. It has ``frame()``, ``latex()``, ``markdown()`` and ``plain()``.

        Raises ``UserError`` for an unknown name.
        """
        return _found("table", name, self._tables)

    @property
    def figures(self) -> list[str]:
        """Names of the report's figures."""
        return list(self._pictures)

    def figure(self, name: str) -> Figure:
        """A figure of the report, as a matplotlib figure. Raises ``UserError`` for an unknown name."""
        return _found("figure", name, self._pictures).figure

    def report(self, out: str | os.PathLike[str] | None = None) -> Path:
        """Write the report, and return the path of its page; see ``analysis.report.write``."""
        return write(self._view, None if out is None else Path(out), made=self._chapters).html

    def claim(self, quantity: Quantity, method: str, *, baseline: str | None = None, scope: Scope) -> Claim:
        """The claim on a quantity of a method.

        A name such as ``l2`` stands for the label ``l2(strength=0.1)`` if no other method has that name. Raises
        ``UserError`` if ``method`` or ``baseline`` is unknown, if both are the same, or if there is no such claim.
        """
        base = self._view.baseline if baseline is None else self._label("baseline", baseline, self.methods)
        against = self if base == self._view.baseline else Loaded(self._view.with_baseline(base))
        others = [label for label in self.methods if label != base]
        label = self._label("method", method, others)
        found = against.answer.claim(quantity, label, scope)
        if found is None:
            raise UserError(f"results: the runs of {label} and {base} give no claim on the {quantity} for {scope}")
        return found

    @staticmethod
    def _label(field: str, name: str, labels: Sequence[str]) -> str:
        """The label of a method, from its label or its name."""
        if name in labels:
            return name
        named = [label for label in labels if label.partition("(")[0] == name]
        if len(named) != 1:
            raise unknown(field, name, labels)
        return named[0]

    @cached_property
    def _first(self) -> View:
        return self._view.without_reruns()

    @cached_property
    def _chapters(self) -> Sequence[Chapter]:
        return chapters(self._view)

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {part.name: part for part in self._parts() if isinstance(part, Table)}

    @cached_property
    def _pictures(self) -> dict[str, Picture]:
        return {part.name: part for part in self._parts() if isinstance(part, Picture)}

    def _parts(self) -> Iterator[str | Table | Picture]:
        for chapter in self._chapters:
            for section in (chapter.section, chapter.twin):
                yield from section.parts if section is not None else ()


def _found(kind: str, name: str, there: Mapping[str, T]) -> T:
    if name not in there:
        raise unknown(kind, name, list(there))
    return there[name]


@checked
def load(store: str | os.PathLike[str], study: str, *, baseline: str | None = None, ddof: int = 1) -> Loaded:
    """The results of a study that was run in a store.

    Args:
        store: Folder or URL of the store.
        study: Name of the study.
        baseline: Method to compare the others with; the default is vanilla if the study has it, else the first method.
        ddof: ddof of standard deviations.

    Raises:
        UserError: The store, the study or the baseline does not exist.
    """
    return Loaded(opened(study, os.fspath(store), baseline=baseline, ddof=ddof))


@checked
def read(
    path: str | os.PathLike[str],
    *,
    source: str | None = None,
    baseline: str | None = None,
    ddof: int = 1,
    columns: Mapping[str, str] | None = None,
) -> Loaded:
    """The results in a table, or in a folder of another program's runs.

    Args:
        path: A ``.csv``, ``.tsv`` or ``.txt`` file, also with ``.gz``; or a folder of runs of Hugging Face's Trainer or
            of Ray Tune.
        source: Language of the training data. The default is the results' own source, else ``en``.
        baseline: Method to compare the others with; the default is vanilla if the study has it, else the first method.
        ddof: ddof of standard deviations.
        columns: Columns of another program's results by field, such as ``{"method": "config.method"}``.

    Raises:
        UserError: The path does not exist or cannot be read as results, or the baseline does not exist.
    """
    if files.directory("path", os.fspath(path)) is None:
        files.existing("path", os.fspath(path), "a folder of results")
    maps = [f"{field}={column}" for field, column in (columns or {}).items()]
    return Loaded(opened(os.fspath(path), "", source=source, baseline=baseline, ddof=ddof, maps=maps))


@checked
def example(name: str = DEFAULT) -> Loaded:
    """The shipped results of a study: ``panx``, ``udpos``, ``ladder`` or ``quickstart``.

    Raises ``UserError`` for an unknown name.
    """
    with shipped(name) as file:
        return read(file)


@checked
def std_ratio(results: Loaded, method: str, *, baseline: str | None = None) -> Claim:
    """A method's standard deviation divided by the baseline's, in pairs of these runs in which neither collapsed.

    The estimate is the geometric mean over the target languages. ``low`` and ``high`` are the ends of the 95 %
    interval. ``p`` comes from the swap test. ``verdict`` says whether a difference is shown. Raises ``UserError`` as
    ``Loaded.claim`` does.
    """
    return results.claim(Quantity.SPREAD, method, baseline=baseline, scope=Scope.THESE)


@checked
def mean_difference(results: Loaded, method: str, *, baseline: str | None = None) -> Claim:
    """A method's mean zero-shot score minus the baseline's, in points or the metric's own unit.

    The claim is for the widest scope that has a test: other settings, other seeds, or else these runs alone. Raises
    ``UserError`` as ``Loaded.claim`` does.
    """
    for scope in (Scope.SETTINGS, Scope.SEEDS):
        claim = results.claim(Quantity.MEAN, method, baseline=baseline, scope=scope)
        if claim.tested:
            return claim
    return results.claim(Quantity.MEAN, method, baseline=baseline, scope=Scope.THESE)


@checked
def collapse_difference(results: Loaded, method: str, *, baseline: str | None = None) -> Claim:
    """A method's share of collapsed runs minus the baseline's, over these runs.

    Raises ``UserError`` as ``Loaded.claim`` does.
    """
    return results.claim(Quantity.COLLAPSE, method, baseline=baseline, scope=Scope.THESE)
