"""Error rates and power of the claims in ``answer.json``.

    python -m tests.benchmarks.claims [--studies 200] [--designs 4×2 5×1 5×3 10×2 20×3] [--worlds normal t5 ...]
        [--seed 0] [--processes 2]

Studies of vanilla and l2 are simulated in 14 languages with a correlation of 0.8. They pass through the code that
writes ``answer.json``. Runs have noise with a standard deviation of 2 points; both methods share 0.3 of its variance.
Settings have effects of the same size, shared by both methods. In ``method × setting`` and ``method × seed`` each
method also has its own effects of that size. A collapsed run is 50 points lower on the source and all targets.
In ``ceiling``, at 95 and 85 %, standard deviations are equal in logits, but not in points.

A claim is wrong if it finds an absent difference, or a difference of the other sign. It is also wrong if it finds
equivalence and the truth is on or outside the bounds. The truth depends on the scope: see ``truths``. A study's draws
depend only on the seed, its world, its design and its number. So counts do not depend on the number of processes.
"""

import argparse
import re
import time

from tests.benchmarks.claims.studies import Design
from tests.benchmarks.claims.tables import SIZE, beyond, cautions, equivalences, error, every, pooled, power
from tests.benchmarks.claims.tallies import run
from tests.benchmarks.claims.worlds import DIFFERENT, WORLDS

DESIGNS = tuple(Design(*sizes) for sizes in ((4, 2), (5, 1), (5, 3), (10, 2), (20, 3)))


def design(text: str) -> Design:
    """Parse ``4×2`` or ``4x2``: settings and seeds."""
    found = re.fullmatch(r"(\d+)[×x](\d+)", text)
    if found is None or not int(found[1]) or not int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not settings × seeds, such as 4×2")
    return Design(int(found[1]), int(found[2]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--designs", type=design, nargs="+", default=DESIGNS)
    parser.add_argument("--worlds", nargs="+", choices=[*WORLDS, *DIFFERENT], default=[*WORLDS, *DIFFERENT])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    start = time.perf_counter()
    given.worlds, given.designs = ([*dict.fromkeys(of)] for of in (given.worlds, given.designs))  # each counted once
    cells = run(given.worlds, given.designs, given.studies, given.seed, given.processes)
    equal, different = ([world for world in given.worlds if world in of] for of in (WORLDS, DIFFERENT))
    print(f"{given.studies} studies a cell: 2 s.e. of a share of {SIZE:g} are {error(SIZE, given.studies):.3f}")
    parts = [every(cells, given.worlds, given.designs), cautions(cells, given.worlds, given.designs)]
    if equal:
        parts += [pooled(cells, equal, given.designs), equivalences(cells, equal, given.designs)]
    parts += [power(cells, different, given.designs)] * bool(different)
    for part in [*parts, beyond(cells, given.worlds, given.designs)]:
        print(f"\n{part}", flush=True)
    print(f"({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
