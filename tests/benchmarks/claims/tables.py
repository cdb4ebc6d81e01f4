"""Tables of the counts."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from tabulate import tabulate

from analysis.claims.claim import Quantity, Scope
from tests.benchmarks.claims.studies import Design
from tests.benchmarks.claims.tallies import Cell, Tally
from tests.benchmarks.claims.truths import Kind

Cells = Mapping[tuple[str, Design], Cell]

SIZE, COVERAGE = 0.06, 0.93
"""Largest accepted share of wrong claims, and smallest accepted coverage of intervals."""
KINDS: tuple[Kind, ...] = (
    (Quantity.COLLAPSE, Scope.THESE),
    (Quantity.COLLAPSE, Scope.SETTINGS),
    (Quantity.SPREAD, Scope.THESE),
    (Quantity.SPREAD, Scope.SEEDS),
    (Quantity.SPREAD, Scope.SETTINGS),
    (Quantity.MEAN, Scope.SEEDS),
    (Quantity.MEAN, Scope.SETTINGS),
    (Quantity.SENSITIVITY, Scope.SETTINGS),
    (Quantity.SPREAD_SENSITIVITY, Scope.SETTINGS),
)
NONE = "–"


def error(share: float, count: int) -> float:
    """Two standard errors of a share of ``count`` cases."""
    return 2 * math.sqrt(share * (1 - share) / count) if count else math.inf


def named(kind: Kind) -> str:
    """A kind of claim in words."""
    return f"{kind[0]}, {kind[1]}"


def every(cells: Cells, worlds: Sequence[str], designs: Sequence[Design]) -> str:
    """One table per kind: share wrong, coverage of intervals, and share of studies with a verdict."""

    def cell(world: str, design: Design, kind: Kind) -> str:
        found = cells[world, design]
        tally = found.kinds[kind]
        claimed = _share(tally.claims, found.studies)
        return f"{_share(tally.wrong, tally.claims)} {_share(tally.held, tally.intervals)} {claimed}"

    heads = "wrong among claims, held among intervals, claims among studies"
    return "\n\n".join(
        _table(f"{named(kind)} ({heads})", worlds, designs, lambda world, design, k=kind: cell(world, design, k))
        for kind in KINDS
    )


def pooled(cells: Cells, worlds: Sequence[str], designs: Sequence[Design]) -> str:
    """One row per kind: the share wrong over all worlds with two standard errors, the worst world's share wrong, and
    the share held."""
    rows = []
    for kind in KINDS:
        row = [named(kind)]
        for design in designs:
            tallies = [cells[world, design].kinds[kind] for world in worlds]
            total = sum(tallies, Tally())
            shares = [tally.wrong / tally.claims for tally in tallies if tally.claims]
            most = f"{max(shares):.3f}" if shares else NONE
            row.append(f"{_with_error(total.wrong, total.claims)} ({most}), {_share(total.held, total.intervals)}")
        rows.append(row)
    head = "wrong ± 2 s.e. (worst world), held"
    return tabulate(rows, [head, *map(str, designs)])


def equivalences(cells: Cells, worlds: Sequence[str], designs: Sequence[Design]) -> str:
    """The share of claims of equivalence among claims over all worlds, one row per kind that can be equivalent."""
    rows = []
    for kind in KINDS:
        if kind[0] in (Quantity.SPREAD, Quantity.MEAN):
            totals = [sum((cells[world, design].kinds[kind] for world in worlds), Tally()) for design in designs]
            rows.append([named(kind), *(_share(total.equivalent, total.claims) for total in totals)])
    return tabulate(rows, ["equivalent among claims", *map(str, designs)], disable_numparse=True)


def beyond(cells: Cells, worlds: Iterable[str], designs: Sequence[Design]) -> str:
    """The cells beyond the bounds: wrong claims by more than two standard errors, intervals by any amount."""
    rows = []
    for world in worlds:
        for design in designs:
            for kind, tally in cells[world, design].kinds.items():
                wrong, held = (
                    part / whole if whole else math.nan
                    for part, whole in ((tally.wrong, tally.claims), (tally.held, tally.intervals))
                )
                many, few = wrong > SIZE + error(SIZE, tally.claims), held < COVERAGE
                sure = held < COVERAGE - error(COVERAGE, tally.intervals)
                if many or few:
                    told = [f"{tally.wrong} of {tally.claims} wrong"] * many
                    told += [f"{tally.held} of {tally.intervals} held{', by 2 s.e.' if sure else ''}"] * few
                    rows.append([named(kind), world, str(design), "; ".join(told)])
    rows.sort()
    return tabulate(rows, ["beyond the bounds", "world", "design", ""]) if rows else "Nothing is beyond the bounds."


def cautions(cells: Cells, worlds: Sequence[str], designs: Sequence[Design]) -> str:
    """The share of reports with a caution that points and logits disagree."""

    def cell(world: str, design: Design) -> str:
        return _share(cells[world, design].cautioned, cells[world, design].studies)

    return _table("told that points and logits disagree", worlds, designs, cell)


def power(cells: Cells, worlds: Sequence[str], designs: Sequence[Design]) -> str:
    """The shares of studies with a right finding, one row per world and kind that differs in it."""
    rows = []
    for world in worlds:
        for kind in KINDS:
            found = [cells[world, design].kinds[kind] for design in designs]
            if kind[0] is _quantity(world) and any(tally.claims for tally in found):
                shares = [
                    _share(tally.right, cells[world, design].studies)
                    for tally, design in zip(found, designs, strict=True)
                ]
                rows.append([world, named(kind), *shares])
    return tabulate(rows, ["power: right findings among studies", "", *map(str, designs)])


def _quantity(world: str) -> Quantity:
    """The quantity that differs in a world with a difference."""
    if "collapse" in world:
        return Quantity.COLLAPSE
    return Quantity.MEAN if "point" in world else Quantity.SPREAD


def _table(head: str, worlds: Sequence[str], designs: Sequence[Design], cell: Callable[[str, Design], str]) -> str:
    rows = [[world, *(cell(world, design) for design in designs)] for world in worlds]
    return tabulate(rows, [head, *map(str, designs)], disable_numparse=True)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else NONE


def _with_error(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ± {error(part / whole, whole):.3f}" if whole else NONE
