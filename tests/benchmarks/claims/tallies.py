"""Counts of right and wrong claims over simulated studies."""

import zlib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, fields

import numpy as np

from analysis.claims.answer import answer
from analysis.claims.claim import Claim, Quantity, Verdict
from analysis.sections import worst
from tests.benchmarks.claims.studies import Design, Study, simulate
from tests.benchmarks.claims.truths import Kind
from tests.benchmarks.claims.worlds import DIFFERENT, WORLDS

TIE = 1e-9
"""A truth this close to no difference, or to a bound, counts as equal to it."""
CHUNK = 20
"""Number of studies per process job."""


@dataclass(frozen=True)
class Tally:
    """Claims of one kind, over studies."""

    claims: int = 0
    """Number of claims with a verdict: a difference, equivalence, or neither."""
    right: int = 0
    """Number of differences in the true direction."""
    wrong: int = 0
    """Number of wrong claims: absent differences, differences of the other sign, and equivalence with the truth outside
    the bounds."""
    equivalent: int = 0
    intervals: int = 0
    held: int = 0
    """Number of intervals that hold the truth."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Tally)))

    @classmethod
    def of(cls, claim: Claim, truth: float) -> "Tally":
        """The tally of one claim, given its truth."""
        none = 1.0 if claim.quantity is Quantity.SPREAD else 0.0
        sides = {Verdict.LOWER: none - truth > TIE, Verdict.HIGHER: truth - none > TIE}
        within = claim.bounds is not None and claim.bounds[0] + TIE < truth < claim.bounds[1] - TIE
        equivalent = claim.verdict is Verdict.EQUIVALENT
        bounded = not np.isnan(claim.low)
        return cls(
            claims=claim.verdict in (*sides, Verdict.EQUIVALENT, Verdict.OPEN),
            right=sides.get(claim.verdict, False),
            wrong=not sides.get(claim.verdict, True) or (equivalent and not within),
            equivalent=equivalent,
            intervals=bounded,
            held=bounded and claim.low - TIE <= truth <= claim.high + TIE,
        )


@dataclass
class Cell:
    """Studies of one world and design."""

    studies: int = 0
    kinds: defaultdict[Kind, Tally] = field(default_factory=lambda: defaultdict(Tally))
    cautioned: int = 0
    """Number of studies with the caution that points and logits disagree."""

    def count(self, study: Study) -> None:
        """Add a study."""
        self.studies += 1
        self.cautioned += bool(worst.cautions(study.view))
        for claim in answer(study.view).claims:
            kind = claim.quantity, claim.scope
            if kind in study.truths:
                self.kinds[kind] += Tally.of(claim, study.truths[kind])

    def add(self, other: "Cell") -> None:
        """Add another cell's studies."""
        self.studies += other.studies
        self.cautioned += other.cautioned
        for kind, tally in other.kinds.items():
            self.kinds[kind] += tally


@dataclass(frozen=True)
class Job:
    """Some studies of one world and design. A study's draws depend only on world, design, seed and number."""

    world: str
    design: Design
    first: int
    last: int
    seed: int

    def run(self) -> Cell:
        """Simulate and count the studies."""
        cell, world = Cell(), (WORLDS | DIFFERENT)[self.world]
        key = [self.seed, zlib.crc32(self.world.encode()), self.design.settings, self.design.seeds]
        for study in range(self.first, self.last):
            cell.count(simulate(world, self.design, np.random.default_rng([*key, study])))
        return cell


def run(
    worlds: Iterable[str], designs: Iterable[Design], studies: int, seed: int = 0, processes: int = 1
) -> dict[tuple[str, Design], Cell]:
    """Simulate and count ``studies`` studies of every world and design."""
    designs = [*designs]
    jobs = [
        Job(world, design, first, min(first + CHUNK, studies), seed)
        for world in worlds
        for design in designs
        for first in range(0, studies, CHUNK)
    ]
    found: dict[tuple[str, Design], Cell] = defaultdict(Cell)
    with ProcessPoolExecutor(processes) if processes > 1 else nullcontext() as pool:
        cells = pool.map(Job.run, jobs) if pool is not None else map(Job.run, jobs)
        for job, cell in zip(jobs, cells, strict=True):
            found[job.world, job.design].add(cell)
    return found
