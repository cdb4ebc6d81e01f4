"""The answer in a few sentences. What they claim follows the intervals and the tests, and the power where nothing was
found."""

import math

from analysis.rendering.cells import Score
from analysis.rendering.section import Section
from analysis.results.comparison import LANGUAGES, ZERO_SHOT, Comparison, SpreadStatistics
from analysis.results.view import View
from analysis.sections.means import t_interval
from analysis.sections.spread import holm

LEVEL = 0.05
MAX_METHODS_TOLD = 6
"""Methods that have sentences of their own; of more only those with a finding have."""


def section(view: View) -> Section | None:
    """Where any run is complete."""
    if not view.results.runs["complete"].any():
        return Section("answer", "The answer", ["No run is complete yet: there is nothing to say."])
    found = {method: comparison for method, comparison in view.comparisons.items() if comparison.runs > 1}
    adjusted = holm(found)
    told = [
        _method(view, method, comparison, adjusted.get(method, math.nan), len(adjusted))
        for method, comparison in found.items()
    ]
    if len(told) > MAX_METHODS_TOLD:
        kept = [text for text, finding in told if finding]
        quiet = len(told) - len(kept)
        sentences = kept + (
            [f"Of the other {quiet} methods no difference from {view.baseline} is shown."] if quiet else []
        )
    else:
        sentences = [text for text, _ in told]
    uncompared = [
        method for method, comp in view.comparisons.items() if comp.runs <= 1 and comp.base in view.results.methods
    ]
    if uncompared:
        few = f"{', '.join(uncompared[:MAX_METHODS_TOLD])}{' and others' if len(uncompared) > MAX_METHODS_TOLD else ''}"
        sentences.append(
            f"{few}: too few runs at settings and seeds that the baseline has too, so that nothing is said of the "
            "spread."
        )
    return Section("answer", "The answer", [*_movement(view), *sentences, *_cautions(view)])


def _movement(view: View) -> list[str]:
    """How much the baseline's scores move."""
    results = view.results
    baselines = [view.baseline] if view.against is None else list(dict.fromkeys(view.against.values()))
    told = [view.no_baseline] if view.no_baseline else []
    for method in (baseline for baseline in baselines if baseline in results.methods):
        runs = results.runs[(results.runs["method"] == method) & results.runs["complete"]]
        settings, seeds = runs["setting"].nunique(), runs["seed"].nunique()
        what = f"{_count(len(runs), 'run')} ({_count(settings, 'setting')}, {_count(seeds, 'seed')})"
        source, zero_shot = (Score.over(runs[column], len(runs), view.ddof) for column in ("source", "zero_shot"))
        if not len(runs):
            told.append(f"No run of {method} is complete.")
        elif math.isnan(zero_shot.std):
            told.append(
                f"{method} has one run: {results.source} {source.mean:.2f}, zero-shot {zero_shot.mean:.2f}; one run "
                "has no spread."
            )
        else:
            told.append(
                f"Over {what} {method} scores {source.plain()} on {results.source} and {zero_shot.plain()} on average "
                f"over {_count(len(results.languages(method)), 'target language')} (mean ± standard deviation over "
                "runs)."
            )
    return told


def _method(view: View, method: str, comparison: Comparison, adjusted: float, tested: int) -> tuple[str, bool]:
    """What is said of a method against its baseline, and whether it is a finding."""
    whole = comparison.spreads[ZERO_SHOT]
    over = comparison.spreads.get(LANGUAGES, whole)
    spread, steady = _spread(method, comparison, whole, over, adjusted, tested if over is not whole else 1)
    score, better = _score(view, comparison)
    return f"{spread} {score}", steady or better


def _spread(
    method: str, comparison: Comparison, whole: SpreadStatistics, over: SpreadStatistics, adjusted: float, tested: int
) -> tuple[str, bool]:
    """Of so many methods tested over the languages. Ratio, interval, p and power are all ``over``'s."""
    ratio, test, size = over.ratio, over.test, _size(method, comparison, whole, over)
    p = adjusted if not math.isnan(adjusted) else test.p
    if math.isnan(ratio.value):
        return f"{size}.", False
    if math.isnan(p):
        return f"{size}; there is no test, as {test.reason}.", False
    shown = f"p = {p:.2g}, corrected for the number of methods" if p != test.p else f"p = {p:.2g}"
    if p > LEVEL:
        return f"{size}{_nothing_shown(over, tested, shown)}", False
    elsewhere = _elsewhere(comparison, over)
    if ratio.high < 1 or ratio.low > 1:
        return f"{size}: it is {'steadier' if ratio.value < 1 else 'less steady'} ({shown}).{elsewhere}", True
    what = "there is no interval to say how large" if math.isnan(ratio.low) else "the interval leaves its size open"
    return f"{size}; the test finds a difference ({shown}), but {what}.{elsewhere}", True


