"""Words that several sections share: names in a sentence, and the definition of collapse."""

from collections.abc import Collection, Sequence

from harness.tasks import number_fit
from harness.tasks.label_counts import ONE_LABEL, STANDARD_ERRORS
from harness.tasks.metrics import METRICS

COLLAPSED = (
    f"Collapsed: accuracy at most {STANDARD_ERRORS} binomial standard errors above the accuracy of the best constant "
    f"answer on the test set. Also collapsed: one label for at least {100 * ONE_LABEL:.0f} % of the predictions. "
    "A model without a mistake has not collapsed."
)
COLLAPSED_NUMBERS = (
    f"Collapsed: Pearson's correlation with the test set's n gold numbers at most tanh({number_fit.STANDARD_ERRORS} / "
    f"√(n − 3)). This bar is {number_fit.STANDARD_ERRORS} standard errors of Fisher's z above chance. Also collapsed: "
    f"a standard deviation of the predictions below {100 * number_fit.FLAT:.0f} % of the gold numbers' standard "
    "deviation."
)
COLLAPSED_ANSWERS = (
    f"Collapsed: exact match at most {STANDARD_ERRORS} binomial standard errors above the exact match of the best "
    "constant answer on the test set. A constant answer is one text for all questions, or the first n sub-words of the "
    f"context. Also collapsed: one text for at least {100 * ONE_LABEL:.0f} % of the questions."
)
MAX_NAMED = 12
"""Largest number of names that a sentence lists. More are counted, and only a table names them."""


def collapse_rule(metrics: Collection[str]) -> str:
    """The definition of collapse for scores in some metrics.

    The metrics tell the kind of task: a metric of numbers for regression, exact match for question answering.
    """
    compared = {METRICS[name].of for name in metrics if name in METRICS}
    rules = {"numbers": COLLAPSED_NUMBERS, "answers": COLLAPSED_ANSWERS}
    return next((rule for kind, rule in rules.items() if kind in compared), COLLAPSED)


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as ``1 run`` and ``2 runs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def signed(value: float, form: str = ".2f") -> str:
    """A difference with its sign, and with a true minus."""
    return f"{value:+{form}}".replace("-", "−")


def named(names: Sequence[str], otherwise: str, *, separator: str = ", ", most: int = MAX_NAMED) -> str:
    """The names in a list, or the given words if there are too many."""
    return separator.join(names) if len(names) <= most else otherwise


def languages_named(languages: Sequence[str], targets: Sequence[str]) -> str:
    """Target languages in words: the names if few, or the names that are left out if those are few."""
    left_out = [language for language in targets if language not in languages]
    if not left_out:
        return f"all {len(targets)} target languages"
    few = named(languages, named(left_out, "") and f"all but {', '.join(left_out)}")
    return f"{len(languages)} target languages" + (f" ({few})" if few else "")
