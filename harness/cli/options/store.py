"""Options for the store, and for a report's results, standard deviations, baseline and equivalence."""

import argparse

from harness.common.errors import UserError
from harness.study.equivalence import DEFAULT, EquivalenceBounds

STORE = "steadytune-store"


def store_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store",
        default=STORE,
        metavar="PLACE",
        help="folder or URL of the store, which keeps the trials of all studies (default: %(default)s)",
    )


def ddof_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--ddof",
        type=int,
        choices=(0, 1),
        default=1,
        help="kind of standard deviations: 1 for a sample, 0 for a population (default: 1)",
    )


def baseline_option(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--baseline",
        metavar="METHOD",
        help=f"label of the method that all others are compared with (default: {default})",
    )


def map_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="column of a field in another program's results: method=config.method, seed=config.seed, "
        "score.de=test/de_f1, 'score.*=test/*_f1', or 'folder={method}-{seed}'. May be repeated",
    )


def equivalence_options(command: argparse.ArgumentParser) -> None:
    """Add the options for the bounds of equivalence, which override the study's."""
    low, high = DEFAULT.ratio
    command.add_argument(
        "--equivalent-ratio",
        type=_ratio,
        metavar="LOW:HIGH",
        help=f"ratios of standard deviations that count as the same (default: the study's, else {low:g}:{high:g})",
    )
    command.add_argument(
        "--equivalent-points",
        type=_points,
        metavar="POINTS",
        help=f"largest difference of mean scores that counts as equal (default: the study's, else {DEFAULT.points:g} "
        "point)",
    )


def _ratio(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return EquivalenceBounds(ratio=(float(low), float(high))).ratio
    except (ValueError, UserError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed; give two ratios, one below 1 and one above, such as 0.8:1.25"
        ) from None


def _points(text: str) -> float:
    try:
        return EquivalenceBounds(points=float(text)).points
    except (ValueError, UserError):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a number of points above 0") from None
