"""``doctor``: checks of this machine, and the way to mend each problem."""

import argparse

from harness.cli.commands import exit_codes
from harness.cli.options.store import store_option
from harness.common.console import filled


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "doctor",
        help="check this machine, and state how to mend each problem",
        description="Check versions, GPU, bf16, Ray, shared memory, threads, ports, the store's disk and locks, and "
        "the Hugging Face hub. The command takes seconds, runs no trial and leaves no files behind.",
        epilog="Exit codes: 0 = studies can run. 1 = something will fail.",
    )
    store_option(command)
    command.add_argument("--local", action="store_true", help="do not check Ray, for runs with --local")
    command.set_defaults(command=doctor)


def doctor(options: argparse.Namespace) -> int:
    from harness.checks.doctor import FAILS, findings

    failing = False
    for one in findings(options.store, ray=not options.local):
        failing |= one.status == FAILS
        print(*filled(f"{one.status:<6} {one.name}: {one.found}", "       "), sep="\n", flush=True)
        if one.advice:
            print(*filled(f"       -> {one.advice}", "          "), sep="\n", flush=True)
    print("\nSomething will fail: see the lines with FAILS." if failing else "\nStudies can run on this machine.")
    return exit_codes.FAILED_TRIALS if failing else exit_codes.OK
