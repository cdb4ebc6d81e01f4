"""Two studies, stores or files as one set of results, with each method of the second compared with the first's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from analysis.results.csv_files.numbers import one_value_each
from analysis.results.frame import Results
from analysis.results.from_csv import OWN
from analysis.results.tidy import scorer
from analysis.results.view import View
from analysis.results.wording import counted, named
from harness.common import sources
from harness.common.errors import UserError, unknown
from harness.setting import value_label
from harness.store.store import Store
from harness.study.equivalence import DEFAULT, EquivalenceBounds
from harness.tasks import Own

NOTHING = "Nothing is compared"
"""Start of the report's question if the two results have no method in common."""


def side_by_side(
    first: str, ours: View, second: str, theirs: View, *, ddof: int = 1, baseline: str | None = None
) -> View:
    """A view of both results, with methods named ``<name>: <method>``.

    Each method of the second is compared with the first's method of the same label. If each result has a single method,
    these two are compared. Languages with different test sets, and languages of only one result, are left out of both.
    So are the source scores of results with different sources.

    Args:
        first, second: names of the results.
        ours, theirs: views of the results.
        ddof: ddof of every standard deviation.
        baseline: a method by its new name, or by its label in the first or else in the second. If given, all others are
            compared with it.

    Raises:
        UserError: the names are equal. Or metrics, rules of the scores or the source's test sets differ. Or no target
            language is in both with the same test set. Or there is no such baseline.
    """
    if first == second:
        raise UserError(
            f"compare: {first} is given twice; give two results, or --other-store where the second is in another store"
        )
    one, other = ours.results, theirs.results
    if one.metric and other.metric and one.metric != other.metric:
        raise UserError(
            f"compare: {first} has the metric {one.metric!r} and {second} {other.metric!r}; compare results of one "
            "metric"
        )
    if one.metric and other.metric and one.measure != other.measure:
        raise UserError(
            f"compare: {first} and {second} differ in the unit or the direction of {one.metric!r} "
            f"({one.measure.axis}; {other.measure.axis}); compare results of one metric"
        )
    _check_scorers(first, one, second, other)
    unlike = one.source != other.source
    kept, left_out = _languages(one, other)
    if not kept:
        why = f"; the test sets of {', '.join(left_out)} are not the same" if left_out else ""
        raise UserError(f"compare: {first} and {second} have no target language in common{why}")
    settings, renamed = _settings(one, other)
    own = () if unlike else sources.with_parts(one.source)
    sides = [
        _prefixed(_restricted(results, [*own, *kept]), f"{name}: ", renaming)
        for name, results, renaming in zip((first, second), (one, other), renamed, strict=True)
    ]
    base = _baseline(baseline, first, second, [method for side in sides for method in side.methods])
    pairs = _pairs(first, one, second, other) if base is None else {}
    alone = [method for side in sides for method in side.methods if method not in {*pairs, *pairs.values()}]
    lone = f" Not compared, as the other result lacks the method: {', '.join(alone)}." if alone and not base else ""
    dropped = _dropped(first, one, second, other)
    apart = _sources(first, one, second, other, kept) if unlike else ""
    unmatched = _told_alone(first, one, second, other)
    facts = apart + lone + dropped + unmatched + _shared(first, one, second, other)
    question = f"What is different in {second} from {first}?{facts}"
    if base is not None:
        question = f"What is different in the methods of {first} and {second} from {base}?{facts}"
    elif not pairs:
        question = f"{NOTHING}: {first} and {second} have no method in common.{apart}{dropped}"
    about = replace(
        one.about,
        name=f"{first} and {second}",
        source=sources.unlike(one.source, other.source) if unlike else one.source,
        question=question,
        targets=tuple(kept),
        methods=tuple(method for side in sides for method in side.about.methods),
        looks=None,  # a study's looks apply to its own comparisons
        equivalence=_bounds(one, other),
        bounded=one.about.bounded and one.about.equivalence == other.about.equivalence,
        described=_same_task(one, other),
        task=_either(one.about.task, other.about.task),
        encoder=_either(one.about.encoder, other.about.encoder),
        data=_either(one.about.data, other.about.data),
    )
    trials, scores = (
        pd.concat([getattr(side, name) for side in sides], ignore_index=True) for name in ("trials", "scores")
    )
    notes = tuple(f"{name}: {note}" for name, side in zip((first, second), sides, strict=True) for note in side.notes)
    stated = one.stated if one.metric else other.stated
    both = Results(about, trials, scores, settings, one.metric or other.metric, notes=notes, stated=stated)
    predicted = _predicted({first: ours, second: theirs})
    view = View(both, ddof, against=pairs, left_out=tuple(left_out), predicted=predicted)
    return view if base is None else view.with_baseline(base)


