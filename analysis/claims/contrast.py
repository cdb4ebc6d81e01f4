"""The runs behind a method's claims. The planned look and the provenance restrict the comparison to these runs."""

import math
from dataclasses import dataclass

from analysis.claims.confounding import Confounding, confounding
from analysis.claims.looks import Look
from analysis.results.comparison import Comparison
from analysis.results.frame import Results


@dataclass(frozen=True)
class Contrast:
    """A method and its baseline, with the runs that claims compare."""

    comparison: Comparison
    """The comparison on the runs behind the claims."""
    look: Look | None
    """The planned look; ``None`` if the study plans none."""
    confounding: Confounding | None
    """The facts other than the method that differ; ``None`` if none differs or none is known."""
    restricted: bool
    """Whether the comparison is over only the pairs that agree in these facts."""

    @classmethod
    def of(cls, results: Results, comparison: Comparison) -> "Contrast":
        """The contrast of a comparison of two of the results' methods."""
        names = comparison.method, comparison.base
        look = Look.of(results, *names)
        confounded = confounding(results, *names) if comparison.runs or comparison.unpaired else None
        restricted = confounded is not None and confounded.restrictable and not confounded.full
        if look is not None and look.apart:
            comparison = comparison if look.last else comparison.without_runs
        elif look is not None:
            comparison = comparison.restricted_to(look.pairs)
        if confounded is not None and restricted:
            comparison = comparison.restricted_to(confounded.agreeing)
        return cls(comparison, look, confounded, restricted)

    def repeated(self, p: float) -> float:
        """A p corrected for the looks so far."""
        return p if self.look is None or math.isnan(p) else self.look.repeated_p(p)
