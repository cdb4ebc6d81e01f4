"""The answer in a few sentences.

Sentences on collapse, spread and mean are made from the claims in ``answer.json``.
"""

import math
from collections.abc import Iterator

from analysis.claims import sentences
from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Runs
from analysis.claims.looks import unplanned
from analysis.rendering.cells import Score
from analysis.rendering.section import Section
from analysis.results.view import View
from analysis.results.wording import counted, named
from harness.common import sources

MAX_METHODS_TOLD = 6
"""Largest number of methods that all get sentences. With more methods, only methods with a shown difference do."""


def section(view: View) -> Section | None:
    """The section. If no run is complete, a sentence says so."""
    if not view.results.runs["complete"].any():
        return Section("answer", "The answer", ["No run is complete yet, so there is no answer."])
    found = answer(view)
    rates = filter(None, [sentences.rates(found)])
    parts = [*warnings(found), *rates, *_movement(view), *_methods(view, found), *_cautions(view, found)]
    return Section("answer", "The answer", parts)


def warnings(found: Answer) -> Iterator[str]:
    """Warnings before any claim: confounding, and planned looks that are still to come."""
    contrasts = found.contrasts.values()
    yield from (contrast.confounding.sentence for contrast in contrasts if contrast.confounding is not None)
    yield from _looks(found, last=False)


def _looks(found: Answer, *, last: bool) -> Iterator[str]:
    """Sentences on looks: of methods at their last look if ``last``, else of the other methods.

    The sentences name the methods if their looks differ.
    """
    told: dict[tuple[str, bool], list[str]] = {}
    for method, contrast in found.contrasts.items():
        if contrast.look is not None:
            told.setdefault((contrast.look.sentence, contrast.look.last), []).append(method)
    for (sentence, reached), methods in told.items():
        if reached is last:
            yield f"{', '.join(methods)}: {sentence}" if len(told) > 1 else sentence


def _movement(view: View) -> Iterator[str]:
    """Sentences on the baseline's mean scores and their spread."""
    results = view.results
    baselines = [view.baseline] if view.against is None else list(dict.fromkeys(view.against.values()))
    if view.no_baseline:
        yield view.no_baseline
    for method in (baseline for baseline in baselines if baseline in results.methods):
        runs = results.runs[(results.runs["method"] == method) & results.runs["complete"]]
        surviving = runs[~runs["collapsed"]]
        settings, seeds = surviving["setting"].nunique(), surviving["seed"].nunique()
        source, zero_shot = (
            Score.over(surviving[name], len(surviving), view.ddof, results.form) for name in ("source", "zero_shot")
        )
        unlike = sources.are_unlike(results.source)  # the sources then have no score in common
        which = " that did not collapse" if len(surviving) < len(runs) else ""
        if not len(surviving):
            yield f"All runs of {method} collapsed." if len(runs) else f"No run of {method} is complete."
        elif math.isnan(zero_shot.std):
            on_source = "" if unlike else f"{results.source} {source.mean:{results.form}}, "
            score = format(zero_shot.mean, results.form)
            yield f"{method} has one run{which}: {on_source}zero-shot {score}; one run has no spread."
        else:
            on_source = "" if unlike else f"{source.plain()} on {results.source} and "
            grid = f"{counted(settings, 'setting')}, {counted(seeds, 'seed')}"
            yield (
                f"Over {counted(len(surviving), 'run')}{which} ({grid}) {method} "
                f"scores {on_source}{zero_shot.plain()} on average over "
                f"{counted(len(results.languages(method)), 'target language')} (mean ± standard deviation over runs)."
            )


def _methods(view: View, found: Answer) -> Iterator[str]:
    """Sentences on collapse, spread and mean, one paragraph per method."""
    told = {method: _method(found, method) for method in found.contrasts}
    told = {method: text for method, text in told.items() if text}
    shown = {claim.method for claim in found.claims if claim.shown}
    many = len(told) > MAX_METHODS_TOLD
    yield from (text for method, text in told.items() if not many or method in shown)
    if many and (quiet := len(told) - len(shown & told.keys())):
        base = "the baseline" if view.against else view.baseline
        yield f"No difference from {base} is shown for the rest: {counted(quiet, 'method')}."
    lacking = [
        method
        for method, comparison in view.comparisons.items()
        if comparison.runs <= 1 and not comparison.unpaired and comparison.base in view.results.methods
    ]
    if lacking:
        yield (
            f"{named(lacking, f'{len(lacking)} methods')}: too few runs share their setting and seed with the "
            "baseline, so the answer says nothing on spread and mean."
        )


def _method(found: Answer, method: str) -> str:
    told = (make(found, method) for make in (sentences.collapse, sentences.spread, sentences.mean))
    return " ".join(filter(None, told))


def _cautions(view: View, found: Answer) -> Iterator[str]:
    """Limits that belong beside the answer wherever it is quoted."""
    results = view.results
    told = [*view.notes, *_looks(found, last=True)]
    if any(claim.runs is Runs.SURVIVING and not math.isnan(claim.estimate) for claim in found.claims):
        told.append("Pairs in which neither run collapsed come from the easier settings, at which scores vary less.")
    lacking = int((~results.runs["complete"]).sum())
    if lacking:
        told.append(
            f"{counted(lacking, 'run')} of {len(results.runs)} failed or {'is' if lacking == 1 else 'are'} missing"
            f"{', or got incomplete scores' if results.unscored else ''}."
        )
        told += filter(None, [unplanned(results)])
    if view.left_out:
        told.append(f"Left out, because their test sets differ: {', '.join(view.left_out)}.")
    if any(claim.tests > 1 for claim in found.claims):
        told.append("A p is corrected for the number of methods (Holm). Intervals are not corrected.")
    if told:
        yield " ".join(told)