def _bounds(one: Results, other: Results) -> EquivalenceBounds:
    """The common bounds of equivalence, or the default if the two differ."""
    same = one.about.equivalence == other.about.equivalence
    return one.about.equivalence if same else DEFAULT


def _check_scorers(first: str, one: Results, second: str, other: Results) -> None:
    """Refuse scores by different rules. Unknown rules, as in a table of an earlier version, differ from known rules."""
    rules = [scorer(results) for results in (one, other)]
    if rules[0] != rules[1] and len(one.scores) and len(other.scores):
        said = " and ".join(
            f"{name} has the rules {rule}" if rule else f"{name} does not state its rules"
            for name, rule in zip((first, second), rules, strict=True)
        )
        raise UserError(
            f"compare: the scores are by different rules (column 'scorer'): {said}. Report a study anew from its "
            "store, or write the column into a file whose scores follow the same rules"
        )


def _baseline(given: str | None, first: str, second: str, methods: Sequence[str]) -> str | None:
    """The merged name of the user's baseline."""
    if given is None:
        return None
    for name in (given, f"{first}: {given}", f"{second}: {given}"):
        if name in methods:
            return name
    raise unknown("--baseline", given, methods)


def _same_task(one: Results, other: Results) -> Own[Any] | None:
    """The task that both studies describe; ``None`` if there is no such task."""
    ours, theirs = one.about.described, other.about.described
    return ours if ours is not None and theirs is not None and ours.fingerprint == theirs.fingerprint else None


@dataclass(frozen=True)
class _Predictions:
    """The predictions of two stores, by the merged names of their trials."""

    trials: Mapping[str, tuple[Store, str]]

    def predictions(self, trial: str) -> pa.Table:
        store, name = self.trials[trial]
        return store.predictions(name)


def _predicted(views: Mapping[str, View]) -> _Predictions | None:
    """The predictions of both; ``None`` if either result is not from a store."""
    found = {
        f"{name}: {trial}": (view.store, trial)
        for name, view in views.items()
        for trial in view.results.trials["trial"]
    }
    stored = {name: (store, trial) for name, (store, trial) in found.items() if store is not None}
    return _Predictions(stored) if len(stored) == len(found) else None


def _dropped(first: str, one: Results, second: str, other: Results) -> str:
    """A sentence on the target languages that only one of the two has."""
    told = []
    for name, mine, its in (
        (first, one.about.targets, other.about.targets),
        (second, other.about.targets, one.about.targets),
    ):
        if alone := [language for language in mine if language not in its]:
            told.append(f"{named(alone, f'{len(alone)} languages')} (only in {name})")
    return f" Target languages left out: {'; '.join(told)}." if told else ""


def _sources(first: str, one: Results, second: str, other: Results, kept: Sequence[str]) -> str:
    """Sentences on the comparable scores of results with different sources."""
    languages = named(kept, f"{len(kept)} languages")
    return (
        f" The sources differ: {one.source} in {first}, {other.source} in {second}. Zero-shot scores are "
        f"comparable in {languages}, the common targets with equal test sets. The source scores are not comparable, "
        "and are left out. Collapse is judged on each result's own source."
    )


def _shared(first: str, one: Results, second: str, other: Results) -> str:
    """A sentence on the number of trials with equal names and scores on both sides: they show no difference."""
    sides: list[dict[str, set[tuple[object, ...]]]] = [{}, {}]
    for trials, results in zip(sides, (one, other), strict=True):
        for trial, *row in results.scores[["trial", "split", "language", "metric", "score"]].itertuples(index=False):
            trials.setdefault(trial, set()).add(tuple(row))
    same = sum(sides[1].get(trial) == scores for trial, scores in sides[0].items())
    if not same:
        return ""
    if same == len(sides[0]) == len(sides[1]):
        return f" {first} and {second} have the same {counted(same, 'trial')}: there is nothing to compare."
    verb = "is" if same == 1 else "are"
    return f" {counted(same, 'trial')} {verb} the same on both sides and cannot show a difference."


def _languages(one: Results, other: Results) -> tuple[list[str], list[str]]:
    """The common target languages with equal test sets, and the languages whose test sets differ."""
    mine, theirs = _tests(one), _tests(other)
    common = [language for language in one.about.targets if language in other.about.targets]
    own = sources.parts(one.source) if one.source == other.source else ()
    differing = [code for code in (*own, *common) if mine.get(code) and theirs.get(code) and mine[code] != theirs[code]]
    if any(code in differing for code in own):
        raise UserError(
            f"compare: the test sets of the source, {one.source}, are not the same; their scores cannot be compared"
        )
    return [language for language in common if language not in differing], differing


