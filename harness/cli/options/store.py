"""Options on the store, and on the standard deviations and the baseline of a report."""

import argparse

STORE = "steadytune-store"


def store_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store",
        default=STORE,
        metavar="PLACE",
        help="folder or URL that keeps all trials, shared by all studies (default: %(default)s)",
    )


def ddof_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--ddof",
        type=int,
        choices=(0, 1),
        default=1,
        help="of standard deviations: 1 sample, 0 population (default: 1)",
    )


def baseline_option(command: argparse.ArgumentParser, default: str) -> None:
    command.add_argument(
        "--baseline",
        metavar="METHOD",
        help=f"label of the method that every other is compared with (default: {default})",
    )
