"""Two studies, stores or files side by side: their results as one, each method of the second against the same of the first."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from analysis.frame import Results
from analysis.view import View
from harness import fields
from harness.errors import UserError

NOTHING = "Nothing is compared"
"""What a report of two results without a method in common says."""


def side_by_side(first: str, ours: View, second: str, theirs: View, *, ddof: int = 1) -> View:
    """A view of both results: methods are called ``<name>: <method>``, and each of the second is compared with the first's of its label,
    or, where each has one method alone, with that.

    Languages whose test sets differ between the two are left out of both. Raises ``UserError`` where the two have one name, different
    sources or metrics, or no language with the same test set.
    """
    if first == second:
        raise UserError(f"compare: {first} is given twice; give two results, or --other-store where the second is in another store")
    one, other = ours.results, theirs.results
    for what, mine, its in (("source", one.source, other.source), ("metric", one.metric, other.metric)):
        if mine and its and mine != its:
            raise UserError(f"compare: {first} has the {what} {mine!r} and {second} {its!r}; compare results of one {what}")
    kept, left_out = _languages(one, other)
    if not kept:
        why = f"; the test sets of {', '.join(left_out)} are not the same" if left_out else ""
        raise UserError(f"compare: {first} and {second} have no target language in common{why}")
    settings, renamed = _settings(one, other)
    sides = [
        _prefixed(_restricted(results, kept), f"{name}: ", renaming)
        for name, results, renaming in zip((first, second), (one, other), renamed, strict=True)
    ]
    pairs = _pairs(first, one, second, other)
    alone = [method for side in sides for method in side.methods if method not in {*pairs, *pairs.values()}]
    lone = f" Not compared, as the other has none of the label: {', '.join(alone)}." if alone else ""
    about = replace(
        one.about,
        name=f"{first} and {second}",
        question=f"What is different in {second} from {first}?{lone}"
        if pairs
        else f"{NOTHING}: {first} and {second} have no method in common.",
        targets=tuple(kept),
        methods=tuple(method for side in sides for method in side.about.methods),
        **{name: _either(getattr(one.about, name), getattr(other.about, name)) for name in ("task", "encoder", "data")},
    )
    trials, scores = (pd.concat([getattr(side, name) for side in sides], ignore_index=True) for name in ("trials", "scores"))
    both = Results(about, trials, scores, settings, one.metric or other.metric)
    return View(both, ddof, against=pairs, left_out=tuple(left_out))


def _languages(one: Results, other: Results) -> tuple[list[str], list[str]]:
    """The target languages that both have, with the same test set, and those that differ in it."""
    mine, theirs = _tests(one), _tests(other)
    common = [language for language in one.about.targets if language in other.about.targets]
    differing = [code for code in (one.source, *common) if mine.get(code) and theirs.get(code) and mine[code] != theirs[code]]
    if one.source in differing:
        raise UserError(f"compare: the test sets of the source, {one.source}, are not the same; their scores cannot be compared")
    return [language for language in common if language not in differing], differing


def _tests(results: Results) -> dict[str, str]:
    return {language: test for tested in results.trials["test_data"] for language, test in tested.items()}


def _settings(one: Results, other: Results) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """All settings under labels that hold for both, and the new label of each side's."""
    if {*one.settings.columns} != {*other.settings.columns} or not len(one.settings.columns):
        joined = pd.concat([one.settings, other.settings])
        return joined[~joined.index.duplicated()], [{}, {}]
    joined = pd.concat([one.settings, other.settings])
    rows: list[dict[str, object]] = joined.astype(object).to_dict("records")  # type: ignore[assignment]
    varied = [name for name in rows[0] if len({repr(row[name]) for row in rows}) > 1] or [*rows[0]][:1]
    labels = [" ".join(f"{name}={fields.short(row[name])}" for name in varied) for row in rows]
    split = len(one.settings)
    renamed = [dict(zip(one.settings.index, labels[:split], strict=True)), dict(zip(other.settings.index, labels[split:], strict=True))]
    joined.index = pd.Index(labels)
    return joined[~joined.index.duplicated()], renamed


def _restricted(results: Results, languages: list[str]) -> Results:
    """The results in some target languages alone; trials of none of them go."""
    kept = {results.source, *languages}
    targets = results.trials["targets"].map(lambda targets: tuple(language for language in targets if language in kept))
    trials = results.trials.assign(targets=targets)[targets.map(len) > 0]
    trials = trials.assign(test_data=trials["test_data"].map(lambda tested: {code: tested[code] for code in tested if code in kept}))
    scores = results.scores[results.scores["language"].isin(kept) & results.scores["trial"].isin(trials["trial"])]
    return replace(results, trials=trials, scores=scores)


def _prefixed(results: Results, prefix: str, settings: Mapping[str, str]) -> Results:
    def named(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(
            trial=prefix + frame["trial"], method=prefix + frame["method"], setting=frame["setting"].map(lambda s: settings.get(s, s))
        )

    about = replace(results.about, methods=tuple(f"{prefix}{method}" for method in results.about.methods))
    return replace(results, about=about, trials=named(results.trials), scores=named(results.scores))


def _pairs(first: str, one: Results, second: str, other: Results) -> dict[str, str]:
    """The first's method that each of the second's is compared with."""
    found = {f"{second}: {method}": f"{first}: {method}" for method in other.methods if method in one.methods}
    if not found and len(one.methods) == len(other.methods) == 1:
        found = {f"{second}: {other.methods[0]}": f"{first}: {one.methods[0]}"}
    return found


def _either(one: str, other: str) -> str:
    return one if one == other else " / ".join(filter(None, [one, other]))