def _tests(results: Results) -> dict[str, str]:
    return {language: test for tested in results.trials["test_data"] for language, test in tested.items()}


def _alone(one: Results, other: Results) -> list[str]:
    """Hyperparameters with a single value in one of the two and without a column in the other."""
    return [
        str(name)
        for mine, theirs in ((one.settings, other.settings), (other.settings, one.settings))
        for name in mine
        if name not in theirs and len({value_label(str(name), value) for value in mine[name]}) == 1
    ]


def _columns(one: Results, other: Results) -> list[str] | None:
    """The hyperparameters by which the settings are matched; ``None`` if the columns besides ``_alone`` differ, or if
    none is left."""
    alone = _alone(one, other)
    ours, theirs = ([str(name) for name in side.settings if name not in alone] for side in (one, other))
    return ours if ours and {*ours} == {*theirs} else None


def _told_alone(first: str, one: Results, second: str, other: Results) -> str:
    """A sentence on the hyperparameters of ``_alone``."""
    if _columns(one, other) is None:
        return ""
    told = []
    for name in _alone(one, other):
        side, settings = (first, one.settings) if name in one.settings else (second, other.settings)
        told.append(f"{name.removeprefix(OWN)} (only in {side}: {value_label(name, settings[name].iloc[0])})")
    return f" Settings are matched without {', '.join(told)}." if told else ""


def _settings(one: Results, other: Results) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """All settings under labels that are unique over both sides, and the new labels of each side's settings.

    The labels leave out the hyperparameters of ``_alone``. If the columns still differ or none is left, labels stay.
    """
    if (columns := _columns(one, other)) is None:
        joined = pd.concat([one.settings, other.settings])
        return joined[~joined.index.duplicated()], [{}, {}]
    joined = pd.concat([one.settings[columns], other.settings[columns]]).apply(one_value_each)
    rows: list[dict[str, object]] = joined.astype(object).to_dict("records")  # type: ignore[assignment]
    varied = [name for name in rows[0] if len({value_label(name, row[name]) for row in rows}) > 1] or [*rows[0]][:1]
    labels = [" ".join(f"{name}={value_label(name, row[name])}" for name in varied) for row in rows]
    split = len(one.settings)
    renamed = [
        dict(zip(one.settings.index, labels[:split], strict=True)),
        dict(zip(other.settings.index, labels[split:], strict=True)),
    ]
    joined.index = pd.Index(labels)
    return joined[~joined.index.duplicated()], renamed


def _restricted(results: Results, languages: list[str]) -> Results:
    """The results in some languages only, without trials that have none of them as a target.

    Dev scores stay: each method's best setting is selected on the dev scores of its own source.
    """
    kept = {*languages}
    targets = results.trials["targets"].map(lambda targets: tuple(language for language in targets if language in kept))
    trials = results.trials.assign(targets=targets)[targets.map(len) > 0]
    trials = trials.assign(
        test_data=trials["test_data"].map(lambda tested: {code: tested[code] for code in tested if code in kept})
    )
    scores = results.scores[results.scores["trial"].isin(trials["trial"])]
    own = scores["language"].isin(sources.with_parts(results.source))
    here = own.where(scores["split"] == "dev", scores["language"].isin(kept))
    return replace(results, trials=trials, scores=scores[here])


def _prefixed(results: Results, prefix: str, settings: Mapping[str, str]) -> Results:
    def named(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(
            trial=prefix + frame["trial"],
            method=prefix + frame["method"],
            setting=frame["setting"].map(lambda s: settings.get(s, s)),
        )

    about = replace(results.about, methods=tuple(f"{prefix}{method}" for method in results.about.methods))
    return replace(results, about=about, trials=named(results.trials), scores=named(results.scores))


def _pairs(first: str, one: Results, second: str, other: Results) -> dict[str, str]:
    """For each method of the second, the method of the first that it is compared with."""
    found = {f"{second}: {method}": f"{first}: {method}" for method in other.methods if method in one.methods}
    if not found and len(one.methods) == len(other.methods) == 1:
        found = {f"{second}: {other.methods[0]}": f"{first}: {one.methods[0]}"}
    return found


def _either(one: str, other: str) -> str:
    return one if one == other else " / ".join(filter(None, [one, other]))
