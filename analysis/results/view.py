"""Results from a report's viewpoint: with its ddof, its baseline, and the comparisons that several sections share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from analysis.results.comparison import Comparison
from analysis.results.frame import Results
from analysis.results.multi_bootstrap import MultiBootstrap, multi_bootstrap
from analysis.results.predictions import Predicted, Predictions
from harness.common.errors import unknown
from harness.store.store import Store
from harness.study.equivalence import EquivalenceBounds

VANILLA = "vanilla"


@dataclass(frozen=True, eq=False)
class View:
    """The input of every section."""

    results: Results
    ddof: int = 1
    """ddof of every standard deviation."""
    store: Store | None = None
    """Store of learning histories and predictions; ``None`` for results from a file."""
    against: Mapping[str, str] | None = field(default=None)
    """For each method, the method that it is compared with; ``None`` with one baseline for all."""
    left_out: tuple[str, ...] = ()
    """Languages left out of two merged results, because their test sets differ."""
    published: bool = False
    """Whether to show the paper's figures for any encoder."""
    base: str = ""
    """The baseline, if it is not the default of these results."""
    asked: bool = False
    """Whether the user named the baseline."""
    bounds: EquivalenceBounds | None = None
    """Bounds of equivalence, if they differ from the bounds of these results."""
    bounded: bool = False
    """Whether the user named the bound of the difference."""
    predicted: Predicted | None = None
    """Predictions of two merged results, used instead of ``store``; ``None`` otherwise."""

    @cached_property
    def baseline(self) -> str:
        """The method that the others are compared with: vanilla, or the study's first.

        It may have no run left once collapsed runs are removed.
        """
        return self.base or (VANILLA if VANILLA in self.results.methods else self.results.methods[0])

    @property
    def equivalence(self) -> EquivalenceBounds:
        """The bounds within which two methods count as the same."""
        return self.bounds or self.results.about.equivalence

    @property
    def same_mean(self) -> tuple[float, float] | None:
        """Bounds of the difference of two means that count as the same.

        ``None`` in a metric's own unit, unless the user or the study named the bounds.
        """
        named = self.results.measure.points or self.bounded or self.results.about.bounded
        return self.equivalence.difference if named else None

    @cached_property
    def notes(self) -> list[str]:
        """Sentences on the baseline, on missing results and on the limits of the comparisons."""
        compared = [note for comparison in self.comparisons.values() for note in comparison.notes]
        return list(dict.fromkeys([*filter(None, [self.why_baseline]), *self.results.cautions, *compared]))

    @property
    def why_baseline(self) -> str:
        """A sentence on the choice of the baseline; empty for vanilla by default, or if there is no choice."""
        if self.against is not None or len(self.results.methods) < 2:
            return ""
        if self.asked:
            return f"{self.baseline} is the baseline, as --baseline says."
        if self.baseline == VANILLA:
            return ""
        return (
            f"{self.baseline} is the baseline: the first method, as none is called {VANILLA}. --baseline names another."
        )

    @property
    def base_name(self) -> str:
        """The baseline's name in the headers of tables."""
        return self.baseline if self.against is None else "the other"

    @cached_property
    def no_baseline(self) -> str:
        """A sentence on baselines without a run left once collapsed runs are removed; else empty."""
        needed = dict.fromkeys(comparison.base for comparison in self.comparisons.values())
        lost = [method for method in needed if method not in self.results.methods]
        if not lost:
            return ""
        return f"All runs of {', '.join(lost)} collapsed: without these runs, other methods have no baseline."

    def baseline_of(self, method: str) -> str | None:
        """The method that this one is compared with; ``None`` for a baseline itself."""
        if self.against is not None:
            return self.against.get(method)
        return self.baseline if method != self.baseline else None

    @cached_property
    def comparisons(self) -> dict[str, Comparison]:
        """Every method except the baselines, compared with its baseline."""
        pairs = ((method, self.baseline_of(method)) for method in self.results.methods)
        return {method: Comparison.of(self.results, method, base) for method, base in pairs if base is not None}

    @cached_property
    def predictions(self) -> Predictions | None:
        """Counts of the stored predictions; ``None`` for results from a file."""
        place = self.predicted or self.store
        return Predictions(place, self.results) if place is not None else None

    @cached_property
    def multi_bootstraps(self) -> dict[str, MultiBootstrap]:
        """The multi-bootstrap of every comparison."""
        return {
            method: multi_bootstrap(comparison, self.predictions) for method, comparison in self.comparisons.items()
        }

    def with_baseline(self, name: str) -> "View":
        """The same view with every other method compared with this one. Raises ``UserError`` for an unknown method."""
        if name not in self.results.methods:
            raise unknown("--baseline", name, self.results.methods)
        return replace(self, base=name, against=None, asked=True)

    def with_equivalence(self, ratio: tuple[float, float] | None, points: float | None) -> "View":
        """The same view with other bounds of equivalence; ``None`` keeps a bound."""
        bounds = self.equivalence
        made = EquivalenceBounds(ratio=ratio or bounds.ratio, points=points or bounds.points)
        return replace(self, bounds=made, bounded=self.bounded or points is not None)

    def without_reruns(self) -> "View":
        """The same view of only the first run of each method, setting and seed."""
        return self._first_runs

    @cached_property
    def _first_runs(self) -> "View":
        """The view is made once, because a view caches its own computations."""
        results = self.results.without_reruns()
        return self if results is self.results else replace(self, results=results)

    def without_collapsed(self) -> "View":
        """The same view without the collapsed runs, with the same baseline even if no run of it is left."""
        return replace(self, results=self.results.without_collapsed(), base=self.baseline)
