"""Glossary of the heads of tables: each term once, with its source and a link to the source."""

from collections.abc import Mapping
from dataclasses import dataclass

DOI = "https://doi.org/"
ARXIV = "https://arxiv.org/abs/"


@dataclass(frozen=True)
class Term:
    """A term of the report."""

    name: str
    meaning: str
    source: str = ""
    """Author and year of its source."""
    link: str = ""
    """Address of the source."""

    @property
    def anchor(self) -> str:
        """Anchor of the term on the page."""
        return "term-" + "".join(letter if letter.isalnum() else "-" for letter in self.name)


TERMS = {
    term.name: term
    for term in (
        Term("run", "One fine-tuning: a method at a setting with a seed."),
        Term("setting", "One choice of all hyperparameters."),
        Term("zero-shot score", "The mean of a run's scores over the target languages, which it was not trained on."),
        Term(
            "mean ± std",
            "Mean and standard deviation over runs. In brackets: the number of runs with a score, out of all runs.",
        ),
        Term(
            "collapse",
            "A run collapses if its accuracy on the source's test set is at most 2 binomial standard errors above the "
            "best constant answer's accuracy. In question answering, exact match takes the place of accuracy. A run "
            "also collapses if 99 % or more of its answers are the same. A run without a mistake has not collapsed. A "
            "regression model collapses if its n numbers correlate with the gold numbers by at most "
            "tanh(2 / √(n − 3)). It also collapses if its numbers' standard deviation is below 1 % of the gold "
            "numbers' standard deviation.",
        ),
        Term("share", "Collapsed runs in per cent, with Wilson's 95 % interval.", "Wilson, 1927"),
        Term(
            "difference of shares",
            "Percentage points, the method's share less the baseline's, with Newcombe's 95 % interval for paired "
            "proportions.",
            "Newcombe, 1998, method 10",
            f"{DOI}10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C",
        ),
        Term(
            "McNemar's test",
            "Exact test of whether one method collapses more often than the other in paired runs.",
            "McNemar, 1947",
            f"{DOI}10.1007/BF02295996",
        ),
        Term(
            "permutation test over settings",
            "Exact test that swaps the two methods' names at whole settings. A finding holds for other settings too.",
        ),
        Term(
            "Holm's correction",
            "p corrected for the number of methods, or of languages, that are tested together.",
            "Holm, 1979",
            "https://www.jstor.org/stable/4615733",
        ),
        Term(
            "pairs needed",
            "Smallest number of pairs that gives p ≤ 0.05 after Holm's correction, whatever the other methods' p. In "
            "all these pairs the same method alone collapses.",
        ),
        Term(
            "ratio of standard deviations",
            "The method's standard deviation divided by the baseline's, over the runs that both have. With several "
            "languages: the geometric mean of the ratios. Below 1 the method is steadier. In brackets: the ratios that "
            "the row's test does not reject at 5 %.",
        ),
        Term(
            "swap test",
            "Paired permutation test of the mean log ratio of standard deviations. The methods are swapped within a "
            "setting and seed, all languages of a run together. Scores are centred on each method's median. If "
            "settings share several seeds, claims for other seeds and settings use a jackknife over seeds and settings "
            "instead. If each setting has its own seeds, the swap test holds for other seeds. For other settings it "
            "then swaps whole settings, as with a single seed.",
        ),
        Term(
            "minimum detectable ratio",
            "The ratio of standard deviations, or its inverse, that the test of these runs finds at 5 % with 80 % "
            "power, before any correction.",
        ),
        Term(
            "minimum detectable difference",
            "The difference that the test for other settings finds at 5 % with 80 % power, before any correction.",
        ),
        Term(
            "other seeds",
            "The settings stay, and the seeds are a sample. The interval is Student's, at 95 %.",
        ),
        Term(
            "other settings too",
            "Settings and seeds are both random factors, and both add to the error. The interval is Student's, at "
            "95 %.",
        ),
        Term(
            "multi-bootstrap",
            "Bootstrap interval that resamples the runs, as if they were independent, and the test examples of each "
            "language.",
            "Sellam et al., 2022",
            f"{ARXIV}2106.16163",
        ),
        Term(
            "equivalent",
            "The 90 % interval lies within bounds that are fixed before the first run. By default these are 1 point "
            "for mean scores, and 0.8 to 1.25 for ratios.",
            "Schuirmann, 1987",
            f"{DOI}10.1007/BF01068419",
        ),
        Term("10 % quantile", "A tenth of the runs have a lower score."),
        Term("90 % quantile", "A tenth of the runs have a higher score."),
        Term("worst tenth", "The mean over the worst-scoring tenth of the runs (CVaR).", "Rockafellar & Uryasev, 2000"),
        Term("IQR", "Interquartile range: from the 25 % to the 75 % quantile."),
        Term("Gini's mean difference", "The mean distance between the scores of two runs."),
        Term(
            "logit std",
            "The standard deviation of log(score / (100 − score)) over the runs that did not collapse. Unlike the "
            "standard deviation of scores, it does not shrink only because the scores are near 100.",
        ),
        Term("bold", "The best mean among the means over the most finished runs and target languages."),
    )
}
"""The terms in the order of the page."""


def meanings(terms: Mapping[str, str]) -> list[str]:
    """The meanings of some terms as sentences, each once, for tables outside the page."""
    found = [TERMS[name] for name in dict.fromkeys(terms.values())]
    return [f"{term.name[0].upper()}{term.name[1:]}: {term.meaning}{_cited(term)}" for term in found]


def _cited(term: Term) -> str:
    return f" ({term.source})" if term.source else ""