def _size(method: str, comparison: Comparison, whole: SpreadStatistics, over: SpreadStatistics) -> str:
    """How the two methods' spreads compare, or why they cannot be compared."""
    base, ratio, languages = comparison.base, over.ratio, len(comparison.steady_languages)
    runs = f"over the {comparison.runs} runs that both have"
    if math.isnan(ratio.value):
        return f"{method}: its spread cannot be compared with {base}'s {runs}, as {ratio.reason}"
    interval = "" if math.isnan(ratio.low) else f" (95 % interval {_end(ratio.low)} to {_end(ratio.high)})"
    times = f"{ratio.value:.2f} times {base}'s"
    if over is whole:
        return f"{method}: the standard deviation of its zero-shot score is {times}{interval} {runs}"
    where = f"{'on average over' if languages > 1 else 'in'} {_count(languages, 'target language')}"
    total = "" if math.isnan(whole.ratio.value) else f", that of the zero-shot score {whole.ratio.value:.2f} times"
    return f"{method}: {runs} its standard deviation is {times} {where}{interval}{total}"


def _nothing_shown(over: SpreadStatistics, tested: int, shown: str) -> str:
    """What an insignificant p leaves open."""
    least_p = over.test.least_p * tested
    if least_p > LEVEL:
        many = f", corrected for {tested} methods," if tested > 1 else ""
        return (
            f". Nothing can be shown with so few runs: the smallest p they can give{many} is {min(1.0, least_p):.2g}."
        )
    ratio, alone = over.minimum_detectable.ratio, "" if tested == 1 else ", were it the only test"
    power = f"; the minimum detectable ratio is {ratio:.2f} (with 80 % power{alone}), a milder one may be there"
    return f": no difference is shown ({shown}){'' if math.isnan(ratio) else power}."


def _elsewhere(comparison: Comparison, over: SpreadStatistics) -> str:
    """Whether a finding that is about the study's settings holds for others too."""
    test = over.other_test
    if test is None:
        return ""
    if math.isnan(test.p) or test.least_p > LEVEL:
        return f" That is of these {comparison.settings} settings: so few can show nothing of others."
    if test.p <= LEVEL:
        return f" So it is where whole settings are swapped (p = {test.p:.2g}), and so for other settings."
    return (
        f" That is of these {comparison.settings} settings; of others it is open (p = {test.p:.2g} where whole "
        "settings are swapped)."
    )


def _end(value: float) -> str:
    return "below 0.01" if value < 0.01 else "over 100" if value > 100 else f"{value:.2f}"


def _score(view: View, comparison: Comparison) -> tuple[str, bool]:
    ours, theirs = comparison.zero_shot
    runs = t_interval(ours - theirs)
    bootstrap = view.multi_bootstraps[comparison.method].zero_shot
    wide = (runs.low, runs.high) if bootstrap is None or math.isnan(bootstrap.low) else (
        min(runs.low, bootstrap.low), max(runs.high, bootstrap.high)
    )  # fmt: skip
    if math.isnan(wide[0]):
        return f"Its mean differs by {_signed(runs.value)} points.", False
    interval = f"{_signed(wide[0])} to {_signed(wide[1])}"
    if wide[0] > 0 or wide[1] < 0:
        return (
            f"Its zero-shot score is {'higher' if runs.value > 0 else 'lower'} by {abs(runs.value):.2f} points "
            f"(interval {interval}).",
            True,
        )
    return (
        f"Whether its zero-shot score is higher or lower is open: {_signed(runs.value)} points (interval {interval}).",
        False,
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _cautions(view: View) -> list[str]:
    """What a reader has to know before quoting any of it."""
    results = view.results
    told = [*view.notes]
    if results.without:
        told.append(f"This is without {_count(results.without, 'collapsed run')}.")
    collapsed = int(results.runs["collapsed"].sum())
    if collapsed:
        told.append(
            f"{_count(collapsed, 'run')} collapsed and {'is' if collapsed == 1 else 'are'} included; what is left "
            "without is folded below."
        )
    lacking = int((~results.runs["complete"]).sum())
    if lacking:
        told.append(
            f"{_count(lacking, 'run')} of {len(results.runs)} failed or {'is' if lacking == 1 else 'are'} missing"
            f"{', or lack scores' if results.unscored else ''}."
        )
    if view.left_out:
        told.append(f"Left out, as their test sets differ: {', '.join(view.left_out)}.")
    if sum(comparison.runs > 1 for comparison in view.comparisons.values()) > 1:
        told.append(
            "The intervals of the scores' differences are each for itself, not corrected for the number of methods."
        )
    compared = [comparison for comparison in view.comparisons.values() if comparison.settings > 1]
    if any(comparison.settings == comparison.runs for comparison in compared):
        told.append(
            "Intervals take the settings for a sample of those one might have chosen; of other settings they promise "
            "nothing."
        )
    if any(comparison.settings < comparison.runs for comparison in compared):
        told.append(
            "Where settings have several runs each, intervals are about these settings unless it is said otherwise."
        )
    return [" ".join(told)] if told else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
